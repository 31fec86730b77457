"""Budgets as pages show them: every limit with what is spent and reserved of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count

from runs.budgets.models import Budget, BudgetWait
from studio.web.figures import duration, money, tokens
from studio.workspaces.models import Workspace

NAMES = {"cost": "Money", "token": "Tokens", "call": "Model calls", "seconds": "Time"}
TINY = {"cost": 0, "token": 0, "call": 0, "seconds": 1e-6}  # what adding and taking away may leave
SUMS = {"cost": "cost", "token": "tokens", "call": "calls", "seconds": "seconds"}


@dataclass(frozen=True)
class Bar:
    """One limit of a budget. Numbers are of its own unit; `words` writes one."""

    kind: str
    spent: Any
    reserved: Any
    limit: Any
    soft_percent: int | None

    @property
    def name(self) -> str:
        return NAMES[self.kind]

    def words(self, value: Any) -> str:
        match self.kind:
            case "cost":
                return money(value)
            case "token":
                return tokens(int(value))
            case "seconds":
                return duration(value)
            case _:
                return f"{value:,}"

    @property
    def spent_words(self) -> str:
        return self.words(self.spent)

    @property
    def reserved_words(self) -> str:
        return self.words(self.reserved) if self.reserved > TINY[self.kind] else ""

    @property
    def limit_words(self) -> str:
        return self.words(self.limit)

    @property
    def soft_words(self) -> str:
        """Where a person is asked."""
        soft = self.soft_percent and Decimal(str(self.limit)) * self.soft_percent / 100
        return self.words(soft if self.kind == "cost" else float(soft)) if soft else ""

    @property
    def over_words(self) -> str:
        """What was billed beyond the limit."""
        return self.words(self.spent - self.limit) if self.spent > self.limit else ""

    @property
    def tone(self) -> str:
        """The colour of its meter."""
        share = float(self.spent) / float(self.limit)
        if share >= 1:
            return "failed"
        return "warning" if share >= (self.soft_percent or 80) / 100 else ""


@dataclass(frozen=True)
class BudgetRow:
    """A budget with its limits, and how many runs wait before it."""

    budget: Budget
    bars: list[Bar]
    waiting: int = 0

    @property
    def period(self) -> str:
        return {"day": "today", "month": "this month"}.get(self.budget.period, "in all")


def bars_of(budget: Budget) -> list[Bar]:
    found = []
    for kind, column in SUMS.items():
        limit = getattr(budget, f"{kind}_limit")
        if limit is not None:
            spent, reserved = getattr(budget, f"spent_{column}"), getattr(budget, f"reserved_{column}")
            found.append(Bar(kind, spent, reserved, limit, budget.soft_percent))
    return found


def budget_rows(workspace: Workspace) -> list[BudgetRow]:
    """All of a workspace, its own first, then by name: two queries."""
    budgets = Budget.objects.filter(workspace=workspace).select_related("team", "agent")
    waits = BudgetWait.objects.filter(open=True, budget__in=budgets.values("pk")).values_list("budget")
    waiting: dict[UUID, int] = dict(waits.annotate(number=Count("*")))
    order = [Budget.Scope.WORKSPACE, Budget.Scope.TEAM, Budget.Scope.AGENT]
    listed = sorted(budgets, key=lambda one: (order.index(Budget.Scope(one.scope)), one.subject, one.period))
    return [BudgetRow(one, bars_of(one), waiting.get(one.pk, 0)) for one in listed]


def day_bar(workspace: Workspace) -> Bar | None:
    """What the whole workspace may spend in money today; None where nobody said."""
    found = Budget.objects.filter(workspace=workspace, scope=Budget.Scope.WORKSPACE, period=Budget.Period.DAY)
    budget = found.exclude(cost_limit=None).first()
    return bars_of(budget)[0] if budget else None
