"""Runs of sub-teams: created, told of and stopped, each in a transaction of its own that may be repeated.

A transaction locks one run's row. Workers call `care` right after a commit that concerns a child; the sweeper
calls it for all, so that a lost call costs seconds.
"""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import connection, transaction

from agents.models import TeamVersion
from runs.actions.appending import append, lock
from runs.actions.start import create_child
from runs.engine import events as ev
from runs.engine.child_events import CHILD_ENDED
from runs.engine.decide import PAUSED
from runs.engine.fold import replay
from runs.models import ChildRun, LogEvent, Run

log = logging.getLogger(__name__)

TO_START = """
SELECT c.run_id, c.path FROM runs_childrun c
WHERE c.status = 'wanted' AND NOT EXISTS (SELECT 1 FROM runs_run r WHERE r.id = c.child) {only}
"""
TO_TELL = """
SELECT c.run_id, c.path FROM runs_childrun c
JOIN runs_run r ON r.id = c.child JOIN runs_run p ON p.id = c.run_id
WHERE c.status <> 'ended' AND r.ended_at IS NOT NULL AND p.ended_at IS NULL {only}
"""
TO_STOP = """
SELECT c.run_id, c.path FROM runs_childrun c JOIN runs_run r ON r.id = c.child
WHERE c.status = 'unwanted' AND r.ended_at IS NULL {only}
"""
PARENT = "its parent run"  # who paused it, then
TO_PAUSE = """
SELECT c.run_id, c.path FROM runs_childrun c JOIN runs_run r ON r.id = c.child
WHERE c.status = 'paused' AND r.ended_at IS NULL AND NOT starts_with(r.activity, %(paused)s) {only}
"""
TO_RESUME = """
SELECT c.run_id, c.path FROM runs_childrun c JOIN runs_run r ON r.id = c.child
WHERE c.status = 'wanted' AND r.ended_at IS NULL AND starts_with(r.activity, %(paused)s || %(parent)s) {only}
"""


def care(run: UUID | None = None) -> None:
    """Everything that children of any run, or children and parent of one run, still need."""
    for sql, act in CARES:
        for parent, path in _found(sql, run):
            try:
                act(ChildRun.objects.get(run_id=parent, path=path))
            except (Run.DoesNotExist, TeamVersion.DoesNotExist, LookupError, ValueError) as error:
                log.warning("The sub-team's run at %s of %s cannot be cared for: %s", path, parent, error)


def _found(sql: str, run: UUID | None) -> list[tuple[UUID, str]]:
    only = "AND (c.run_id = %(run)s OR c.child = %(run)s)" if run else ""
    with connection.cursor() as cursor:
        cursor.execute(sql.format(only=only), {"run": run, "paused": PAUSED, "parent": PARENT})
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _start(row: ChildRun) -> None:
    """Create the run that the parent's log speaks of, unless somebody has meanwhile."""
    told = LogEvent.objects.filter(run_id=row.run_id, path=row.path, type="ChildRunStarted").order_by("-seq")
    started = ev.decode(told.values_list("body", flat=True)[0])
    assert isinstance(started, ev.ChildRunStarted)
    create_child(parent=Run.objects.get(pk=row.run_id), path=row.path, started=started)


def _tell(row: ChildRun) -> None:
    """Append the child's end to the parent's log, once."""
    child = Run.objects.get(pk=row.child)
    log = LogEvent.objects.filter(run_id=child.pk).order_by("seq").values_list("body", flat=True)
    used = replay(ev.decode(body) for body in log.iterator(chunk_size=2_000)).budget
    with transaction.atomic():
        locked = lock(row.run_id)
        if locked.draft.state.ended or CHILD_ENDED in locked.draft.state.node(row.path).notes:
            return
        append(
            locked,
            ev.ChildRunEnded(
                path=row.path,
                child=str(child.pk),
                status=child.status,  # type: ignore[arg-type]  # one of those that end a run
                output=child.output_digest if child.status == Run.Status.DONE else "",
                message=child.error or f"The run was {child.status}.",
                cost=f"{used.spent_cost:f}",
                tokens=used.spent_tokens,
                calls=used.calls,
                unknown_costs=used.unknown_costs,
            ),
        )


@transaction.atomic
def _stop(row: ChildRun) -> None:
    """Nobody waits for it any more."""
    locked = lock(row.child)
    state = locked.draft.state
    if not state.ended and not state.cancel_requested:
        append(
            locked,
            ev.CancelRequested(by="", reason="Its parent run does not wait for it any more."),
            approvals=True,
        )


def _pause(row: ChildRun) -> None:
    """As long as its parent is; its own sub-teams as well."""
    _steer(row, ev.PauseRequested(by="", by_name=PARENT))


def _resume(row: ChildRun) -> None:
    _steer(row, ev.ResumeRequested(by="", by_name=PARENT))


def _steer(row: ChildRun, event: ev.PauseRequested | ev.ResumeRequested) -> None:
    with transaction.atomic():
        locked = lock(row.child)
        state, pauses = locked.draft.state, isinstance(event, ev.PauseRequested)
        if state.ended or state.cancel_requested or state.paused_by != ("" if pauses else PARENT):
            return
        append(locked, event)
    care(row.child)


CARES = ((TO_START, _start), (TO_TELL, _tell), (TO_STOP, _stop), (TO_PAUSE, _pause), (TO_RESUME, _resume))
