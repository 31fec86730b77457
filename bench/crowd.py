"""200 runs × 5 steps × 200 ms at once: throughput, processor time and memory."""

from __future__ import annotations

from statistics import median

from bench import teams
from bench.peer import Peer
from bench.report import Figure
from bench.stack import WORKERS
from bench.world import World

TITLE = f"200 runs × 5 steps × 200 ms, {WORKERS} workers"
ABOUT = (
    "200 runs of five agents each, started at once; each call takes 200 ms, so one second is the ideal. The "
    f"{WORKERS} workers against 200 coroutines of bare calls in one process, and against LangGraph in "
    f"{WORKERS} processes, all streaming the same answers from the same endpoint, in turns; medians."
)
RUNS, STEPS, IDEAL_S = 200, 5, 1.0
PROFILE = "latency=200"


def measure(world: World, rounds: int) -> list[Figure]:
    url = world.url(PROFILE)
    team = teams.pipeline(world.actor, STEPS, url)
    requests = teams.requests_of(world.finished(team))
    world.timed([world.start(team) for _ in range(20)])  # all workers have met the endpoint
    walls, ours, bare, peers, theirs = [], [], [], [], []
    with Peer(world, url, requests) as peer:
        peer.run(20)
        for _ in range(max(rounds, 3)):
            runs = [world.start(team) for _ in range(RUNS)]
            before = world.stack.cpu_s(*world.stack.workers)
            walls.append(world.timed(runs))
            ours.append((world.stack.cpu_s(*world.stack.workers) - before) / RUNS * 1e3)
            bare.append(world.bare(url, RUNS, requests)["cpu_s"] / RUNS * 1e3)
            found = peer.run(RUNS)
            peers.append(found["wall_s"])
            theirs.append(found["cpu_s"] / RUNS * 1e3)
    wall, cpu, base, peer_wall, peer_cpu = map(median, (walls, ours, bare, peers, theirs))
    largest = max(map(world.stack.memory_mb, world.stack.workers))
    return [
        Figure("runs a second", RUNS / wall, "/s", 100, "high"),
        Figure("wall over the ideal of 1 s", wall / IDEAL_S, "×", 2),
        Figure("LangGraph's runs a second", RUNS / peer_wall, "/s"),
        Figure("our runs a second over LangGraph's", peer_wall / wall, "×", 1.8, "high"),
        Figure("worker CPU a run", cpu, "ms"),
        Figure("five bare calls, CPU", base, "ms"),
        Figure("worker CPU over bare", cpu / base, "×", 1.25),
        Figure("LangGraph's CPU a run", peer_cpu, "ms"),
        Figure("worker CPU over LangGraph's", cpu / peer_cpu, "×", 0.5),
        Figure("largest worker", largest, "MB", 180),
    ]
