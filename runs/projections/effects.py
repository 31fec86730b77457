"""Tool effects: every dispatched tool call, its idempotency key and what is known of it."""

from __future__ import annotations

from collections.abc import Iterator

from runs.engine import events as ev
from runs.engine.state import CallStatus, RunState
from runs.projections.base import Projection, Ref, Row, moment

WORD = {
    CallStatus.STARTED: "started",
    CallStatus.COMPLETED: "done",
    CallStatus.FAILED: "failed",
    CallStatus.ABANDONED: "abandoned",
    CallStatus.DOUBT: "doubt",
    CallStatus.REFUSED: "given up",
}
TOOLS = ("reads", "idempotent", "writes")  # not what other agents are asked
ABOUT = (
    ev.ToolCallStarted,
    ev.ToolCallCompleted,
    ev.ToolCallFailed,
    ev.ToolCallInDoubt,
    ev.ToolCallRefused,
    ev.CallAbandoned,
)


def rows(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    if not isinstance(event, ABOUT):
        return
    call = state.node(event.path).calls[event.call]
    if call.kind != "tool" or not call.started_at or call.effect not in TOOLS:
        return
    approval = f"{call.id}/ask" if f"{call.id}/ask" in state.node(event.path).approvals else ""
    yield (
        event.call,
        call.name[:48],
        call.effect,
        call.idempotency_key,
        "reused" if call.reused else WORD[call.status],
        approval,
        moment(call.started_at),
    )


PROJECTION = Projection(
    table="runs_tooleffect",
    columns={
        "call": "text",
        "tool": "text",
        "effect": "text",
        "idempotency_key": "text",
        "status": "text",
        "approval": "text",
        "at": "timestamptz",
    },
    key=1,
    rows=rows,
)
