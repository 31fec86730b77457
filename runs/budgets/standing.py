"""A budget's row as the engine's arithmetic reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from runs.budgets.models import Budget
from runs.engine.budget import Amount, Caps, Standing

PERIODS = {"day": " for today", "month": " for this month", "total": ""}


def whose(scope: str, period: str, team: str | None, agent: str | None) -> str:
    """The beginning of a sentence about it, such as "The workspace's budget for today"."""
    owner = {"team": f"The budget of the team {team}", "agent": f"The budget of the agent {agent}"}
    return owner.get(scope, "The workspace's budget") + PERIODS[period]


@dataclass(frozen=True)
class Locked:
    """One budget whose row is locked, as the LOCK statement gives it."""

    id: UUID
    standing: Standing
    asked_run: UUID | None
    asked_key: str
    is_stale: bool  # a new period has begun since


def locked(row: tuple[Any, ...]) -> Locked:
    standing = Standing(
        caps=Caps(*row[3:8]),
        spent=Amount(*row[9:13]),
        reserved=Amount(*row[13:17]),
        whose=whose(row[1], row[2], row[21], row[22]),
        unknown_prices_allowed=row[8],
        passed=frozenset(row[17].split()),
        refused=row[18],
    )
    return Locked(row[0], standing, row[19], row[20], row[23])


def standing_of(budget: Budget) -> Standing:
    """The same of a row as Django reads it."""
    return Standing(
        caps=Caps(
            budget.cost_limit,
            budget.token_limit,
            budget.call_limit,
            budget.seconds_limit,
            budget.soft_percent,
        ),
        spent=Amount(budget.spent_cost, budget.spent_tokens, budget.spent_calls, budget.spent_seconds),
        reserved=Amount(
            budget.reserved_cost, budget.reserved_tokens, budget.reserved_calls, budget.reserved_seconds
        ),
        whose=whose(budget.scope, budget.period, str(budget.team), str(budget.agent)),
        unknown_prices_allowed=budget.unknown_prices_allowed,
        passed=frozenset(budget.passed.split()),
        refused=budget.refused,
    )
