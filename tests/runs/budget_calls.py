"""Calls as a worker makes them, against shared budgets: reserved, answered, settled. No model is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from runs.engine import events as ev
from runs.engine.content import Content
from runs.engine.fold import fold
from runs.engine.state import RunState
from runs.execute.clock import now_us
from runs.execute.scoped_budgets import RunScopes, Scopes
from runs.execute.store import Claim, Store
from runs.log import Head


@dataclass
class Caller:
    """One run of a team, in a process that knows these budgets."""

    store: Store
    workspace: UUID
    team: UUID
    budgets: list[tuple[str, str | None, str | None]]
    run: UUID = field(default_factory=uuid4)
    epoch: int = 1

    def __post_init__(self) -> None:
        scopes = Scopes()
        scopes.learn(self.workspace, self.budgets)
        claim = Claim(
            self.run, self.workspace, uuid4(), Head(1, b"", self.epoch), [], {}, self.team, self.budgets
        )
        self.scopes = RunScopes(scopes, self.store, claim)
        self.state, self.content = RunState(), Content()
        self.add(
            ev.RunStarted(team_version="v", plan_digest="p", input="i", mode="live", by="me", via="test")
        )

    def add(self, event: Any) -> Any:
        fold(self.state, event)
        return event

    def started(self, call: str, **more: Any) -> ev.ModelCallStarted:
        given: dict[str, Any] = {"agent": "writer", "reserved_cost": "0.1", "reserved_tokens": 100} | more
        return ev.ModelCallStarted(
            at=now_us(),
            path="a",
            call=call,
            turn=1,
            endpoint="e",
            model="m",
            dialect="native",
            append=(),
            request="r",
            idempotency_key=call,
            max_tokens=50,
            **given,
        )

    async def reserve(
        self, started: ev.ModelCallStarted, draft: list[ev.Event] | None = None, timeout_s: float = 60
    ) -> Any:
        """None once it is held, else what stands in its way."""
        dispatch: Any = SimpleNamespace(
            started=started,
            key=(started.call, started.attempt),
            request=SimpleNamespace(timeout_s=timeout_s),
        )
        return await self.scopes.reserve(dispatch, draft or [], self.state, self.content)

    def commit(self, *events: ev.Event) -> None:
        """`events` were folded, and are in the log now."""
        self.scopes.committed(list(events), self.state)

    def answered(self, call: str, cost: str | None, tokens: int = 10, **more: Any) -> ev.ModelCallCompleted:
        given: dict[str, Any] = {"status": "settled"} | more
        usage = ev.Usage(input_tokens=tokens)
        return ev.ModelCallCompleted(
            at=now_us(), path="a", call=call, message="m", charge=ev.Charge(cost=cost, usage=usage, **given)
        )
