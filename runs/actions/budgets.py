"""Setting, changing and removing the budgets that runs share, and letting a run try again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.topology.problems import Problem
from runs.actions.errors import BadInput, Refused
from runs.budgets.models import Budget, BudgetWait
from runs.budgets.sums import begin
from runs.budgets.upkeep import reopen, wake
from runs.models import Run
from studio import audit
from studio.workspaces.access import Member, Role

LIMITS = ("cost_limit", "token_limit", "call_limit", "seconds_limit")
FIELDS = (*LIMITS, "soft_percent", "unknown_prices_allowed")


def set_budget(*, actor: Member, budget: Budget) -> Budget:
    """Save a new budget of the actor's workspace. Raises BadInput, PermissionDenied.

    What its period has used so far counts from the first moment. Runs at work keep to it within a heartbeat.
    """
    actor.require(Role.ADMIN)
    _check(budget)
    budget.workspace, budget.created_by = actor.workspace, actor.user
    try:
        with transaction.atomic():
            budget.save(force_insert=True)
            begin(budget)
            audit.record(actor, "budget.set", budget, **_facts(budget))
    except IntegrityError as error:
        raise BadInput(
            [
                Problem(
                    "budget.twice", "There is a budget of this for this period already.", "Change that one."
                )
            ]
        ) from error
    return budget


@transaction.atomic
def change_budget(*, actor: Member, budget: Budget, **limits: Any) -> None:
    """Change limits (FIELDS); runs that fit now go on. A refused soft limit is asked about anew."""
    actor.require(Role.ADMIN)
    locked = Budget.objects.select_for_update().get(pk=budget.pk)
    before = _facts(locked)
    for name in FIELDS:
        setattr(locked, name, limits.get(name, getattr(locked, name)))
    _check(locked)
    if _facts(locked) == before:
        return
    locked.passed, locked.refused, locked.changed_at = "", "", timezone.now()
    locked.save(update_fields=[*FIELDS, "passed", "refused", "changed_at"])
    changed = {name: value for name, value in _facts(locked).items() if value != before[name]}
    audit.record(actor, "budget.changed", locked, **changed)
    _wake_soon(budget.pk)


@transaction.atomic
def remove_budget(*, actor: Member, budget: Budget) -> None:
    """Runs that it stopped go on."""
    actor.require(Role.ADMIN)
    pk = budget.pk
    audit.record(actor, "budget.removed", budget, **_facts(budget))
    Budget.objects.filter(pk=pk).delete()
    _wake_soon(pk)


def try_again(*, actor: Member, run: Run) -> None:
    """Let a run that a shared budget stopped look again, as after a price was set. Raises Refused."""
    actor.require(Role.OPERATOR)
    scope = stopped_by(run)
    if scope is None or not reopen(run.pk, scope, "asked to", str(actor.user)):
        raise Refused("not_stopped", "This run does not wait for a shared budget any more.")


def stopped_by(run: Run) -> UUID | None:
    """The shared budget the run stands before."""
    return BudgetWait.objects.filter(run=run, open=True).values_list("budget", flat=True).first()


def _wake_soon(budget: UUID) -> None:
    """Once this is committed; those that are left over are the sweeper's."""
    transaction.on_commit(lambda: wake(budget), robust=True)  # it must have a name to be logged


def _facts(budget: Budget) -> dict[str, Any]:
    """What is said of it in the audit trail."""
    facts = {name: getattr(budget, name) for name in FIELDS}
    if budget.cost_limit is not None:
        facts["cost_limit"] = f"{budget.cost_limit.normalize():f}"
    return facts


def _check(budget: Budget) -> None:
    if all(getattr(budget, name) is None for name in LIMITS):
        raise BadInput(
            [Problem("budget.empty", "A budget without a limit limits nothing.", "Set at least one limit.")]
        )
