"""Spans: nodes, calls and waits with their times, for graph, timeline and search."""

from __future__ import annotations

from collections.abc import Iterator

from runs.engine import events as ev
from runs.engine.state import ApprovalState, Call, CallStatus, Node, NodeStatus, RunState
from runs.projections.base import Projection, Ref, Row, maybe, moment

NODE_WORD = {
    NodeStatus.RUNNING: "running",
    NodeStatus.DONE: "done",
    NodeStatus.FAILED: "failed",
    NodeStatus.SKIPPED: "skipped",
    NodeStatus.CANCELLED: "cancelled",
    NodeStatus.PENDING: "queued",
}
CALL_WORD = {
    CallStatus.REQUESTED: "queued",
    CallStatus.VETTED: "queued",
    CallStatus.DELEGATED: "running",
    CallStatus.STARTED: "running",
    CallStatus.COMPLETED: "done",
    CallStatus.FAILED: "failed",
    CallStatus.REFUSED: "failed",
    CallStatus.ABANDONED: "failed",
    CallStatus.DOUBT: "doubt",
}

ENDS = (
    ev.NodeCompleted,
    ev.NodeFailed,
    ev.NodeSkipped,
    ev.NodeCancelled,
    ev.OutputGiven,
    ev.RunCompleted,
    ev.RunFailed,
    ev.RunCancelled,
)


def rows(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    match event:
        case ev.NodeStarted() | ev.NodeCompleted() | ev.NodeFailed() | ev.NodeSkipped() | ev.NodeCancelled():
            note = event.note if isinstance(event, ev.NodeCompleted) else state.node(event.path).message
            yield _node(ref, state.node(event.path), note)
        case ev.LoopRepeated() | ev.OutputGiven():
            yield _node(
                ref,
                state.node(event.path),
                event.note if isinstance(event, ev.LoopRepeated) else event.comment,
            )
        case ev.ModelCallStarted() | ev.ModelCallCompleted() | ev.ModelCallFailed() | ev.CallAbandoned():
            yield _call(state, event)
        case ev.ToolCallStarted() | ev.ToolCallCompleted() | ev.ToolCallFailed() | ev.ToolCallInDoubt():
            yield _call(state, event)
        case ev.NodeReopened():
            yield _node(ref, state.node(event.path), "")
        case ev.ApprovalRequested() | ev.ApprovalDecided() | ev.ApprovalExpired():
            yield _wait(state.node(event.path).approvals[event.key])
    yield from _ended_along(ref, state, event)


def _ended_along(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    """What ended with this event without one of its own: nodes of a run that is over, withdrawn questions."""
    if not isinstance(event, ENDS):
        return
    for node in state.nodes.values() if not event.path else [state.node(event.path)]:
        if not event.path and node.ended_at == event.at:
            yield _node(ref, node, "")
        for approval in node.approvals.values():
            if approval.status == "withdrawn" and approval.decided_at == event.at:
                yield _wait(approval)


def _node(ref: Ref, node: Node, note: str) -> Row:
    return (
        node.path,
        "node",
        node.path,
        ref.plan.title(node.path)[:200],
        NODE_WORD[node.status],
        1,
        moment(node.started_at),
        maybe(node.ended_at),
        note[:500],
    )


def _call(state: RunState, event: ev.CallEvent) -> Row:
    call: Call = state.node(event.path).calls[event.call]
    return (
        f"{event.call}#{event.attempt}",
        call.kind,
        event.path,
        call.name[:200],
        CALL_WORD[call.status],
        event.attempt,
        moment(call.started_at or event.at),
        maybe(call.ended_at),
        call.message[:500] if call.status is CallStatus.FAILED else "",
    )


def _wait(approval: ApprovalState) -> Row:
    word = {
        "pending": "waiting",
        "reject": "failed",
        "abort": "failed",
        "expired": "failed",
        "withdrawn": "cancelled",
    }
    key = approval.key if approval.key.startswith(approval.path) else f"{approval.path}/{approval.key}"
    return (
        key,
        "wait",
        approval.path,
        approval.title[:200],
        word.get(approval.status, "done"),
        1,
        moment(approval.requested_at),
        maybe(approval.decided_at),
        approval.comment[:500],
    )


PROJECTION = Projection(
    table="runs_span",
    columns={
        "key": "text",
        "kind": "text",
        "path": "text",
        "name": "text",
        "status": "text",
        "attempt": "smallint",
        "started_at": "timestamptz",
        "ended_at": "timestamptz",
        "note": "text",
    },
    key=1,
    rows=rows,
)
