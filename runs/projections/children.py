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
    elif isinstance(event, ENDS):
        for node in [state.node(event.path)] if event.path else state.nodes.values():
            if CHILD in node.notes and CHILD_ENDED not in node.notes:
                yield _row(node, unwanted=True)


def _row(node: Node, *, unwanted: bool = False) -> Row:
    status = "ended" if CHILD_ENDED in node.notes else "unwanted" if unwanted else "wanted"
    return node.path, UUID(node.notes[CHILD]), status


PROJECTION = Projection(
    table="runs_childrun",
    columns={"path": "text", "child": "uuid", "status": "text"},
    key=1,
    rows=rows,
)
