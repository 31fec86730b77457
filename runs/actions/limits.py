"""Raising a run's limits, so that one parked by its budget goes on."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from agents.topology.graph import RunLimits
from runs.actions.appending import append, lock
from runs.actions.errors import Refused
from runs.engine import events as ev
from runs.models import Run
from studio import audit
from studio.workspaces.access import Member, Role


def as_recorded(limits: RunLimits) -> dict[str, Any]:
    """As the events that set or change a run's limits call them."""
    return {
        "cost_limit": limits.cost_usd,
        "token_limit": limits.tokens,
        "call_limit": limits.model_calls,
        "seconds_limit": limits.seconds,
        "soft_percent": limits.soft_percent,
    }


@transaction.atomic
def raise_limits(*, actor: Member, run: Run, limits: RunLimits, unknown_prices_allowed: bool = False) -> None:
    """Replace the limits by `limits` (None: no limit) and let the run go on. Raises Refused once it ended."""
    actor.require(Role.OPERATOR)
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
