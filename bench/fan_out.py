"""50 agents at once and one that takes their answers, 500 ms each."""

from __future__ import annotations

from statistics import median

from bench import teams
from bench.report import Figure
from bench.world import World

TITLE = "Fan-out of 50 at 500 ms"
ABOUT = (
    "One run: 50 agents at once, a join, and one agent that takes all their answers. Each call takes 500 ms, "
    "so one second is the ideal; beside it the same calls made bare. Medians."
)
WIDTH, IDEAL_S = 50, 1.0


def measure(world: World, rounds: int) -> list[Figure]:
    url = world.url("latency=500")
    team = teams.fan_out(world.actor, WIDTH, url)
    world.finished(team)
    requests = teams.requests_of(world.finished(team))
    ours, bare = [], []
    for _ in range(max(rounds, 3)):
        ours.append(world.timed([world.start(team)]))
        first, last = (
            world.bare(url, count, asked) for count, asked in ((WIDTH, requests[:1]), (1, requests[-1:]))
        )
        bare.append(first["wall_s"] + last["wall_s"])
    return [
        Figure("wall over the ideal of 1 s", median(ours) / IDEAL_S, "×", 1.08),
        Figure("the same calls bare, over it", median(bare) / IDEAL_S, "×"),
    ]
