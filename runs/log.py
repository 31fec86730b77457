"""The only writer of events. Builds the statement that appends facts, content and projections at once.

What a run appends is conditional on its `epoch` and `seq`: when they are not what was expected, somebody
else has appended or taken over, and nothing at all is written for it. One statement can write for several
runs. It is built here and run by two thin executors, `run_sync` for web requests and
`runs.execute.store` for the workers' loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
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
class Append:
    """What is to be written for one run: its own row, and rows of other tables, as JSON objects."""

    run: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]  # by table
    head: Head  # the head once it has been written


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

    def append(self, fresh: Mapping[str, str], *, runnable: bool, release: bool) -> Append:
        """Everything to write. `release` gives the lease up as well; `fresh` is content to store."""
        events, last = self._event_rows()
        head = Head(self.head.seq + len(self.events), last, self.head.epoch)
        rows = {EVENTS: events}
        if fresh:
            rows[BLOBS] = [{"digest": digest, "content": text} for digest, text in fresh.items()]
        for projection in PROJECTIONS:
            found = self.rows.get(projection.table)
            if found:
                names = projection.columns
                rows[projection.table] = [dict(zip(names, row, strict=True)) for row in found.values()]
        return Append(self._run_row(head, runnable, release), rows, head)

    def _run_row(self, head: Head, runnable: bool, release: bool) -> dict[str, Any]:
        state = self.state
        return {
            "id": self.ref.run,
            "epoch": self.head.epoch,
            "seq": self.head.seq,
            "new_seq": head.seq,
            "new_hash": head.hash.hex(),
            "status": status(state),
            "activity": activity(state, self.ref.plan),
            "error": state.message[:500],
            "output": state.output,
            "started_at": maybe(state.started_at),
            "ended_at": maybe(state.ended_at),
            "cost_limit": state.budget.cost_limit,
            "version": ev.VERSION,
            "runnable": runnable,
            "release": release,
        }

    def _event_rows(self) -> tuple[list[dict[str, Any]], bytes]:
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
        return rows, last


EVENTS, BLOBS = "runs_event", "runs_blob"
WANTED = """
WITH wanted AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(runs)s::json) AS new (
        n int, id uuid, epoch int, seq int, new_seq int, new_hash text, status text, activity text,
        error text, output text, started_at timestamptz, ended_at timestamptz, cost_limit numeric,
        version int, runnable boolean, release boolean)
)"""
# What somebody else is about to change is left out: waiting for one row while holding others could lock up.
FREE = """, free AS MATERIALIZED (
    SELECT wanted.n FROM wanted JOIN runs_run run USING (id, epoch, seq) FOR UPDATE OF run SKIP LOCKED
)"""
HEAD = """, head AS (
    UPDATE runs_run run SET
        seq = new_seq, head_hash = decode(new_hash, 'hex'), status = wanted.status,
        activity = wanted.activity, error = wanted.error, output_digest = output,
        started_at = wanted.started_at, ended_at = wanted.ended_at, cost_limit = wanted.cost_limit,
        event_version = greatest(event_version, version), runnable = wanted.runnable,
        owner = CASE WHEN release THEN '' ELSE owner END,
        lease_until = CASE WHEN release THEN NULL ELSE lease_until END
    FROM wanted{free}
    WHERE run.id = wanted.id AND run.epoch = wanted.epoch AND run.seq = wanted.seq
    RETURNING wanted.n, run.id, run.workspace_id
)"""
INSERTS = {
    EVENTS: """, events AS (
    INSERT INTO runs_event (run_id, seq, type, path, call, body, hash, at)
    SELECT head.id, seq, type, path, call, body, decode(hash, 'hex'), at
    FROM head JOIN json_to_recordset(%(runs_event)s::json) AS new (
        n int, seq int, type text, path text, call text, body text, hash text, at timestamptz) USING (n)
)""",
    # in one order everywhere, so that no two statements wait for each other's content
    BLOBS: """, blobs AS (
    INSERT INTO runs_blob (workspace_id, digest, content, created_at)
    SELECT head.workspace_id, digest, content, now()
    FROM head JOIN json_to_recordset(%(runs_blob)s::json) AS new (n int, digest text, content text) USING (n)
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING
)""",
}


def statement(appends: Sequence[Append]) -> tuple[str, dict[str, str]]:
    """SQL and parameters that write these, and give the places in `appends` of those that were written.

    Rows travel as one JSON text a table: far fewer parameters to convert than an array a column.
    """
    runs: list[dict[str, Any]] = []
    rows: dict[str, list[dict[str, Any]]] = {}
    for n, one in enumerate(appends):
        runs.append({"n": n, **one.run})
        for table, found in one.rows.items():
            rows.setdefault(table, []).extend({"n": n, **row} for row in found)
    params = {table: _json(found) for table, found in rows.items()}
    return _sql(frozenset(rows), len(appends) > 1), params | {"runs": _json(runs)}


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


@lru_cache(maxsize=256)
def _sql(tables: frozenset[str], several: bool) -> str:
    parts = [WANTED, FREE if several else "", HEAD.format(free=" JOIN free USING (n)" if several else "")]
    parts += [insert for table, insert in INSERTS.items() if table in tables]
    parts += [_upsert(projection) for projection in PROJECTIONS if projection.table in tables]
    return "".join(parts) + "\nSELECT n FROM head"


def _upsert(projection: Projection) -> str:
    """An INSERT … ON CONFLICT UPDATE for all rows of one projection, under the head's condition."""
    names = list(projection.columns)
    row = ", ".join(f"{name} {kind}" for name, kind in projection.columns.items())
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[projection.key :])
    key = ", ".join(["run_id", *names[: projection.key]])
    values = ", ".join(f"new.{name}" for name in names)
    return f""", {projection.table} AS (
    INSERT INTO {projection.table} (run_id, {", ".join(names)})
    SELECT head.id, {values}
    FROM head JOIN json_to_recordset(%({projection.table})s::json) AS new (n int, {row}) USING (n)
    ON CONFLICT ({key}) DO UPDATE SET {changes}
)"""  # noqa: S608 - names come from the projections, never from outside


def run_sync(append: Append) -> bool:
    """Run it on Django's connection, inside the caller's transaction. False: nothing was written."""
    with connection.cursor() as cursor:
        cursor.execute(*statement([append]))
        return cursor.fetchone() is not None
