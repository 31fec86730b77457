"""The forms that set and change a shared budget."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from agents import queries as design
from agents.models import Agent, Team
from runs.budgets.models import Budget
from studio.workspaces.access import Member

LIMITS = {"cost": "cost_limit", "tokens": "token_limit", "calls": "call_limit", "seconds": "seconds_limit"}
WORKSPACE = "workspace"


class BudgetLimits(forms.Form):
    """What it allows. Empty limits are none; at least one has to be set."""

    cost = forms.DecimalField(
        label="Money", required=False, min_value=Decimal("0.0000000001"), max_digits=19, decimal_places=10
    )
    tokens = forms.IntegerField(label="Tokens", required=False, min_value=1, max_value=10**15)
    calls = forms.IntegerField(label="Model calls", required=False, min_value=1, max_value=10**12)
    seconds = forms.FloatField(
        label="Time",
        required=False,
        min_value=1,
        max_value=10**12,
        help_text="Of model calls, added up.",
    )
    soft = forms.IntegerField(
        label="Ask an admin at",
        required=False,
        min_value=1,
        max_value=99,
        help_text="Of each limit. Runs wait for the answer: go on up to the limit, or end there.",
    )
    unknown_prices = forms.BooleanField(
        label="Let calls of unknown price run",
        required=False,
        help_text="Under a money limit they stop the run, for nobody knows what they cost.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cost"].prefix_text = "$"  # type: ignore[attr-defined]
        self.fields["seconds"].unit = "seconds"  # type: ignore[attr-defined]
        self.fields["soft"].unit = "%"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and all(cleaned.get(name) is None for name in LIMITS):
            raise forms.ValidationError("Set at least one limit: money, tokens, calls or time.")
        return cleaned

    def limits(self) -> dict[str, Any]:
        """By the names of the model."""
        entered = self.cleaned_data
        return {column: entered[name] for name, column in LIMITS.items()} | {
            "soft_percent": entered["soft"],
            "unknown_prices_allowed": entered["unknown_prices"],
        }

    @staticmethod
    def values_of(budget: Budget) -> dict[str, Any]:
        cost = budget.cost_limit
        return {name: getattr(budget, column) for name, column in LIMITS.items()} | {
            "cost": None if cost is None else f"{cost.normalize():f}",
            "soft": budget.soft_percent,
            "unknown_prices": budget.unknown_prices_allowed,
        }


class NewBudget(BudgetLimits):
    """Whose it is and how often it begins anew, which stay as they are."""

    whose = forms.ChoiceField(label="For")
    period = forms.ChoiceField(
        label="Period",
        choices=[("day", "A day"), ("month", "A month"), ("total", "In all, without end")],
        help_text="Days and months begin at midnight UTC.",
    )
    field_order = ["whose", "period"]

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {str(team.pk): team for team in design.teams(member.workspace)}
        self.agents = {str(agent.pk): agent for agent in design.agents(member.workspace)}
        self.fields["whose"].choices = [  # type: ignore[attr-defined]
            (WORKSPACE, "The whole workspace"),
            ("Teams", [(f"team:{pk}", team.name) for pk, team in self.teams.items()]),
            ("Agents, in every team", [(f"agent:{pk}", agent.name) for pk, agent in self.agents.items()]),
        ]

    def budget(self) -> Budget:
        """Not saved yet."""
        scope, _, pk = self.cleaned_data["whose"].partition(":")
        team: Team | None = self.teams[pk] if scope == "team" else None
        agent: Agent | None = self.agents[pk] if scope == "agent" else None
        period = self.cleaned_data["period"]
        return Budget(scope=scope, team=team, agent=agent, period=period, **self.limits())
