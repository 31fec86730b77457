"""Deciding what a run asks: bound to the bytes the person saw, once, by somebody who may."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from agents.toolbox.arguments import BadArguments, validate_arguments
from agents.topology.problems import Problem
from runs.actions.appending import Locked, append, database_now_us, lock
from runs.actions.errors import BadInput, Refused
from runs.engine import events as ev
from runs.engine.state import ApprovalState
from runs.models import Approval
from studio import audit
from studio.workspaces.access import Member, Role

DECISIONS = {
    "gate": ("approve", "edit", "reject"),
    "tool": ("approve", "edit", "reject"),
    "doubt": ("retry", "done", "abort"),
    "miss": ("approve", "reject"),
}
EDIT_LIMIT = 200_000  # characters


@transaction.atomic
def decide_approval(
    *, actor: Member, approval: Approval, decision: str, digest: str, comment: str = "", edited: Any = None
) -> Approval:
    """Take `decision` on what hashes to `digest`. Raises Refused, BadInput, PermissionDenied.

    `edited` is what is approved instead: for a tool its arguments, for a gate the value that goes on.
    The same decision by the same person sent twice returns the first one.
    """
    actor.require(Role.OPERATOR)
    locked = lock(approval.run_id)
    path, key = approval.key.split("\n", 1)
    asked = locked.draft.state.node(path).approvals[key]
    if _is_repetition(asked, actor, decision, digest):
        return approval
    _check(asked, locked, actor, decision, digest)
    event = ev.ApprovalDecided(
        path=path,
        key=key,
        decision=decision,  # type: ignore[arg-type]
        subject=digest,
        by=str(actor.user.pk),
        by_name=str(actor.user),
        edited=_edited(asked, locked, decision, edited),
        comment=comment.strip()[:5_000],
    )
    if decision == "reject" and not event.comment:
        raise BadInput(
            [Problem("decision.reason", "Say why you reject it.", "Write a reason.", field="comment")]
        )
    append(locked, event, approvals=True)
    audit.record(actor, f"approval.{decision}", approval, run=str(approval.run_id), digest=digest)
    approval.refresh_from_db()
    return approval


def _is_repetition(asked: ApprovalState, actor: Member, decision: str, digest: str) -> bool:
    mine = asked.by == str(actor.user.pk)
    return mine and asked.status == decision and asked.subject == digest and asked.status != "pending"


def _check(asked: ApprovalState, locked: Locked, actor: Member, decision: str, digest: str) -> None:
    """Refuse what may not be decided (any more), by this person, in this way."""
    if asked.status != "pending":
        raise Refused("decided", _already(asked))
    if asked.deadline_at is not None and database_now_us() > asked.deadline_at:
        raise Refused("expired", "The deadline for this decision has passed.")
    if digest != asked.subject:
        raise Refused("changed", "What you saw is not what is asked now. Reload and look again.")
    if decision not in DECISIONS[asked.kind]:
        known = ", ".join(DECISIONS[asked.kind])
        raise Refused("decision", f"{decision!r} is not a decision here; choose one of {known}.")
    if actor.role < asked.least_role:
        raise PermissionDenied(
            f"This decision needs the role {Role(asked.least_role).label} or a higher one."
        )
    if not asked.launcher_may_decide and locked.draft.state.by == str(actor.user.pk):
        raise PermissionDenied("Whoever started this run may not decide this.")


def _already(asked: ApprovalState) -> str:
    if asked.status == "withdrawn":
        return "The run no longer needs this decision."
    if asked.status == "expired":
        return "The deadline for this decision has passed."
    words = {"approve": "approved", "edit": "edited and approved", "reject": "rejected"}
    return f"{asked.by_name} has already {words.get(asked.status, 'decided')} this."


def _edited(asked: ApprovalState, locked: Locked, decision: str, edited: Any) -> str:
    """Digest of what is approved instead, once it has been checked as the agent's own would be."""
    if decision not in ("edit", "done"):
        return ""
    if decision == "done" and edited is None:
        return ""
    if edited is None:
        raise BadInput(
            [Problem("edit.missing", "Nothing was edited.", "Change a field, or approve as asked.")]
        )
    text = json.dumps(edited, ensure_ascii=False)
    if len(text) > EDIT_LIMIT:
        raise BadInput(
            [Problem("edit.size", f"The edit is longer than {EDIT_LIMIT:,} characters.", "Shorten it.")]
        )
    if asked.kind == "tool":
        subject: Any = locked.load(asked.subject)
        try:
            validate_arguments(subject["parameters"], text)
        except BadArguments as error:
            raise BadInput(
                [
                    Problem("edit.arguments", sentence, "Correct the field.", field="edited")
                    for sentence in error.problems
                ]
            ) from error
    return locked.content.put(edited)
