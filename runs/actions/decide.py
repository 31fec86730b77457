"""Deciding what a run asks: bound to the bytes the person saw, once, by people who may."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from agents.toolbox.arguments import BadArguments, validate_arguments
from agents.topology import schemas
from agents.topology.json_text import is_too_deep, storable
from agents.topology.problems import Problem
from runs.actions.appending import Locked, append, database_now_us, lock
from runs.actions.errors import BadInput, Refused
from runs.approvals.eligible import able, marks
from runs.approvals.sources import schema_at
from runs.approvals.words import named
from runs.engine import events as ev
from runs.engine.approval_state import ApprovalState
from runs.engine.kind import NodeView
from runs.engine.tool_turn import why_ask
from runs.models import Approval
from studio import audit
from studio.workspaces.access import Member, Role

DECISIONS = {
    "gate": ("approve", "edit", "send_back", "reject"),
    "question": ("answer", "reject"),
    "tool": ("approve", "edit", "send_back", "reject"),
    "doubt": ("retry", "done", "abort"),
    "miss": ("approve", "reject"),
    "budget": ("approve", "reject"),
}
EDIT_LIMIT = 200_000  # characters
NEEDS_COMMENT = {"reject": "Say why you reject it.", "send_back": "Say what should change."}
PAST = {
    "answer": "answered",
    "approve": "approved",
    "edit": "edited and approved",
    "reject": "rejected",
    "send_back": "sent back",
}


@transaction.atomic
def decide_approval(
    *, actor: Member, approval: Approval, decision: str, digest: str, comment: str = "", edited: Any = None
) -> Approval:
    """Take `decision` on what hashes to `digest`. Raises PermissionDenied, Refused, BadInput.

    `edited` is what is approved instead: for a tool its arguments, for a gate the value that goes on. Where
    several have to approve, this is one of their votes, and the approval may still be pending afterwards.
    The same decision by the same person sent twice returns the first one.
    """
    actor.require(Role.OPERATOR)
    if is_too_deep(edited):
        raise BadInput([Problem("edit.deep", "The edit is nested too deeply.", "Flatten it.")])
    locked = lock(approval.run_id)
    path, key = approval.key.split("\n", 1)
    asked = locked.draft.state.node(path).approvals[key]
    _let_in(asked, locked, actor)
    if _is_repetition(asked, locked, actor, decision, digest, edited):
        return approval
    _check(asked, decision, digest)
    said = storable(comment.strip())[:5_000]
    if decision in NEEDS_COMMENT and not said:
        problem = Problem("decision.reason", NEEDS_COMMENT[decision], "Write a reason.", field="comment")
        raise BadInput([problem])
    event = _event(asked, locked, actor, decision, said, edited)
    append(locked, event, approvals=True)
    audit.record(actor, f"approval.{decision}", approval, run=str(approval.run_id), digest=digest)
    approval.refresh_from_db()
    return approval


# ── who ─────────────────────────────────────────────────────────────────────────────────────────────
def _let_in(asked: ApprovalState, locked: Locked, actor: Member) -> None:
    """Raises PermissionDenied for whoever may not decide this, whatever they want to decide."""
    if not asked.launcher_may_decide and locked.draft.state.by == str(actor.user.pk):
        raise PermissionDenied("Whoever started this run may not decide this.")
    if marks(actor).isdisjoint(asked.audience):
        raise PermissionDenied(not_yours(asked.people, asked.groups, asked.least_role))


def not_yours(people: Any, groups: Any, least_role: int) -> str:
    """Why somebody who is not asked may not decide."""
    if not people and not groups:
        return f"This decision needs the role {Role(least_role).label} or a higher one."
    role = f" with the role {Role(least_role).label} or a higher one" if least_role > Role.OPERATOR else ""
    return f"Only {named(people, groups, least_role)}{role} may decide this."


def _votes(asked: ApprovalState, locked: Locked, actor: Member) -> int:
    """How many people approve what is asked now, the actor included. Who may no longer counts not."""
    others = {vote.by for vote in asked.votes} - {str(actor.user.pk)}
    still = able(actor.workspace, asked.audience, only=others) if others else []
    return 1 + len(still)


# ── whether ─────────────────────────────────────────────────────────────────────────────────────────
def _is_repetition(
    asked: ApprovalState, locked: Locked, actor: Member, decision: str, digest: str, edited: Any
) -> bool:
    """Whether this person has sent this before: a vote, an edit that others vote on, or the decision."""
    me = str(actor.user.pk)
    voted = any(vote.by == me for vote in asked.votes)
    if decision == "edit" and asked.before:
        same = edited is not None and locked.content.put(edited) == asked.edited
        return voted and digest == asked.before and same
    if digest != asked.subject:
        return False
    if decision == "approve" and voted:
        return True
    final = "edit" if decision == "approve" and asked.before else decision
    return asked.by == me and asked.status == final


def _check(asked: ApprovalState, decision: str, digest: str) -> None:
    """Refuse what may not be decided any more, or not in this way."""
    if asked.status != "pending":
        raise Refused("decided", _already(asked))
    late = asked.deadline_at is not None and database_now_us() > asked.deadline_at
    if late and not asked.may_escalate:
        raise Refused("expired", "The deadline for this decision has passed.")
    if digest != asked.subject:
        raise Refused("changed", "What you saw is not what is asked now. Reload and look again.")
    if decision not in DECISIONS[asked.kind]:
        known = ", ".join(DECISIONS[asked.kind])
        raise Refused("decision", f"{decision!r} is not a decision here; choose one of {known}.")
    if decision == "send_back" and not asked.may_send_back:
        raise Refused("decision", "This cannot be sent back (any more): approve, edit or reject it.")


def _already(asked: ApprovalState) -> str:
    if asked.status == "withdrawn":
        return "The run no longer needs this decision."
    if asked.status == "expired":
        return "The deadline for this decision has passed."
    return f"{asked.by_name} has already {PAST.get(asked.status, 'decided')} this."


# ── what follows ────────────────────────────────────────────────────────────────────────────────────
def _event(
    asked: ApprovalState, locked: Locked, actor: Member, decision: str, comment: str, edited: Any
) -> ev.Event:
    """A vote, an edit that others have to approve as well, or the decision."""
    about: dict[str, Any] = {
        "path": asked.path,
        "key": asked.key,
        "subject": asked.subject,
        "by": str(actor.user.pk),
        "by_name": str(actor.user),
        "comment": comment,
    }
    if decision == "approve":
        if _votes(asked, locked, actor) < asked.quorum:
            return ev.ApprovalVoted(**about)
        return ev.ApprovalDecided(
            **about, decision="edit" if asked.edited else "approve", edited=asked.edited
        )
    changed = _edited(asked, locked, decision, edited)
    if decision == "edit" and asked.quorum > 1 and _asks_again(asked, locked, edited):
        becomes = _subject_with(asked, locked, edited)
        return ev.ApprovalEdited(**about, becomes=becomes, edited=changed)
    return ev.ApprovalDecided(**about, decision=decision, edited=changed)  # type: ignore[arg-type]


def _asks_again(asked: ApprovalState, locked: Locked, edited: Any) -> bool:
    """Whether what was changed needs everybody's approval: a tool's rule is asked again."""
    if asked.kind != "tool":
        return True
    tool = locked.plan.team.tools[_subject(asked, locked)["tool"]]
    return bool(why_ask(tool.spec, edited))


def _subject(asked: ApprovalState, locked: Locked) -> dict[str, Any]:
    found = locked.load(asked.subject)
    return found if isinstance(found, dict) else {}


def _subject_with(asked: ApprovalState, locked: Locked, edited: Any) -> str:
    """The digest of what is asked once it was changed."""
    place = "value" if asked.kind == "gate" else "arguments"
    return locked.content.put(_subject(asked, locked) | {place: edited})


def _edited(asked: ApprovalState, locked: Locked, decision: str, edited: Any) -> str:
    """Digest of what is approved instead, once it has been checked as the agent's own would be."""
    if decision not in ("edit", "answer", "done") or (decision == "done" and edited is None):
        return ""
    if edited is None:
        message = "There is no answer." if decision == "answer" else "Nothing was edited."
        raise BadInput([Problem("edit.missing", message, "Fill in a field.", field="edited")])
    text = json.dumps(edited, ensure_ascii=False)
    if len(text) > EDIT_LIMIT:
        message = f"The edit is longer than {EDIT_LIMIT:,} characters."
        raise BadInput([Problem("edit.size", message, "Shorten it.")])
    wrong = _misfits(asked, locked, edited, text)
    if wrong:
        raise BadInput(
            [Problem("edit.arguments", one, "Correct the field.", field="edited") for one in wrong]
        )
    return locked.content.put(edited)


def _misfits(asked: ApprovalState, locked: Locked, edited: Any, text: str) -> list[str]:
    if asked.kind == "gate":
        schema = schema_at(NodeView(locked.plan, locked.draft.state, asked.path))
        return schemas.errors(schema, edited) if schema else []
    if asked.kind == "question":
        return schemas.errors(_subject(asked, locked)["schema"], edited)
    if asked.kind != "tool":
        return []
    try:
        validate_arguments(_subject(asked, locked)["parameters"], text)
    except BadArguments as error:
        return list(error.problems)
    return []
