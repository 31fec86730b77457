"""Ten agents in sequence at 0 ms: what a step costs beyond its model call."""

from __future__ import annotations

from statistics import median

from bench import teams
from bench.peer import Peer
from bench.report import Figure
from bench.world import World

TITLE = "Ten in sequence at 0 ms"
ABOUT = (
    "One run of ten agents, one after another, on an endpoint that answers at once: wall time from the "
    "message to the commit of the end, against the same ten calls made bare with the `openai` client, and "
    "against LangGraph with its PostgreSQL checkpointer. The three take turns; medians."
)
STEPS = 10


def measure(world: World, rounds: int) -> list[Figure]:
    team = teams.pipeline(world.actor, STEPS, world.url())
    requests = teams.requests_of(world.finished(team))
    ours, bare, peers, flush = [], [], [], []
    with Peer(world, world.url(), requests, processes=1) as peer:
        peer.run(2)
        for _ in range(2 * rounds):
            flush.append(world.flush_s())
            ours.append(world.timed([world.start(team)]))
            bare.append(world.bare(world.url(), 1, requests)["wall_s"])
            peers.append(peer.run(1)["wall_s"])
    return _figures(*(median(values) for values in (ours, bare, peers, flush)))


def _figures(wall: float, base: float, peer: float, disk: float) -> list[Figure]:
    extra, theirs = (wall - base) / STEPS * 1e3, (peer - base) / STEPS * 1e3
    return [
        Figure("wall", wall * 1e3, "ms"),
        Figure("the same ten calls bare", base * 1e3, "ms"),
        Figure("LangGraph", peer * 1e3, "ms"),
        Figure("one disk flush", disk * 1e3, "ms"),
        Figure("wall less one flush a step, over bare", (wall - STEPS * disk) / base, "×", 2.5),
        Figure("overhead a step", extra, "ms"),
        Figure("LangGraph's overhead a step", theirs, "ms"),
        Figure("our overhead over LangGraph's", extra / theirs, "×", 0.7),
    ]
