"""What the workers' loop asks of PostgreSQL: claim, load, append, park. Every statement is one commit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from runs.engine import events as ev
from runs.engine.plan import Plan, plan_for
from runs.execute.together import Together
from runs.log import Append, Head, statement

POOL = 20


def conninfo() -> str:
    """The libpq connection string of Django's default database."""
    database = settings.DATABASES["default"]
    options = {
        "dbname": database["NAME"],
        "user": database.get("USER"),
        "password": database.get("PASSWORD"),
        "host": database.get("HOST"),
        "port": database.get("PORT"),
    } | database.get("OPTIONS", {})
    return make_conninfo("", **{name: value for name, value in options.items() if value and name != "pool"})


@dataclass(frozen=True)
class Claim:
    """A run this process owns, with its log as it was when it was claimed."""

    run: UUID
    workspace: UUID
    team_version: UUID
    head: Head
    events: list[ev.AnyEvent]
    content: dict[str, str]  # the run's input, which nearly every run reads first
    team: UUID
    budgets: list[Any] | None  # shared ones of the workspace, if there are any: id, team, agent's key


@dataclass(frozen=True)
class Cached:
    """An answer of the cache: digest of what was answered, and where and when (microseconds) that was."""

    result: str
    run: UUID
    call: str
    at: int


@dataclass(frozen=True)
class Kept:
    """An answer for the cache."""

    digest: str
    result: str
    call: str
    at: int


CLAIM = """
WITH free AS MATERIALIZED (
    SELECT id FROM runs_run
    WHERE id = ANY(%(runs)s) AND runnable AND event_version <= %(version)s
        AND (lease_until IS NULL OR lease_until < now())
    FOR UPDATE {busy}
), claimed AS (
    UPDATE runs_run run SET epoch = epoch + 1, owner = %(owner)s,
        lease_until = now() + make_interval(secs => %(lease)s)
    FROM free WHERE run.id = free.id
    RETURNING run.id, workspace_id, team_version_id, seq, head_hash, epoch, input_digest
)
SELECT id, workspace_id, team_version_id, seq, head_hash, epoch, input_digest,
    (SELECT array_agg(body ORDER BY seq) FROM runs_log WHERE run_id = claimed.id),
    (SELECT content FROM runs_blob b WHERE b.workspace_id = claimed.workspace_id AND b.digest = input_digest),
    (SELECT team_id FROM agents_teamversion v WHERE v.id = team_version_id),
    (SELECT json_agg(json_build_array(b.id, b.team_id, a.key)) FROM runs_budget b
        LEFT JOIN agents_agent a ON a.id = b.agent_id WHERE b.workspace_id = claimed.workspace_id)
FROM claimed
"""
CLAIM_ONE, CLAIM_SEVERAL = CLAIM.format(busy=""), CLAIM.format(busy="SKIP LOCKED")
HEAD = "SELECT seq, head_hash, epoch FROM runs_run WHERE id = %s"
EVENTS = "SELECT body FROM runs_log WHERE run_id = %s ORDER BY seq"
VERSION = "SELECT digest, content::text FROM agents_teamversion WHERE id = %s"
BLOBS = "SELECT digest, content FROM runs_blob WHERE workspace_id = %s AND digest = ANY(%s)"
ANSWERED = """
SELECT body FROM runs_log WHERE run_id = %s AND type IN
    ('ModelCallStarted', 'ModelCallCompleted', 'ToolCallStarted', 'ToolCallCompleted') ORDER BY seq
"""
CACHED = """
SELECT result, run_id, call, (extract(epoch FROM at) * 1000000)::bigint FROM runs_cachedanswer
WHERE workspace_id = %s AND digest = %s AND at > now() - make_interval(secs => %s)
"""
KEEP = """
INSERT INTO runs_cachedanswer (workspace_id, digest, result, run_id, call, at)
SELECT %s, digest, result, %s, call, to_timestamp(at / 1000000.0)
FROM json_to_recordset(%s::json) AS new (digest text, result text, call text, at bigint)
ON CONFLICT (workspace_id, digest) DO UPDATE SET
    result = excluded.result, run_id = excluded.run_id, call = excluded.call, at = excluded.at
RETURNING digest
"""
PARK = """
UPDATE runs_run SET runnable = %(runnable)s, owner = '', lease_until = NULL
WHERE id = %(run)s AND epoch = %(epoch)s AND seq = %(seq)s RETURNING id
"""


async def _by_key(connection: AsyncConnection[Any]) -> None:
    """Rows are always found by their keys here; a plan made while tables were small must not scan."""
    for way in ("seqscan", "hashjoin", "mergejoin"):
        await connection.execute(f"SET enable_{way} = off", prepare=False)


class Store:
    def __init__(self) -> None:
        self.pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            conninfo(),
            min_size=2,
            max_size=POOL,
            open=False,
            configure=_by_key,
            kwargs={"autocommit": True, "prepare_threshold": 0},
        )
        self._plans: dict[UUID, Plan] = {}
        self._appends = Together(self._written)
        self._claims = Together(self._claimed)

    async def open(self) -> None:
        await self.pool.open()

    async def close(self) -> None:
        await self.pool.close()

    async def _all(self, sql: str, params: Any) -> list[Any]:
        """All rows. A connection that a restart of the server broke is replaced, once.

        Every statement may be repeated: a second append finds that the first one moved `seq`.
        """
        try:
            return await self._rows(sql, params)
        except OperationalError:
            await self.pool.check()
            return await self._rows(sql, params)

    async def _rows(self, sql: str, params: Any) -> list[Any]:
        """Without the pool's context manager, whose transaction would end what autocommit never began."""
        connection = await self.pool.getconn()
        try:
            return await (await connection.execute(sql, params)).fetchall()
        finally:
            await self.pool.putconn(connection)

    async def _one(self, sql: str, params: Any) -> Any | None:
        rows = await self._all(sql, params)
        return rows[0] if rows else None

    async def claim(self, run: UUID, owner: str) -> Claim | None:
        """Own the run, with a new epoch; None when it is not runnable or somebody else's."""
        return await self._claims.ask((run, owner))

    async def _claimed(self, asks: list[tuple[UUID, str]]) -> dict[int, Claim]:
        runs = [run for run, _ in asks]
        params = {"runs": runs, "owner": asks[0][1], "lease": settings.LEASE_SECONDS, "version": ev.VERSION}
        rows = await self._all(CLAIM_ONE if len(asks) == 1 else CLAIM_SEVERAL, params)
        return {runs.index(row[0]): _claim(*row) for row in rows}

    async def head(self, run: UUID) -> Head | None:
        row = await self._one(HEAD, (run,))
        return Head(row[0], bytes(row[1]), row[2]) if row else None

    async def events(self, run: UUID) -> list[ev.AnyEvent]:
        return [ev.decode(row[0]) for row in await self._all(EVENTS, (run,))]

    async def plan(self, team_version: UUID) -> Plan:
        if team_version not in self._plans:
            row = await self._one(VERSION, (team_version,))
            if row is None:
                raise LookupError(f"Team version {team_version} does not exist.")
            self._plans[team_version] = plan_for(row[0], json.loads(row[1]))
        return self._plans[team_version]

    async def blobs(self, workspace: UUID, digests: Iterable[str]) -> dict[str, str]:
        wanted = list(digests)
        found = dict(await self._all(BLOBS, (workspace, wanted)))
        if missing := set(wanted) - set(found):
            raise LookupError(f"Content {sorted(missing)[0][:12]} is no longer stored.")
        return found

    # ── answers that are used again ─────────────────────────────────────────────────────────────────
    async def answered_calls(self, run: str) -> list[ev.AnyEvent]:
        """The starts and answers of all calls in a run's log."""
        return [ev.decode(row[0]) for row in await self._all(ANSWERED, (run,))]

    async def cached(self, workspace: UUID, digest: str, max_age_s: float) -> Cached | None:
        row = await self._one(CACHED, (workspace, digest, max_age_s))
        return Cached(*row) if row else None

    async def keep(self, workspace: UUID, run: UUID, answers: list[Kept]) -> None:
        """Newer answers replace older ones."""
        newest = {one.digest: asdict(one) for one in answers}
        await self._all(KEEP, (workspace, run, json.dumps(list(newest.values()))))

    # ── the log ─────────────────────────────────────────────────────────────────────────────────────
    async def append(self, one: Append) -> bool:
        """Whether it was written; if not, somebody else has appended or taken over."""
        return bool(await self._appends.ask(one))

    async def _written(self, appends: list[Append]) -> dict[int, bool]:
        return {place: True for (place,) in await self._all(*statement(appends))}

    async def park(self, run: UUID, head: Head, *, runnable: bool = False) -> bool:
        """Give up the lease, unless something was appended since. `runnable`: others should go on."""
        params = {"run": run, "epoch": head.epoch, "seq": head.seq, "runnable": runnable}
        return await self._one(PARK, params) is not None


def _claim(
    run: UUID,
    workspace: UUID,
    team_version: UUID,
    seq: int,
    head_hash: bytes,
    epoch: int,
    input_digest: str,
    bodies: list[str] | None,
    text: str | None,
    team: UUID,
    budgets: list[Any] | None,
) -> Claim:
    """A row of CLAIM."""
    events = [ev.decode(body) for body in bodies or ()]
    content = {} if text is None else {input_digest: text}
    return Claim(
        run, workspace, team_version, Head(seq, bytes(head_hash), epoch), events, content, team, budgets
    )
