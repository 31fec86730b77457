"""Logs of approvals with a whole policy: votes, edits, reminders, escalation, sending back."""

from __future__ import annotations

from typing import Any

from runs.engine import events as ev
from runs.engine.approval_events import EscalationStep
from tests.runs import scenes
from tests.runs.factory import Script

QUORUM: dict[str, Any] = {
    "quorum": 2,
    "groups": ("Finance",),
    "people": ("operator@example.org",),
    "launcher_may_decide": False,
    "deadline_s": 14_400.0,
    "remind_after_s": (3_600.0, 10_800.0),
    "escalation": (EscalationStep(after_s=7_200.0, least_role=50), EscalationStep(people=("boss",))),
    "on_expiry": "escalate",
    "may_send_back": True,
}
SUBJECT: dict[str, Any] = {"kind": "gate", "title": "Send it?", "instructions": "", "from": []}


def asks(script: Script, **policy: Any) -> Script:
    """The gate asks under a policy."""
    scenes.branches_done(script).node("gate")
    subject = SUBJECT | {"value": "Dear customer"}
    return script.request_approval("gate", "ask", "gate", "Send it?", subject, **(QUORUM | policy))


def vote(script: Script, by: str, name: str, comment: str = "", key: str = "ask") -> Script:
    subject = script.state.node("gate").approvals[key].subject
    return script.add(
        ev.ApprovalVoted(path="gate", key=key, subject=subject, by=by, by_name=name, comment=comment)
    )


def everything(script: Script) -> Script:
    """Asked, reminded, escalated twice, approved by one, edited, sent back, done again, approved by two."""
    asks(script)
    for at, after_s in enumerate((3_600.0, 10_800.0), start=1):
        timer = f"ask/remind{at}"
        script.add(ev.TimerSet(path="gate", key=timer, after_s=after_s, purpose="reminder"))
    script.add(ev.TimerSet(path="gate", key="ask/escalate0", after_s=7_200.0, purpose="escalation"))
    script.add(ev.TimerFired(path="gate", key="ask/remind1"))
    script.add(ev.ApprovalReminded(path="gate", key="ask", number=1))
    script.add(ev.ApprovalEscalated(path="gate", key="ask", step=0, because="time"))
    vote(script, "1", "Ann", "Looks right.")
    script.add(ev.ApprovalEscalated(path="gate", key="ask", step=1, because="deadline", deadline_s=14_400.0))
    before = script.state.node("gate").approvals["ask"].subject
    script.add(
        ev.ApprovalEdited(
            path="gate",
            key="ask",
            subject=before,
            becomes=script.put(SUBJECT | {"value": "Dear Ada"}),
            edited=script.put("Dear Ada"),
            by=str(script.user.pk),
            by_name=str(script.user),
            comment="By her name.",
        )
    )
    _decide(script, "ask", "send_back", "Shorter, please.")
    message = script.put("Shorter, please.")
    script.add(ev.NodeReopened(path="writer", gate="gate", key="ask", message=message))
    script.answer("writer", script.ask("writer", [{"role": "user", "content": "Shorter"}]), "Dear Ada!")
    script.done("writer", "Dear Ada!")
    subject = SUBJECT | {"value": "Dear Ada!", "round": 2}
    script.request_approval("gate", "ask2", "gate", "Send it?", subject, **QUORUM)
    vote(script, "1", "Ann", key="ask2")
    return _decide(script, "ask2", "approve", "")


def _decide(script: Script, key: str, decision: Any, comment: str) -> Script:
    return script.add(
        ev.ApprovalDecided(
            path="gate",
            key=key,
            decision=decision,
            subject=script.state.node("gate").approvals[key].subject,
            by=str(script.user.pk),
            by_name=str(script.user),
            comment=comment,
        )
    )
