"""Budgets that runs share: reserved by call before its start is appended, settled once its result is.

A process knows which budgets there are from its claims and its heartbeats, so that where nobody set a limit
not one statement more is made. What it cannot settle, for its worker died between, the sweeper does.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from runs.budgets import sql
from runs.budgets.sql import Real
from runs.budgets.standing import Locked, locked
from runs.engine import events as ev
from runs.engine.budget import ORDER, Amount, Hindrance, bound_of, hindrance, recorded
from runs.engine.content import Content
from runs.engine.state import RunState
from runs.execute.dispatch import Key
from runs.projections.base import moment

if TYPE_CHECKING:
    from runs.execute.model_calls import ModelDispatch
    from runs.execute.store import Claim, Store

log = logging.getLogger(__name__)
ENDS = (ev.ModelCallCompleted, ev.ModelCallFailed, ev.CallAbandoned)


@dataclass(frozen=True)
class Scope:
    """One budget, and what it is of; neither team nor agent: the workspace."""

    id: UUID
    team: UUID | None
    agent: str | None

    def covers(self, team: UUID, agent: str) -> bool:
        return self.team in (None, team) and self.agent in (None, agent)


class Scopes:
    """The budgets this process knows of, by workspace."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[Scope, ...]] = {}

    def of(self, workspace: UUID) -> tuple[Scope, ...]:
        return self._known.get(workspace, ())

    def learn(self, workspace: UUID, rows: Iterable[tuple[str, str | None, str | None]] | None) -> None:
        """The budgets of one workspace as they are now."""
        found = tuple(
            Scope(UUID(one), UUID(team) if team else None, agent) for one, team, agent in rows or ()
        )
        if found:
            self._known[workspace] = found
        else:
            self._known.pop(workspace, None)

    def learn_all(self, rows: Iterable[tuple[str, str, str | None, str | None]] | None) -> None:
        """All budgets there are."""
        by_workspace: dict[UUID, list[tuple[str, str | None, str | None]]] = {}
        for workspace, *one in rows or ():
            by_workspace.setdefault(UUID(workspace), []).append((one[0] or "", one[1], one[2]))
        self._known.clear()
        for workspace_id, found in by_workspace.items():
            self.learn(workspace_id, found)


class RunScopes:
    """What one run holds of the budgets it shares."""

    def __init__(self, scopes: Scopes, store: Store, claim: Claim) -> None:
        self.scopes = scopes
        self.store = store
        self.claim = claim
        self._made: dict[Key, Amount] = {}  # reserved, and its start not committed yet
        self._agents: dict[Key, str] = {}  # of the calls that hold something
        self._ended: list[Real] = []  # committed, and not settled yet
        self._strangers: set[str] = set()  # agents whose calls ended that this process did not reserve for

    def _covering(self, agents: Iterable[str]) -> list[UUID]:
        known = self.scopes.of(self.claim.workspace)
        team = self.claim.team
        wanted = set(agents)
        return [scope.id for scope in known if any(scope.covers(team, agent) for agent in wanted)]

    # ── before a call ───────────────────────────────────────────────────────────────────────────────
    async def reserve(
        self, dispatch: ModelDispatch, events: list[ev.Event], state: RunState, content: Content
    ) -> ev.Event | Literal["later"] | None:
        """None once every budget holds the call's bound; else what stands in its way, or that it waits."""
        started = dispatch.started
        budgets = [] if started.simulated else self._covering([started.agent])
        if not budgets:
            return None
        need, key = bound_of(started, dispatch.request.timeout_s), dispatch.key
        if key in self._made and self._made[key] != need:  # decided anew, and differently
            await self._settle_now([_nothing(key, state)])
        ended = [real for real in ends(events, state) if (real.call, real.attempt) in self._agents]
        holder = _Holder(self.claim, started, need, state, content)
        agents = {started.agent} | {self._agents[real.call, real.attempt] for real in ended}
        async with self.store.pool.connection() as connection, connection.transaction():
            hindered = await holder.hold(connection, budgets, self._covering(agents), ended)
        if hindered is None:
            self._made[key], self._agents[key] = need, started.agent
        return hindered

    # ── after a commit ──────────────────────────────────────────────────────────────────────────────
    def committed(self, events: list[ev.Event], state: RunState) -> None:
        """Remember what ended; what was reserved for a start that was not made is given back."""
        if not self._agents and not self.scopes.of(self.claim.workspace):
            return
        started = {(one.call, one.attempt) for one in events if isinstance(one, ev.ModelCallStarted)}
        ended = ends(events, state)
        for one in events:
            if isinstance(one, ENDS) and (one.call, one.attempt) not in self._agents:
                self._strangers.add(state.node(one.path).calls[one.call].agent)
        self._ended += ended
        self._ended += [_nothing(key, state) for key in self._made if key not in started]
        self._made.clear()

    async def settle(self) -> None:
        """Book what calls really used. Left undone by an error, it is done by the sweeper."""
        ended, self._ended = self._ended, []
        if not ended:
            return
        try:
            await self._settle_now(ended)
        except (psycopg.Error, PoolTimeout, OSError) as error:
            log.warning("Calls of run %s are left to the sweeper to settle: %s", self.claim.run, error)

    async def _settle_now(self, ended: list[Real]) -> None:
        params = sql.settling(self.claim.run, ended)
        async with self.store.pool.connection() as connection, connection.transaction():
            await connection.execute(sql.UNFLUSHED)
            held = await (await connection.execute(sql.LOCK_HELD, params)).fetchall()
            if any(is_stale for _, is_stale in held):
                await connection.execute(sql.ROLL_SOME, {"budgets": [budget for budget, _ in held]})
            await connection.execute(sql.SETTLE, params)
            if doubtful := self._covering(self._strangers):
                await connection.execute(sql.DOUBT, {"budgets": doubtful})
            self._strangers.clear()
        for real in ended:
            self._agents.pop((real.call, real.attempt), None)
            self._made.pop((real.call, real.attempt), None)


@dataclass(frozen=True)
class _Holder:
    """One reservation, in its transaction."""

    claim: Claim
    started: ev.ModelCallStarted
    need: Amount
    state: RunState
    content: Content

    async def hold(
        self, connection: AsyncConnection[Any], budgets: list[UUID], touched: list[UUID], ended: list[Real]
    ) -> ev.Event | Literal["later"] | None:
        """None once it is held; else the event that says what stands in the way, or `later`."""
        rows = await self._lock(connection, touched)
        answers = [one for row in rows if (one := self._answer(row)) is not None]
        if ended or answers or any(row.is_stale for row in rows):
            for answer in answers:
                await connection.execute(sql.ANSWER, answer)
            if ended:
                await connection.execute(sql.LOWER, sql.settling(self.claim.run, ended))
            await connection.execute(sql.ROLL_SOME, {"budgets": touched})
            rows = await self._lock(connection, touched)
        found = self._hindrance([row for row in rows if row.id in budgets])
        if found is None:
            await connection.execute(sql.HOLD, self._params(budgets))
            return None
        return await self._stand(connection, *found)

    async def _lock(self, connection: AsyncConnection[Any], budgets: list[UUID]) -> list[Locked]:
        await connection.execute(sql.UNFLUSHED)
        cursor = await connection.execute(sql.LOCK, {"budgets": budgets})
        return [locked(row) for row in await cursor.fetchall()]

    def _answer(self, budget: Locked) -> dict[str, Any] | None:
        """What people said to the question that this run asked about the budget's soft limit."""
        if budget.asked_run != self.claim.run:
            return None
        path, _, key = budget.asked_key.partition("\n")
        asked = self.state.node(path).approvals.get(key)
        if asked is None:
            return None
        return sql.answer(budget.id, self.claim.run, budget.asked_key, asked.status, asked.by_name)

    def _params(self, budgets: list[UUID]) -> dict[str, Any]:
        return {
            "budgets": budgets,
            "run": self.claim.run,
            "call": self.started.call,
            "attempt": self.started.attempt,
            "epoch": self.claim.head.epoch,
            "cost": self.need.cost or 0,
            "tokens": self.need.tokens,
            "seconds": self.need.seconds,
        }

    def _hindrance(self, rows: list[Locked]) -> tuple[Hindrance, Locked] | None:
        """The gravest, of the first budget that has it."""
        found = [(one, row) for row in rows if (one := hindrance(row.standing, self.need)) is not None]
        return min(found, key=lambda pair: ORDER.index(pair[0].how), default=None)

    async def _stand(
        self, connection: AsyncConnection[Any], found: Hindrance, budget: Locked
    ) -> ev.Event | Literal["later"]:
        """A person is asked once; whoever comes meanwhile waits for the answer."""
        if found.how == "later" and self.state.budget.reserved:
            return "later"  # calls of this very run will leave room
        if found.how == "ask" and budget.asked_run not in (None, self.claim.run):
            words = (
                f"{budget.standing.whose}: its soft limit is reached, and another run asks whether to go on."
            )
            found = Hindrance("stop", "soft", words)
        event = recorded(
            found,
            budget.standing,
            self.need,
            state=self.state,
            path=self.started.path,
            call=self.started.call,
            content=self.content,
            scope=str(budget.id),
        )
        if isinstance(event, ev.ApprovalRequested):
            key = f"{event.path}\n{event.key}"
            await connection.execute(sql.ASK, {"run": self.claim.run, "budget": budget.id, "key": key})
        return event


def ends(events: Iterable[ev.Event], state: RunState) -> list[Real]:
    """How model calls ended, as `events` say."""
    found = []
    for event in events:
        if isinstance(event, ENDS):
            call = state.node(event.path).calls[event.call]
            if call.kind == "model" and not call.simulated:
                found.append(_real(event, call.started_at if call.attempt == event.attempt else 0))
    return found


def _real(event: Any, started_at: int) -> Real:
    charge: ev.Charge | None = event.charge
    if charge is None:
        return Real(event.call, event.attempt, "nothing", moment(event.at))
    return Real(
        event.call,
        event.attempt,
        "unknown" if charge.status == "unknown" else "charged",
        moment(event.at),
        charge.cost,
        charge.usage.input_tokens + charge.usage.output_tokens,
        (event.at - started_at) / 1e6,
    )


def _nothing(key: Key, state: RunState) -> Real:
    return Real(key[0], key[1], "nothing", moment(state.started_at))
