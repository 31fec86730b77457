"""What a question to people wants while it waits, and how a policy becomes one. Shared by gates and tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agents.topology.policy import ROLES, Policy, reminder_times
from runs.engine import events as ev
from runs.engine.approval_events import EscalationStep
from runs.engine.approval_state import ApprovalState
from runs.engine.commands import Command, Record
from runs.engine.kind import NodeView
from runs.engine.state import TimerState


def as_asked(policy: Policy, view: NodeView) -> dict[str, Any]:
    """The policy's part of an ApprovalRequested. A rehearsal asks its launcher, and reminds nobody."""
    if view.run.mode == "simulated":
        return {
            "people": (view.run.by,) if view.run.by else (),
            "deadline_s": policy.deadline_s,
            "on_expiry": "fail" if policy.on_expiry == "fail" else "reject",
        }
    return {
        "people": tuple(policy.people),
        "groups": tuple(policy.groups),
        "least_role": ROLES[policy.least_role],
        "quorum": policy.quorum,
        "launcher_may_decide": policy.launcher_may_decide,
        "deadline_s": policy.deadline_s,
        "remind_after_s": tuple(reminder_times(policy)),
        "escalation": tuple(
            EscalationStep(
                after_s=step.after_s,
                people=tuple(step.people),
                groups=tuple(step.groups),
                least_role=ROLES[step.least_role or "operator"],
            )
            for step in policy.escalation
        ),
        "on_expiry": policy.on_expiry,
    }


def while_pending(view: NodeView, approval: ApprovalState) -> Iterator[Command]:
    """Timers for the deadline, reminders and escalation, and what follows when one of them has fired."""
    if _has_fired(view, approval, _deadline_key(approval)):
        yield Record(_on_deadline(view, approval))
        return
    if approval.deadline_s is not None:
        yield from _timer(view, approval, _deadline_key(approval), approval.deadline_s, "deadline")
    for at, after_s in enumerate(approval.remind_after_s, start=1):
        yield from _timer(view, approval, f"remind{at}", after_s, "reminder")
    for at, step in enumerate(approval.escalation):
        if step.after_s is not None:
            yield from _timer(view, approval, f"escalate{at}", step.after_s, "escalation")
    yield from _reminder(view, approval)
    yield from _escalation(view, approval)


def _on_deadline(view: NodeView, approval: ApprovalState) -> ev.Event:
    step = approval.next_step
    if approval.on_expiry != "escalate" or step is None:
        return ev.ApprovalExpired(path=view.path, key=approval.key)
    return ev.ApprovalEscalated(
        path=view.path, key=approval.key, step=step, because="deadline", deadline_s=approval.deadline_s
    )


def _reminder(view: NodeView, approval: ApprovalState) -> Iterator[Command]:
    """One for all that have become due."""
    due = [at for at, _ in enumerate(approval.remind_after_s, 1) if _has_fired(view, approval, f"remind{at}")]
    if due and due[-1] > approval.reminded:
        yield Record(ev.ApprovalReminded(path=view.path, key=approval.key, number=due[-1]))


def _escalation(view: NodeView, approval: ApprovalState) -> Iterator[Command]:
    """The furthest step that has become due; it takes those before it along."""
    due = [at for at, _ in enumerate(approval.escalation) if _has_fired(view, approval, f"escalate{at}")]
    if due and due[-1] >= approval.escalated:
        yield Record(ev.ApprovalEscalated(path=view.path, key=approval.key, step=due[-1], because="time"))


# ── timers ──────────────────────────────────────────────────────────────────────────────────────────
def _deadline_key(approval: ApprovalState) -> str:
    return f"deadline{approval.renewed or ''}"


def _find(view: NodeView, approval: ApprovalState, name: str) -> TimerState | None:
    timers = view.state.timers
    found = timers.get(f"{approval.key}/{name}")
    if found is None and approval.kind == "gate" and name == "deadline":
        return timers.get("deadline")  # set before timers were named after their question
    return found


def _has_fired(view: NodeView, approval: ApprovalState, name: str) -> bool:
    timer = _find(view, approval, name)
    return timer is not None and timer.fired


def _timer(
    view: NodeView, approval: ApprovalState, name: str, after_s: float, purpose: Any
) -> Iterator[Command]:
    if _find(view, approval, name) is None:
        key = f"{approval.key}/{name}"
        yield Record(ev.TimerSet(path=view.path, key=key, after_s=after_s, purpose=purpose))
