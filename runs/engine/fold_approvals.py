"""What is true after somebody was asked, or said something: more of `fold`'s table."""

from __future__ import annotations

from runs.engine import events as ev
from runs.engine.approval_state import ApprovalState, Vote
from runs.engine.fold import on
from runs.engine.state import Node, NodeStatus, RunState


@on(ev.ApprovalRequested)
def _(state: RunState, event: ev.ApprovalRequested) -> None:
    state.node(event.path).approvals[event.key] = ApprovalState(
        key=event.key,
        path=event.path,
        kind=event.kind,
        title=event.title,
        subject=event.subject,
        call=event.call,
        reason=event.reason,
        least_role=event.least_role,
        launcher_may_decide=event.launcher_may_decide,
        requested_at=event.at,
        deadline_at=_after(event, event.deadline_s),
        on_expiry=event.on_expiry,
        people=event.people,
        groups=event.groups,
        quorum=event.quorum,
        deadline_s=event.deadline_s,
        remind_after_s=event.remind_after_s,
        escalation=event.escalation,
        may_send_back=event.may_send_back,
    )


@on(ev.ApprovalVoted)
def _(state: RunState, event: ev.ApprovalVoted) -> None:
    approval = state.node(event.path).approvals[event.key]
    approval.votes.append(Vote(event.by, event.by_name, event.at, event.comment))


@on(ev.ApprovalEdited)
def _(state: RunState, event: ev.ApprovalEdited) -> None:
    approval = state.node(event.path).approvals[event.key]
    approval.before, approval.subject, approval.edited = event.subject, event.becomes, event.edited
    approval.votes = [Vote(event.by, event.by_name, event.at, event.comment)]


@on(ev.ApprovalDecided)
def _(state: RunState, event: ev.ApprovalDecided) -> None:
    approval = _end(state.node(event.path), event.key, event.decision, event.at)
    approval.edited, approval.comment = event.edited, event.comment
    approval.by, approval.by_name = event.by, event.by_name


@on(ev.ApprovalExpired)
def _(state: RunState, event: ev.ApprovalExpired) -> None:
    _end(state.node(event.path), event.key, "expired", event.at)


@on(ev.ApprovalReminded)
def _(state: RunState, event: ev.ApprovalReminded) -> None:
    approval = state.node(event.path).approvals[event.key]
    approval.reminded, approval.reminded_at = event.number, event.at


@on(ev.ApprovalEscalated)
def _(state: RunState, event: ev.ApprovalEscalated) -> None:
    approval = state.node(event.path).approvals[event.key]
    approval.escalated, approval.escalated_at = event.step + 1, event.at
    if event.deadline_s is not None:
        approval.deadline_at = _after(event, event.deadline_s)
        approval.renewed += 1


@on(ev.NodeReopened)
def _(state: RunState, event: ev.NodeReopened) -> None:
    """Its conversation goes on, as after an answer that did not fit; its latency is counted anew."""
    node = state.node(event.path)
    node.status, node.ended_at = NodeStatus.RUNNING, 0
    state.running[event.path] = None
    node.rejected_turn, node.forgiven = node.turns, node.corrections
    node.notes[f"correction {node.turns}"] = event.message
    node.timers = {key: timer for key, timer in node.timers.items() if timer.purpose != "latency"}
    state.node(event.gate).approvals[event.key].used = True


def _end(node: Node, key: str, status: str, at: int) -> ApprovalState:
    approval = node.approvals[key]
    approval.status, approval.decided_at = status, at
    for timer in node.timers.values():
        if timer.key.startswith(f"{key}/"):
            timer.open = False
    return approval


def _after(event: ev.Event, seconds: float | None) -> int | None:
    return None if seconds is None else event.at + int(seconds * 1e6)
