"""What 10,000 runs cost that wait for a person: nothing but rows."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import connection

from agents.models import Team
from bench import teams
from bench.report import Figure
from bench.stack import LAG_S
from bench.world import PATIENCE_S, World
from runs.models import Run

TITLE = "10,000 parked runs"
ABOUT = (
    "10,000 runs wait for an approval that is due in ten days. Before and after: resident memory of the web "
    "server, the sweeper and the workers, and the processor time that these and PostgreSQL use in "
    "15 idle seconds."
)
RUNS, WARM, BATCH = 10_000, 500, 500
IDLE_S = 15
SIZE = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'runs_%'"
MORE_MEMORY_MB, MORE_CPU = 10, 0.5  # of one process; percent of one core, all together


@dataclass
class Idle:
    cpu: float  # percent of one core
    memory: dict[str, float]  # resident megabytes


def measure(world: World, rounds: int) -> list[Figure]:
    world.stack.start_sweeper()
    world.stack.start_web()
    team = teams.gate(world.actor, world.url())
    _park(world, team, WARM)
    before, size = _idle(world), _bytes()
    _park(world, team, RUNS - WARM)
    after = _idle(world)
    grown = {name: after.memory[name] - before.memory[name] for name in before.memory}
    worst = max(grown, key=lambda name: grown[name])
    return [
        Figure("runs that wait", _waiting(team), "", RUNS, "high"),
        Figure("most memory one process gained", grown[worst], "MB", MORE_MEMORY_MB, note=worst),
        Figure(f"idle CPU with {WARM} of them", before.cpu, "% of a core"),
        Figure("idle CPU with all of them", after.cpu, "% of a core"),
        Figure("idle CPU they add", after.cpu - before.cpu, "% of a core", MORE_CPU),
        Figure("rows and indexes a run", (_bytes() - size) / (RUNS - WARM) / 1e3, "kB"),
    ]


def _park(world: World, team: Team, count: int) -> None:
    """So many more runs, taken to their gate."""
    for first in range(0, count, BATCH):
        wanted = _waiting(team) + min(BATCH, count - first)
        world.offer([world.start(team) for _ in range(min(BATCH, count - first))])
        deadline = time.monotonic() + PATIENCE_S
        while _waiting(team) < wanted:
            if time.monotonic() > deadline:
                raise SystemExit(f"Of {wanted} runs only {_waiting(team)} wait for their approval.")
            time.sleep(LAG_S)


def _waiting(team: Team) -> int:
    return Run.objects.filter(
        team_version__team=team, status="waiting", runnable=False, lease_until=None
    ).count()


def _idle(world: World) -> Idle:
    """Tidy up first, so that PostgreSQL's own housekeeping falls outside."""
    stack = world.stack
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    time.sleep(2)
    own = ["web", "sweeper", *stack.workers]
    used, began = stack.precise_cpu_s(*own, "postgres"), time.monotonic()
    time.sleep(IDLE_S)
    cpu = (stack.precise_cpu_s(*own, "postgres") - used) / (time.monotonic() - began) * 100
    return Idle(cpu, {name: stack.memory_mb(name) for name in own})


def _bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute(SIZE)
        return int(cursor.fetchone()[0])
