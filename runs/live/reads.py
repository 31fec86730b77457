"""What the live feeds ask of PostgreSQL, on a small pool of the web process's own loop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from agents.topology.policy import marks_of
from runs.execute.store import conninfo
from runs.live.frames import event_json

POOL = 4
HEADS = "SELECT id, workspace_id, seq, status FROM runs_run WHERE id = ANY(%s)"
EVENTS = """
SELECT seq, type, body FROM runs_log WHERE run_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""
OPEN_CALLS = "SELECT key FROM runs_span WHERE run_id = %s AND kind = 'model' AND ended_at IS NULL"
PENDING = """
SELECT approval.workspace_id, approval.audience, approval.launcher_may_decide, run.started_by_id,
    ARRAY(SELECT vote->>'by' FROM jsonb_array_elements(approval.votes) vote), count(*)
FROM runs_approval approval JOIN runs_run run ON run.id = approval.run_id
WHERE approval.workspace_id = ANY(%s) AND approval.status = 'pending'
GROUP BY 1, 2, 3, 4, 5
"""
MEMBERS = """
SELECT member.user_id, member.workspace_id, member.role
FROM studio_membership member JOIN studio_user person ON person.id = member.user_id
WHERE person.is_active AND member.user_id = ANY(%s) AND member.workspace_id = ANY(%s)
"""
FACES = """
SELECT person.id, person.email, member.role, array_remove(array_agg(team.name), NULL)
FROM studio_membership member JOIN studio_user person ON person.id = member.user_id
LEFT JOIN studio_approvergroup_members belongs ON belongs.membership_id = member.id
LEFT JOIN studio_approvergroup team ON team.id = belongs.approvergroup_id
WHERE member.workspace_id = %s AND member.user_id = ANY(%s) GROUP BY 1, 2, 3
"""
SESSIONS = "SELECT session_key FROM django_session WHERE session_key = ANY(%s) AND expire_date > now()"


@dataclass(frozen=True)
class Head:
    workspace: UUID
    seq: int
    status: str


@dataclass(frozen=True)
class Line:
    """One event as it goes to browsers."""

    seq: int
    type: str
    json: str


@dataclass(frozen=True)
class Pending:
    """So many approvals of one kind: who may decide them is the same for all."""

    audience: list[str]
    launcher_may_decide: bool
    launcher: UUID | None
    voted: list[str]  # ids of those who have approved already
    count: int

    def count_for(self, user: UUID, marks: frozenset[str]) -> int:
        """As `runs.approvals.eligible.may_decide` does it for pages."""
        barred = (not self.launcher_may_decide and self.launcher == user) or str(user) in self.voted
        return 0 if barred or marks.isdisjoint(self.audience) else self.count


class Reads:
    def __init__(self) -> None:
        self.pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            conninfo(), min_size=1, max_size=POOL, open=False, kwargs={"autocommit": True}
        )

    async def open(self) -> None:
        await self.pool.open()

    async def close(self) -> None:
        await self.pool.close()

    async def _all(self, sql: str, *params: Any) -> list[Any]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(sql, params)).fetchall()

    async def heads(self, runs: Iterable[UUID]) -> dict[UUID, Head]:
        return {row[0]: Head(*row[1:]) for row in await self._all(HEADS, list(runs))}

    async def events(self, run: UUID, after: int, limit: int) -> list[Line]:
        """The events behind `after`, oldest first."""
        rows = await self._all(EVENTS, run, after, limit)
        return [Line(seq, kind, event_json(seq, body)) for seq, kind, body in rows]

    async def open_calls(self, run: UUID) -> list[str]:
        """Model calls in flight, as `call#attempt`."""
        return [row[0] for row in await self._all(OPEN_CALLS, run)]

    async def pending(self, workspaces: Iterable[UUID]) -> dict[UUID, list[Pending]]:
        found: dict[UUID, list[Pending]] = {workspace: [] for workspace in workspaces}
        for workspace, *rest in await self._all(PENDING, list(found)):
            found[workspace].append(Pending(*rest))
        return found

    async def roles(self, people: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], int]:
        """The roles of (user, workspace) pairs; who is no member is left out."""
        pairs = set(people)
        users, workspaces = [user for user, _ in pairs], [workspace for _, workspace in pairs]
        rows = await self._all(MEMBERS, users, workspaces)
        return {(user, workspace): role for user, workspace, role in rows if (user, workspace) in pairs}

    async def marks(self, workspace: UUID, users: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
        """What these people bear, to be compared with the audience of what waits."""
        rows = await self._all(FACES, workspace, list(users))
        return {user: marks_of([str(user), email], role, groups) for user, email, role, groups in rows}

    async def sessions(self, keys: Iterable[str]) -> set[str]:
        """The sessions among `keys` that are still signed in."""
        return {row[0] for row in await self._all(SESSIONS, list(keys))}
