"""Checks a run against its own log: the hash chain, the gap-free seq, and every projection.

Content is never read, so a run whose content was dropped verifies as before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from agents.models import TeamVersion
from runs.engine import events as ev
from runs.engine.decide import status
from runs.engine.fold import fold
from runs.engine.plan import plan_for
from runs.engine.state import RunState
from runs.log import Draft, Head, chain
from runs.models import Event, LogEvent, Run
from runs.projections import PROJECTIONS
from runs.projections.base import Projection, Ref, Row


def problems(run: Run) -> list[str]:
    """What does not agree, a sentence each; empty when the run can be trusted."""
    run.refresh_from_db()
    found = list(_chain_problems(run))
    if found:
        return found
    try:
        draft = refold(run)
    except (msgspec.ValidationError, LookupError) as error:
        return [f"Its log cannot be folded ({type(error).__name__}: {str(error)[:200]})."]
    if status(draft.state) != run.status:
        found.append(f"The run says {run.status}, its log says {status(draft.state)}.")
    for projection in PROJECTIONS:
        found += _projection_problems(run, projection, draft.rows.get(projection.table, {}))
    return found


def refold(run: Run) -> Draft:
    """The whole log folded anew, with all rows it projects to; what a fork inherits projects to none."""
    version = TeamVersion.objects.get(pk=run.team_version_id)
    plan = plan_for(version.digest, version.content)
    draft = Draft(Ref(run.pk, run.workspace_id, plan), Head(0, bytes(32), 0), RunState())
    log = LogEvent.objects.filter(run_id=run.pk).order_by("seq").values_list("seq", "body")
    for seq, body in log.iterator(chunk_size=2_000):
        if seq <= run.fork_seq:
            fold(draft.state, ev.decode(body))
        else:
            draft.add(ev.decode(body))
    return draft


def _chain_problems(run: Run) -> Iterator[str]:
    """The chain from the first event on, through every log that a fork shares the beginning of."""
    last, expected = bytes(32), 1
    log = LogEvent.objects.filter(run_id=run.pk).order_by("seq").values_list("seq", "body", "hash")
    for seq, body, stored in log.iterator(chunk_size=2_000):
        if seq != expected:
            yield f"Event {expected} is missing."
            return
        last = chain(last, seq, body.encode())
        if last != bytes(stored):
            yield f"Event {seq} was changed: its hash does not fit."
            return
        if seq == run.fork_seq and last != bytes(run.fork_hash):
            yield f"Event {seq}, where this run was forked off, is not the one its parent has there."
            return
        expected += 1
    if expected - 1 != run.seq or last != bytes(run.head_hash):
        yield f"The run's head is {run.seq}, its log ends at {expected - 1}."
    if run.forked_from_id is not None:
        yield from _fork_problems(run, run.forked_from_id)


def _fork_problems(run: Run, parent_id: UUID) -> Iterator[str]:
    """Whether the fork says of itself what its parent's log and its own first event say."""
    parent = LogEvent.objects.filter(run_id=parent_id, seq=run.fork_seq).first()
    if parent is None or bytes(parent.hash) != bytes(run.fork_hash):
        yield f"Its parent has no such event {run.fork_seq} as this run was forked at."
    own = Event.objects.filter(run_id=run.pk).order_by("seq").first()
    first = ev.decode(own.body) if own else None
    if not isinstance(first, ev.RunForked) or (first.parent, first.parent_seq, first.parent_hash) != (
        str(parent_id),
        run.fork_seq,
        bytes(run.fork_hash).hex(),
    ):
        yield "Its own first event does not name the run and the event it was forked at."


def _projection_problems(run: Run, projection: Projection, wanted: dict[Row, Row]) -> Iterator[str]:
    columns = ", ".join(projection.columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {projection.table} WHERE run_id = %s", [run.pk])  # noqa: S608
        stored = {row[: projection.key]: row for row in cursor.fetchall()}
    types = list(projection.columns.values())
    for key in stored.keys() | wanted.keys():
        if _plain(stored.get(key), types) != _plain(wanted.get(key), types):
            yield f"{projection.table} {key}: stored {stored.get(key)}, the log says {wanted.get(key)}."


def _plain(row: Row | None, types: list[str]) -> list[Any] | None:
    """Values compare as what they mean, however the database gave them."""
    return None if row is None else [_value(value, kind) for value, kind in zip(row, types, strict=True)]


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "jsonb":
        return json.loads(value if isinstance(value, str) else msgspec.json.encode(value))
    if kind.endswith("[]"):
        return list(value)
    return Decimal(value) if kind == "numeric" else value
