"""How much the engine adds to bare model calls, everything durable and through the real stack.

    python -m bench.engine [--json] [--rounds N]

(a) ten agents in sequence at 0 ms, against the same ten calls made bare with the `openai` client;
(b) 200 runs of five steps of 200 ms at once on two workers. The clock runs from the first Celery message
to the commit of the last run's completion.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.stack import LAG_S, ROOT, Stack

STACK = Stack()

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import Max  # noqa: E402

from bench.report import Figure, show  # noqa: E402
from bench.teams import pipeline, requests_of  # noqa: E402
from runs.actions import appending, start_run  # noqa: E402
from runs.models import Run  # noqa: E402
from runs.tasks import advance  # noqa: E402
from studio.workspaces.access import Member  # noqa: E402

DEEP, MANY, STEPS = 10, 200, 5
LATENCY_MS = 200


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    _create_database()
    call_command("migrate", verbosity=0)
    STACK.start_workers(2)
    actor = _actor()
    figures = [*sequence(actor, chosen.rounds), *crowd(actor, max(chosen.rounds // 2, 2))]
    return show(figures, as_json=chosen.json)


def sequence(actor: Member, rounds: int) -> list[Figure]:
    """Ten in a row, our wall time and the bare client's, alternating."""
    url = f"{STACK.rehearsal}/v1"
    team = pipeline(actor, DEEP, url, "deep")
    requests = requests_of(_finish([_start(actor, team)])[0])
    ours, bare, flush = [], [], []
    for _ in range(rounds):
        flush.append(flush_s())
        ours.append(_timed([_start(actor, team)]))
        bare.append(_bare(url, 1, requests)["wall_s"])
    wall, base, disk = (statistics.median(values) for values in (ours, bare, flush))
    return [
        Figure("(a) ten in sequence at 0 ms: wall", wall * 1e3, "ms"),
        Figure("    the same ten calls bare", base * 1e3, "ms"),
        Figure("    one disk flush", disk * 1e3, "ms"),
        Figure(
            "    wall, less one flush a step, over bare",
            (wall - DEEP * disk) / base,
            "×",
            2.5,
            note=f"overhead {(wall - base) / DEEP * 1e3:.2f} ms a step",
        ),
    ]


def crowd(actor: Member, rounds: int) -> list[Figure]:
    """200 × 5 × 200 ms on two workers."""
    url = f"{STACK.rehearsal}/p/latency={LATENCY_MS}/v1"
    team = pipeline(actor, STEPS, url, "wide")
    requests = requests_of(_finish([_start(actor, team)])[0])
    _timed([_start(actor, team) for _ in range(20)])  # both workers have met the endpoint
    rates, ours, bare = [], [], []
    for _ in range(rounds):
        runs = [_start(actor, team) for _ in range(MANY)]
        before = STACK.worker_cpu_s()
        rates.append(MANY / _timed(runs))
        ours.append((STACK.worker_cpu_s() - before) / MANY)
        bare.append(_bare(url, MANY, requests)["cpu_s"] / MANY)
    cpu, base = statistics.median(ours), statistics.median(bare)
    return [
        Figure("(b) 200 runs × 5 steps × 200 ms, 2 workers", statistics.median(rates), "runs/s", 100, "high"),
        Figure("    wall over the ideal of 1 s", MANY / statistics.median(rates), "×", 2),
        Figure("    worker CPU a run", cpu * 1e3, "ms"),
        Figure("    five bare calls, CPU", base * 1e3, "ms"),
        Figure("    worker CPU over bare", cpu / base, "×", 1.25),
        Figure("    largest worker", max(STACK.worker_memory()), "MB", 180),
    ]


# ── measuring ───────────────────────────────────────────────────────────────────────────────────────
def _start(actor: Member, team: Any) -> Run:
    """A run that exists but that no worker has been told of."""
    return start_run(actor=actor, team=team, value={"topic": "the price of tea"})


def _timed(runs: list[Run]) -> float:
    """Seconds from the first message to the commit of the last completion, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        began = cursor.fetchone()[0]
    for run in runs:
        advance.delay(str(run.pk))
    _finish(runs)
    ended = Run.objects.filter(pk__in=[run.pk for run in runs]).aggregate(at=Max("ended_at"))["at"]
    return float((ended - began) / timedelta(seconds=1))


def _finish(runs: list[Run]) -> list[Run]:
    ids = [run.pk for run in runs]
    if len(runs) == 1:
        advance.delay(str(ids[0]))
    deadline = time.monotonic() + 120
    while left := Run.objects.filter(pk__in=ids, ended_at=None).count():
        if time.monotonic() > deadline:
            raise SystemExit(f"{left} of {len(ids)} runs did not end.")
        time.sleep(LAG_S)
    bad = Run.objects.filter(pk__in=ids).exclude(status="done").first()
    if bad:
        raise SystemExit(f"A run ended as {bad.status}: {bad.error}")
    return list(Run.objects.filter(pk__in=ids))


def _bare(url: str, runs: int, requests: list[dict[str, Any]]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.bare", url, str(runs)],
        cwd=ROOT,
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def flush_s(times: int = 30) -> float:
    """Seconds of one small durable commit on this PostgreSQL."""
    taken = []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_flush (n int)")
        for number in range(times):
            began = time.perf_counter()
            with transaction.atomic():
                cursor.execute("INSERT INTO bench_flush VALUES (%s)", [number])
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _create_database() -> None:
    import psycopg

    with psycopg.connect(STACK.postgres.url("postgres"), autocommit=True) as admin:
        if admin.execute("SHOW fsync").fetchone() != ("on",):
            raise SystemExit("PostgreSQL runs without fsync: these figures would mean nothing.")
        admin.execute("CREATE DATABASE troupe")


def _actor() -> Member:
    from bench.teams import owner

    appending.offer = lambda run: None  # type: ignore[assignment]  # the clock starts with our own message
    return owner()


if __name__ == "__main__":
    sys.exit(main())
