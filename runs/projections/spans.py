"""Spans: nodes, calls and waits with their times, for graph, timeline and search."""

from __future__ import annotations

from collections.abc import Iterator

from runs.engine import events as ev
from runs.engine.state import Call, CallStatus, NodeStatus, RunState
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
    CallStatus.STARTED: "running",
    CallStatus.COMPLETED: "done",
    CallStatus.FAILED: "failed",
    CallStatus.REFUSED: "failed",
    CallStatus.ABANDONED: "failed",
    CallStatus.DOUBT: "doubt",
}


def rows(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    match event:
        case ev.NodeStarted() | ev.NodeCompleted() | ev.NodeFailed() | ev.NodeSkipped() | ev.NodeCancelled():
            yield _node(ref, state, event)
        case ev.ModelCallStarted() | ev.ModelCallCompleted() | ev.ModelCallFailed() | ev.CallAbandoned():
            yield _call(state, event)
        case ev.ToolCallStarted() | ev.ToolCallCompleted() | ev.ToolCallFailed() | ev.ToolCallInDoubt():
            yield _call(state, event)
        case ev.ApprovalRequested() | ev.ApprovalDecided() | ev.ApprovalExpired():
            yield _wait(state, event)


def _node(ref: Ref, state: RunState, event: ev.Event) -> Row:
    node = state.node(event.path)
    note = event.note if isinstance(event, ev.NodeCompleted) else node.message
    return (
        event.path,
        "node",
        event.path,
        ref.plan.title(event.path),
        NODE_WORD[node.status],
        1,
        moment(node.started_at or event.at),
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


def _wait(state: RunState, event: ev.ApprovalRequested | ev.ApprovalDecided | ev.ApprovalExpired) -> Row:
    approval = state.node(event.path).approvals[event.key]
    word = {"pending": "waiting", "reject": "failed", "abort": "failed", "expired": "failed"}
    key = event.key if event.key.startswith(event.path) else f"{event.path}/{event.key}"
    return (
        key,
        "wait",
        event.path,
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
