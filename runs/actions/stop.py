"""Stopping a run."""

from __future__ import annotations

from django.db import transaction

from agents.topology.json_text import storable
from runs.actions.appending import append, lock
from runs.engine import events as ev
from runs.models import Run
from studio import audit
from studio.workspaces.access import Member, Role


@transaction.atomic
def cancel_run(*, actor: Member, run: Run, reason: str = "") -> bool:
    """Ask for the run to stop; what is in flight is aborted. False: it had ended or was stopping already."""
    actor.require(Role.OPERATOR)
    locked = lock(run.pk)
    state = locked.draft.state
    if state.ended or state.cancel_requested:
        return False
    said = storable(reason)[:500]
    append(locked, ev.CancelRequested(by=str(actor.user.pk), reason=said), approvals=True)
    audit.record(actor, "run.cancelled", run, reason=said)
    return True
