"""The only writer of events. Builds one statement that appends facts, content and projections at once.

The statement is conditional on the run's `epoch` and `seq`: when it changes no row, somebody else has
appended or taken over, and nothing at all was written. It is built here and run by two thin executors,
`run_sync` for web requests and `runs.execute.store` for the workers' loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from django.db import connection

from runs.engine import events as ev
from runs.engine.decide import activity, status
from runs.engine.fold import fold
from runs.engine.keys import child_id
from runs.engine.state import RunState
from runs.projections import PROJECTIONS
from runs.projections.base import Projection, Ref, Row, maybe, moment


def chain(previous: bytes, seq: int, body: bytes) -> bytes:
    """The hash of an event: SHA-256 over the previous hash, its seq and its stored bytes."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + body).digest()


@dataclass(frozen=True)
class Head:
    """Where a log ends: what the next append must find."""

    seq: int
    hash: bytes
    epoch: int


@dataclass(frozen=True)
class Statement:
    sql: str
    params: dict[str, Any]
    head: Head  # the head once it has been run


@dataclass
class Draft:
    """Facts taken into the state but not yet committed, with the rows they project to."""

    ref: Ref
    head: Head
    state: RunState
    events: list[ev.Event] = field(default_factory=list)
    rows: dict[str, dict[Row, Row]] = field(default_factory=dict)

    def add(self, event: ev.Event) -> None:
        if isinstance(event, ev.ChildRunStarted) and not event.child:
            event = msgspec.structs.replace(event, child=str(child_id(self.ref.run, event.path)))
        fold(self.state, event)
        self.events.append(event)
        for projection in PROJECTIONS:
            for row in projection.rows(self.ref, self.state, event):
                self.rows.setdefault(projection.table, {})[row[: projection.key]] = row

    def statement(self, fresh: Mapping[str, str], *, runnable: bool, release: bool) -> Statement:
        """The append. `release` gives the lease up in the same statement; `fresh` is content to store.

        Rows travel as one JSON text a table: far fewer parameters to convert than an array a column.
        """
        events, last = self._event_rows()
        head = Head(self.head.seq + len(self.events), last, self.head.epoch)
        params = self._run_params(runnable) | {"new_hash": head.hash, "new_seq": head.seq, "events": events}
        if fresh:
            params["blobs"] = _json([{"digest": digest, "content": text} for digest, text in fresh.items()])
        used = []
        for projection in PROJECTIONS:
            rows = self.rows.get(projection.table)
            if rows:
                used.append(projection.table)
                names = projection.columns
                params[projection.table] = _json(
                    [dict(zip(names, row, strict=True)) for row in rows.values()]
                )
        return Statement(_sql(bool(fresh), tuple(used), release), params, head)

    def _run_params(self, runnable: bool) -> dict[str, Any]:
        state = self.state
        return {
            "run": self.ref.run,
            "workspace": self.ref.workspace,
            "seq": self.head.seq,
            "epoch": self.head.epoch,
            "status": status(state),
            "activity": activity(state, self.ref.plan),
            "error": state.message[:500],
            "output": state.output,
            "started_at": maybe(state.started_at),
            "ended_at": maybe(state.ended_at),
            "cost_limit": state.budget.cost_limit,
            "version": ev.VERSION,
            "runnable": runnable,
        }

    def _event_rows(self) -> tuple[str, bytes]:
        """The new events as JSON rows, and the hash of the last."""
        rows, last = [], self.head.hash
        for seq, event in enumerate(self.events, start=self.head.seq + 1):
            body = ev.encode(event)
            last = chain(last, seq, body)
            rows.append(
                {
                    "seq": seq,
                    "type": ev.type_of(event),
                    "path": event.path,
                    "call": getattr(event, "call", ""),
                    "body": body.decode(),
                    "hash": last.hex(),
                    "at": moment(event.at),
                }
            )
        return _json(rows), last


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


RUN = """
WITH head AS (
    UPDATE runs_run SET
        seq = %(new_seq)s, head_hash = %(new_hash)s, status = %(status)s, activity = %(activity)s,
        error = %(error)s, output_digest = %(output)s, started_at = %(started_at)s, ended_at = %(ended_at)s,
        cost_limit = %(cost_limit)s, event_version = greatest(event_version, %(version)s),
        runnable = %(runnable)s{release}
    WHERE id = %(run)s AND epoch = %(epoch)s AND seq = %(seq)s
    RETURNING id
), events AS (
    INSERT INTO runs_event (run_id, seq, type, path, call, body, hash, at)
    SELECT head.id, seq, type, path, call, body, decode(hash, 'hex'), at
    FROM head, json_to_recordset(%(events)s::json) AS new (
        seq int, type text, path text, call text, body text, hash text, at timestamptz)
)"""
RELEASE = ", owner = '', lease_until = NULL"
BLOBS = """, blobs AS (
    INSERT INTO runs_blob (workspace_id, digest, content, created_at)
    SELECT %(workspace)s, digest, content, now()
    FROM head, json_to_recordset(%(blobs)s::json) AS new (digest text, content text)
    ON CONFLICT DO NOTHING
)"""


@lru_cache(maxsize=64)
def _sql(blobs: bool, tables: tuple[str, ...], release: bool) -> str:
    parts = [RUN.format(release=RELEASE if release else "")]
    if blobs:
        parts.append(BLOBS)
    parts += [_upsert(projection) for projection in PROJECTIONS if projection.table in tables]
    return "".join(parts) + "\nSELECT id FROM head"


def _upsert(projection: Projection) -> str:
    """An INSERT … ON CONFLICT UPDATE for all rows of one projection, under the head's condition."""
    names = list(projection.columns)
    row = ", ".join(f"{name} {kind}" for name, kind in projection.columns.items())
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[projection.key :])
    key = ", ".join(["run_id", *names[: projection.key]])
    return f""", {projection.table} AS (
    INSERT INTO {projection.table} (run_id, {", ".join(names)})
    SELECT head.id, new.* FROM head, json_to_recordset(%({projection.table})s::json) AS new ({row})
    ON CONFLICT ({key}) DO UPDATE SET {changes}
)"""  # noqa: S608 - names come from the projections, never from outside


def run_sync(statement: Statement) -> bool:
    """Run it on Django's connection, inside the caller's transaction. False: nothing was written."""
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        return cursor.fetchone() is not None
