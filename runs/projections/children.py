"""Child runs: which runs of sub-teams this one wants, so that none is lost, and none goes on in vain."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from runs.engine import events as ev
from runs.engine.child_events import CHILD, CHILD_ENDED
from runs.engine.state import Node, RunState
from runs.projections.base import Projection, Ref, Row

ENDS = (
    ev.NodeCompleted,
    ev.NodeFailed,
    ev.NodeCancelled,
    ev.OutputGiven,
    ev.RunCompleted,
    ev.RunFailed,
    ev.RunCancelled,
)


def rows(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    if isinstance(event, ev.ChildRunStarted | ev.ChildRunEnded):
        yield _row(state.node(event.path))
    elif isinstance(event, ev.PauseRequested | ev.ResumeRequested):
        for path in state.running:
            if CHILD in state.node(path).notes and CHILD_ENDED not in state.node(path).notes:
                yield _row(state.node(path), paused=bool(state.paused_by))
    elif isinstance(event, ENDS):
        for node in [state.node(event.path)] if event.path else state.nodes.values():
            if CHILD in node.notes and CHILD_ENDED not in node.notes:
                yield _row(node, unwanted=True)


def _row(node: Node, *, unwanted: bool = False, paused: bool = False) -> Row:
    open_ = "unwanted" if unwanted else "paused" if paused else "wanted"
    status = "ended" if CHILD_ENDED in node.notes else open_
    return node.path, UUID(node.notes[CHILD]), status


PROJECTION = Projection(
    table="runs_childrun",
    columns={"path": "text", "child": "uuid", "status": "text"},
    key=1,
    rows=rows,
)
