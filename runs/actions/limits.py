"""Raising a run's limits, so that one parked by its budget goes on."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from agents.topology.graph import RunLimits
from runs.actions.appending import append, lock
from runs.actions.errors import Refused
from runs.engine import events as ev
from runs.engine.child_events import CHILD
from runs.engine.sharing import caps_of, grown, lacks, reservation
from runs.models import Run
from studio import audit
from studio.workspaces.access import Member, Role

NAMES = {
    "cost": "cost limit",
    "tokens": "token limit",
    "calls": "limit of model calls",
    "seconds": "time limit",
}


def as_recorded(limits: RunLimits) -> dict[str, Any]:
    """As the events that set or change a run's limits call them."""
    return {
        "cost_limit": limits.cost_usd,
        "token_limit": limits.tokens,
        "call_limit": limits.model_calls,
        "seconds_limit": limits.seconds,
        "soft_percent": limits.soft_percent,
    }


def raise_limits(*, actor: Member, run: Run, limits: RunLimits, unknown_prices_allowed: bool = False) -> None:
    """Replace the limits by `limits` (None: no limit) and let the run go on.

    Raises Refused once it ended, and of a sub-team's run where the one it works for has not as much left.
    """
    actor.require(Role.OPERATOR)
    if run.parent_id and not run.has_ended:
        _hold_back(actor, run, limits)
    _replace(actor, run, limits, unknown_prices_allowed)


@transaction.atomic
def _hold_back(actor: Member, child: Run, limits: RunLimits) -> None:
    """In the run it works for, and before it may use it. Done again, it changes nothing."""
    assert child.parent_id is not None
    parent = lock(child.parent_id)
    state, path = parent.draft.state, child.parent_path
    before = state.budget.reserved.get((path, 0))  # nothing once it has ended
    if state.ended or before is None or state.node(path).notes.get(CHILD) != str(child.pk):
        raise Refused("ended", "The run that this one works for does not wait for it any more.")
    if found := lacks(state, path, caps_of(limits)):
        limit, left = found
        raise Refused(
            "parent_limit",
            f"Run {parent.run.short_id}, which this one works for, has {left} left for it. "
            f"Enter at most that, or raise the {NAMES[limit]} of run {parent.run.short_id} first.",
        )
    event = ev.ChildLimitsRaised(
        path=path,
        child=str(child.pk),
        by=str(actor.user.pk),
        by_name=str(actor.user),
        cost_limit=limits.cost_usd,
        token_limit=limits.tokens,
        call_limit=limits.model_calls,
    )
    if grown(before, reservation(state.budget, event)) != before:
        append(parent, event)


@transaction.atomic
def _replace(actor: Member, run: Run, limits: RunLimits, unknown_prices_allowed: bool) -> None:
    locked = lock(run.pk)
    if locked.draft.state.ended:
        raise Refused("ended", "This run has ended; its limits cannot be changed any more.")
    event = ev.LimitsRaised(
        by=str(actor.user.pk),
        by_name=str(actor.user),
        unknown_prices_allowed=unknown_prices_allowed,
        **as_recorded(limits),
    )
    append(locked, event, approvals=True)
    audit.record(actor, "run.limits_raised", run, **limits.model_dump(mode="json"))
