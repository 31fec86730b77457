"""Checks a run against its own log: the hash chain, the gap-free seq, and every projection."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection

from agents.models import TeamVersion
from runs.engine import events as ev
from runs.engine.decide import status
from runs.engine.plan import plan_for
from runs.engine.state import RunState
from runs.log import Draft, Head, chain
from runs.models import Event, Run
from runs.projections import PROJECTIONS
from runs.projections.base import Projection, Ref, Row


def problems(run: Run) -> list[str]:
    """What does not agree, a sentence each; empty when the run can be trusted."""
    run.refresh_from_db()
    found = list(_chain_problems(run))
    if found:
        return found
    draft = refold(run)
    if status(draft.state) != run.status:
        found.append(f"The run says {run.status}, its log says {status(draft.state)}.")
    for projection in PROJECTIONS:
        found += _projection_problems(run, projection, draft.rows.get(projection.table, {}))
    return found


def refold(run: Run) -> Draft:
    """The whole log folded anew, with all rows it projects to."""
    version = TeamVersion.objects.get(pk=run.team_version_id)
    plan = plan_for(version.digest, version.content)
    draft = Draft(Ref(run.pk, run.workspace_id, plan), Head(0, bytes(32), 0), RunState())
    for body in Event.objects.filter(run=run).order_by("seq").values_list("body", flat=True):
        draft.add(ev.decode(body))
    return draft


def _chain_problems(run: Run) -> Iterator[str]:
    last, expected = bytes(32), 1
    for event in Event.objects.filter(run=run).order_by("seq"):
        if event.seq != expected:
            yield f"Event {expected} is missing."
            return
        last = chain(last, event.seq, event.body.encode())
        if last != bytes(event.hash):
            yield f"Event {event.seq} was changed: its hash does not fit."
            return
        expected += 1
    if expected - 1 != run.seq or last != bytes(run.head_hash):
        yield f"The run's head is {run.seq}, its log ends at {expected - 1}."


def _projection_problems(run: Run, projection: Projection, wanted: dict[Row, Row]) -> Iterator[str]:
    columns = ", ".join(projection.columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {projection.table} WHERE run_id = %s", [run.pk])  # noqa: S608
        stored = {row[: projection.key]: row for row in cursor.fetchall()}
    for key in stored.keys() | wanted.keys():
        if _plain(stored.get(key)) != _plain(wanted.get(key)):
            yield f"{projection.table} {key}: stored {stored.get(key)}, the log says {wanted.get(key)}."


def _plain(row: Row | None) -> list[Any] | None:
    """Numbers compare by value, whatever type the database gave them."""
    return None if row is None else [_number(value) for value in row]


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return Decimal(value) if value[:1].isdigit() else value
        except InvalidOperation:
            return value
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
