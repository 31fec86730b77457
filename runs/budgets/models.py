"""Budgets that runs share, and what calls in flight hold of them. Rows only where somebody set a limit.

Money is dollars. `spent_…` are the sums of this period; `reserved_…` the sums of the holds; both change under
the row's lock only, so that what is spent and reserved never passes a limit, however many workers there are.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Budget(models.Model):
    """What a team's runs, an agent in any run, or the whole workspace may use up in a period."""

    class Scope(models.TextChoices):
        WORKSPACE = "workspace", "The workspace"
        TEAM = "team", "A team"
        AGENT = "agent", "An agent, in every team"

    class Period(models.TextChoices):
        DAY = "day", "a day"
        MONTH = "month", "a month"
        TOTAL = "total", "in all"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="budgets")
    scope = models.CharField(max_length=12, choices=Scope.choices, default=Scope.WORKSPACE)
    team = models.ForeignKey("agents.Team", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(
        "agents.Agent", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    period = models.CharField(max_length=8, choices=Period.choices, default=Period.DAY)  # in UTC
    cost_limit = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    token_limit = models.BigIntegerField(null=True, blank=True)
    call_limit = models.BigIntegerField(null=True, blank=True)
    seconds_limit = models.FloatField(null=True, blank=True)  # of model calls, added up
    soft_percent = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(99)]
    )  # of each limit: there a person is asked
    unknown_prices_allowed = models.BooleanField(default=False)
    created_by = models.ForeignKey("studio.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now_add=True)  # its limits, or what was decided about them

    window_start = models.DateTimeField(default=BEGINNING)
    spent_cost = models.DecimalField(max_digits=24, decimal_places=12, default=Decimal(0))
    spent_tokens = models.BigIntegerField(default=0)
    spent_calls = models.BigIntegerField(default=0)
    spent_seconds = models.FloatField(default=0)
    unknown_calls = models.IntegerField(default=0)  # of unknown cost, in this period
    assumed_cost = models.DecimalField(max_digits=24, decimal_places=12, default=Decimal(0))
    assumed_tokens = models.BigIntegerField(default=0)  # part of spent: the bounds of calls nobody knows
    reserved_cost = models.DecimalField(max_digits=24, decimal_places=12, default=Decimal(0))
    reserved_tokens = models.BigIntegerField(default=0)
    reserved_calls = models.BigIntegerField(default=0)
    reserved_seconds = models.FloatField(default=0)
    passed = models.CharField(max_length=40, blank=True)  # limits that may pass the soft one, this period
    refused = models.CharField(max_length=150, blank=True)  # who decided that it ends there, this period
    asked_run = models.UUIDField(null=True, blank=True)  # the run in which people are asked now
    asked_key = models.TextField(blank=True)  # the path and key of that question
    asked_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(
        null=True, blank=True
    )  # when its sums were last compared with the ledger

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "period"], condition=Q(scope="workspace"), name="budget_workspace_once"
            ),
            models.UniqueConstraint(
                fields=["team", "period"], condition=Q(scope="team"), name="budget_team_once"
            ),
            models.UniqueConstraint(
                fields=["agent", "period"], condition=Q(scope="agent"), name="budget_agent_once"
            ),
        ]

    def __str__(self) -> str:
        """Such as "Blog pipeline, a day"."""
        return f"{self.subject}, {self.get_period_display()}"

    @property
    def subject(self) -> str:
        """What it is the budget of, by name."""
        match self.scope:
            case Budget.Scope.TEAM:
                return str(self.team)
            case Budget.Scope.AGENT:
                return str(self.agent)
            case _:
                return "The workspace"


class BudgetHold(models.Model):
    """What one call in flight may use at most of one budget; gone once the call is settled."""

    pk = models.CompositePrimaryKey("budget_id", "run_id", "call", "attempt")
    budget = models.ForeignKey(
        Budget, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="holds"
    )
    run_id = models.UUIDField()
    call = models.CharField(max_length=1000)
    attempt = models.PositiveSmallIntegerField()
    epoch = models.PositiveIntegerField()  # of the worker that made it
    cost = models.DecimalField(max_digits=24, decimal_places=12)
    tokens = models.BigIntegerField()
    seconds = models.FloatField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["run_id"], name="budget_hold_of_run")]

    def __str__(self) -> str:
        return f"{self.call} #{self.attempt}"


class BudgetWait(models.Model):
    """Projection: a run that stands before a shared budget, and what its next call needs of it."""

    pk = models.CompositePrimaryKey("run_id", "key")
    run = models.ForeignKey(
        "runs.Run", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    key = models.CharField(max_length=8)  # always "now": a run stands before one budget at a time
    budget = models.UUIDField(null=True)  # perhaps removed since
    what = models.CharField(max_length=8)  # the limit: cost, tokens, calls, seconds, price or soft
    cost = models.DecimalField(max_digits=24, decimal_places=12, null=True)  # null: of unknown price
    tokens = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    open = models.BooleanField(default=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["budget", "at"], condition=Q(open=True), name="budget_wait_open")]

    def __str__(self) -> str:
        return f"{self.run_id} waits for {self.budget}"
