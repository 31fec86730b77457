"""Recovery after `kill -9`: how soon a dead worker's runs go on, and that no finished call is made again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings

from agents.models import Team
from bench import teams
from bench.peer import Peer
from bench.report import Figure
from bench.stack import LAG_S
from bench.world import World
from runs.engine.events import ModelCallCompleted, decode
from runs.engine.keys import idempotency_key
from runs.models import Event, Run

TITLE = "Recovery after kill -9"
ABOUT = (
    "20 runs of eight steps of 250 ms on two workers with the default settings. Mid-way one worker gets "
    "SIGKILL, which the sweeper on its machine notices; in a second round it is frozen with SIGSTOP instead, "
    "so that nobody can tell it from a slow one and only its lease says that it is gone, as it would from "
    "another machine. Times are from the signal to what its runs record next. The endpoint's own ledger "
    "tells whether a call that was finished by then was made again. LangGraph's process is killed at the "
    "same point, started again at once, and told to resume."
)
RUNS, STEPS = 20, 8
SLACK_S = 0.5  # from the sweeper's offer to the commit of the next event
PROFILE = "latency=250,name={}"
Finished = tuple[UUID, str, int]  # run, call, attempt


def measure(world: World, rounds: int) -> list[Figure]:
    world.stack.start_sweeper()
    killed = _interrupted(world, "killed", _kill)
    world.stack.start_worker(1)
    frozen = _interrupted(world, "frozen", _freeze)
    world.stack.thaw("worker 1")
    theirs = _langgraph(world, killed.requests, max(len(killed.runs), 1))
    limit = settings.LEASE_SECONDS + settings.SWEEP_SECONDS + SLACK_S
    return [
        Figure("runs the killed worker had", len(killed.runs), "", 1, "high"),
        Figure("SIGKILL to the next event, slowest run", max(killed.next_event_s), "s", limit),
        Figure("SIGSTOP to the next event, slowest run", max(frozen.next_event_s), "s", limit),
        Figure("finished calls made again", killed.repeated + frozen.repeated, "", 0),
        Figure("SIGKILL to the next finished step", median(killed.next_step_s), "s"),
        Figure("LangGraph, restarted at once, to the same", theirs, "s"),
        Figure("ours over LangGraph's", median(killed.next_step_s) / theirs, "×", 1),
    ]


def _kill(world: World) -> float:
    return world.stack.kill("worker 1")


def _freeze(world: World) -> float:
    return world.stack.freeze("worker 1")


# ── ours ────────────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Interrupted:
    """What happened to the runs of the worker that was hit."""

    runs: dict[UUID, int]  # with their seq at that moment
    repeated: int
    requests: list[teams.Json]
    next_event_s: list[float] = field(default_factory=list)
    next_step_s: list[float] = field(default_factory=list)


def _interrupted(world: World, name: str, hit: Callable[[World], float]) -> Interrupted:
    profile = PROFILE.format(name)
    team = teams.pipeline(world.actor, STEPS, world.url(profile))
    requests = teams.requests_of(world.finished(team))
    runs = _under_way(world, team)
    mark = f":{world.stack.processes['worker 1'].pid}:"
    at = hit(world)
    mine = dict(
        Run.objects.filter(pk__in=[run.pk for run in runs], owner__contains=mark).values_list("pk", "seq")
    )
    if not mine:
        raise SystemExit("The worker had no run when it was hit; nothing was measured.")
    finished = _finished(run.pk for run in runs)
    world.await_end(runs)
    found = Interrupted(mine, _repeated(world.ledger(profile), finished), requests)
    for run, seq in mine.items():
        later = Event.objects.filter(run=run, seq__gt=seq).order_by("seq")
        found.next_event_s.append(_moment(later) - at)
        found.next_step_s.append(_moment(later.filter(type="ModelCallCompleted")) - at)
    return found


def _moment(events: Any) -> float:
    return float(events.values_list("at", flat=True)[0].timestamp())


def _under_way(world: World, team: Team) -> list[Run]:
    """Runs in the middle of their work; each has an input of its own, so that no two ask the same."""
    runs = [world.start(team, f"the price of tea, part {number}") for number in range(RUNS)]
    world.offer(runs)
    ids = [run.pk for run in runs]
    done = Event.objects.filter(run__in=ids, type="ModelCallCompleted")
    deadline = time.monotonic() + 60
    while done.count() < 2 * RUNS:
        if time.monotonic() > deadline:
            raise SystemExit("The runs did not get under way within a minute.")
        time.sleep(LAG_S)
    return runs


def _finished(runs: Iterable[UUID]) -> set[Finished]:
    """The model calls whose results stand in the log."""
    rows = Event.objects.filter(run__in=list(runs), type="ModelCallCompleted").values_list("run_id", "body")
    calls = ((run, decode(body)) for run, body in rows)
    return {(run, call.call, call.attempt) for run, call in calls if isinstance(call, ModelCallCompleted)}


def _repeated(ledger: dict[str, Any], finished: set[Finished]) -> int:
    """How often the endpoint was asked again for what it had finished: with the same key, or a later one."""
    asked = Counter[str]()
    for entry in ledger["entries"]:
        asked.update(entry["idempotency_keys"])
    again = 0
    for run, call, attempt in finished:
        times = [asked[idempotency_key(run, call, number)] for number in range(attempt, attempt + 5)]
        if not times[0]:
            raise SystemExit("The endpoint's ledger lacks a call that our log has.")
        again += sum(times) - 1
    return again


# ── theirs ──────────────────────────────────────────────────────────────────────────────────────────
STEPS_DONE = """
SELECT thread_id, max((metadata->>'step')::int) FROM checkpoints WHERE thread_id = ANY(%s) GROUP BY 1
"""
NEXT = """
SELECT extract(epoch FROM min((checkpoint->>'ts')::timestamptz)) FROM checkpoints
WHERE thread_id = %s AND (metadata->>'step')::int > %s
"""


def _langgraph(world: World, requests: list[teams.Json], count: int) -> float:
    """Median seconds from SIGKILL to the next checkpoint of a run, with a restart at once."""
    url = world.url(PROFILE.format("peer"))
    with (
        Peer(world, url, requests, processes=1) as peer,
        psycopg.connect(peer.dsn, autocommit=True) as database,
    ):
        threads = peer.new_threads(count)
        peer.order(peer.processes[0], threads)
        reached: dict[str, int] = {}
        while len(reached) < count or min(reached.values()) < 2:
            time.sleep(LAG_S)
            reached = dict(database.execute(STEPS_DONE, (threads,)).fetchall())
        peer.processes[0].kill()
        at = time.time()
        peer.processes[0].wait()
        with Peer(world, url, requests, processes=1) as again:
            reached = dict(database.execute(STEPS_DONE, (threads,)).fetchall())
            again.order(again.processes[0], threads, resume=True)
            again.answer(again.processes[0])
        nexts = [database.execute(NEXT, (thread, step)).fetchone() for thread, step in reached.items()]
        return median(float(row[0]) - at for row in nexts if row and row[0] is not None)
