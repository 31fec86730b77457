"""Shared budgets, and calls that are held against them, without a run or its log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from django.utils import timezone

from runs.budgets.models import Budget
from runs.execute.store import Store
from studio.workspaces.access import Member
from tests.runs.budget_calls import Caller
from tests.runs.live_team import owner
from tests.workers import Fleet


def alone(fleet: Fleet) -> Member:
    """Nobody sweeps: these calls have no log to be compared with."""
    for name in list(fleet.processes):
        fleet.kill(name)
    return owner()


def budget(actor: Member, **fields: Any) -> Budget:
    start = fields.pop("window_start", timezone.now().replace(hour=0, minute=0, second=0, microsecond=0))
    return Budget.objects.create(workspace=actor.workspace, window_start=start, **fields)


def known(*budgets: Budget) -> list[tuple[str, str | None, str | None]]:
    return [
        (str(one.pk), str(one.team_id) if one.team_id else None, one.agent.key if one.agent else None)
        for one in budgets
    ]


def in_loop(work: Callable[[Store], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        store = Store()
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(whole())


def caller(store: Store, actor: Member, *budgets: Budget, **more: Any) -> Caller:
    team = next((one.team_id for one in budgets if one.team_id), actor.workspace.pk)
    return Caller(store, actor.workspace.pk, team, known(*budgets), **more)


def read(one: Budget) -> Budget:
    one.refresh_from_db()
    return one
