"""The part of `fold` that is about limits: stops, raises, and what took too long."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from runs.engine import events as ev
from runs.engine.state import Budget, RunState


def budget_of(event: ev.RunStarted | ev.RunForked) -> Budget:
    return Budget(
        cost_limit=None if event.cost_limit is None else Decimal(event.cost_limit),
        token_limit=event.token_limit,
        call_limit=event.call_limit,
        seconds_limit=event.seconds_limit,
        soft_percent=event.soft_percent,
        changed_at=event.at,
    )


def _exceeded(state: RunState, event: ev.BudgetExceeded) -> None:
    budget = state.budget
    if not budget.blocked:
        budget.stops.append((event.at, 0))
    budget.blocked, budget.blocked_message, budget.blocked_scope = event.limit, event.message, event.scope


def _reopened(state: RunState, event: ev.BudgetReopened) -> None:
    if state.budget.blocked_scope == event.scope:
        _go_on(state.budget, event.at)


def _raised(state: RunState, event: ev.LimitsRaised) -> None:
    budget = state.budget
    _go_on(budget, event.at)
    budget.cost_limit = None if event.cost_limit is None else Decimal(event.cost_limit)
    budget.token_limit, budget.call_limit = event.token_limit, event.call_limit
    budget.seconds_limit, budget.soft_percent = event.seconds_limit, event.soft_percent
    budget.unknown_prices_allowed = event.unknown_prices_allowed
    budget.changed_at = event.at


def _go_on(budget: Budget, at: int) -> None:
    if budget.blocked:
        budget.stops[-1] = (budget.stops[-1][0], at)
    budget.blocked = budget.blocked_message = budget.blocked_scope = ""


def _too_slow(state: RunState, event: ev.LatencyBudgetExceeded) -> None:
    state.node(event.path).over_latency = True


HANDLERS: dict[type[ev.Event], Callable[[RunState, Any], None]] = {
    ev.BudgetExceeded: _exceeded,
    ev.BudgetReopened: _reopened,
    ev.LimitsRaised: _raised,
    ev.LatencyBudgetExceeded: _too_slow,
}
