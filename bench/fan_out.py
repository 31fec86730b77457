"""50 agents at once and one that takes their answers, 500 ms each."""

from __future__ import annotations

from statistics import median

from bench import teams
from bench.report import Figure
from bench.world import World

TITLE = "Fan-out of 50 at 500 ms"
ABOUT = (
    "One run: 50 agents at once, a join, and one agent that takes all their answers. Each call takes 500 ms, "
    "so one second is the ideal. Median."
)
WIDTH, IDEAL_S = 50, 1.0


def measure(world: World, rounds: int) -> list[Figure]:
    team = teams.fan_out(world.actor, WIDTH, world.url("latency=500"))
    world.finished(team)
    world.finished(team)
    wall = median(world.timed([world.start(team)]) for _ in range(max(rounds, 3)))
    return [Figure("wall over the ideal of 1 s", wall / IDEAL_S, "×", 1.08)]
