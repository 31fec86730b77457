"""Shared budgets to look at: with room, near their soft limit, used up; and a run that stands before one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from agents.models import Agent, Team
from runs.actions.budgets import set_budget
from runs.budgets.models import Budget
from runs.engine import events as ev
from runs.models import Run
from studio.workspaces.access import Member
from tests.runs.factory import Script
from tests.runs.scenes import opening, policy


def some(member: Member) -> dict[str, str]:
    """The ids of a budget, and of a run that it stops."""
    workspace = member.workspace
    day = _set(member, cost_limit=Decimal("0.25"), token_limit=500_000, soft_percent=80)
    _set(member, period="month", cost_limit=Decimal(40), call_limit=2_000)
    team = Team.objects.filter(workspace=workspace, name="Support desk").first()
    agent = Agent.objects.filter(workspace=workspace).order_by("name").first()
    tight = _set(member, scope="team", team=team, cost_limit=Decimal("0.012"), soft_percent=50)
    _set(member, scope="agent", agent=agent, period="total", token_limit=1_000_000, seconds_limit=3_600.0)
    _hold(day, Decimal("0.03"), 42_000)
    return {"budget": str(day.pk), "run_shared": str(_stopped(member, tight).pk)}


def many(member: Member) -> None:
    """One for every team and agent there is."""
    for at, team in enumerate(Team.objects.filter(workspace=member.workspace).order_by("name")[:12]):
        used = Decimal(at) / 5
        made = _set(
            member, scope="team", team=team, cost_limit=Decimal(2), token_limit=10**7, soft_percent=70
        )
        _hold(made, used / 4, 1_000 * at)
    for agent in Agent.objects.filter(workspace=member.workspace).order_by("name")[:12]:
        _set(member, scope="agent", agent=agent, period="month", call_limit=10_000)


def _set(member: Member, **fields: Any) -> Budget:
    return set_budget(actor=member, budget=Budget(**fields))


def _hold(budget: Budget, cost: Decimal, tokens: int) -> None:
    Budget.objects.filter(pk=budget.pk).update(reserved_cost=cost, reserved_tokens=tokens, reserved_calls=3)


def _stopped(member: Member, budget: Budget) -> Run:
    script = Script(member.workspace, member.user, ago_s=200)
    policy(opening(script, cost_limit=None, latency_s=60.0)).node("refund")
    script.add(ev.LatencyBudgetExceeded(path="policy", limit_s=5.0, elapsed_s=5.0))
    script.add(ev.LatencyBudgetExceeded(limit_s=60.0, elapsed_s=60.0))
    words = "the next call may cost $0.004; $0.0003 of $0.012 is left."
    message = f"The budget of the team Support desk for today: {words}"
    return script.add(
        ev.BudgetExceeded(
            path="refund",
            limit="cost",
            message=message,
            call="refund/m1",
            scope=str(budget.pk),
            need_cost="40",
            need_tokens=4_000,
        )
    ).commit()
