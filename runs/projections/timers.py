"""Timers: when a parked run wants to be woken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from runs.engine import events as ev
from runs.engine.state import RunState
from runs.projections.base import Projection, Ref, Row, moment

ENDS = (
    ev.NodeCompleted,
    ev.NodeFailed,
    ev.NodeSkipped,
    ev.NodeCancelled,
    ev.RunCompleted,
    ev.RunFailed,
    ev.RunCancelled,
)


def rows(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    if isinstance(event, ev.TimerSet | ev.TimerFired):
        yield _row(state, event.path, event.key)
    elif isinstance(event, ev.ApprovalDecided | ev.ApprovalExpired):
        for key in state.node(event.path).timers:
            if key.startswith(f"{event.key}/"):
                yield _row(state, event.path, key)
    elif isinstance(event, ENDS):
        nodes = [state.node(event.path)] if event.path else list(state.nodes.values())
        for node in nodes:
            for key, timer in node.timers.items():
                if not timer.open:
                    yield _row(state, node.path, key)


def _row(state: RunState, path: str, key: str) -> Row:
    timer = state.node(path).timers[key]
    return _name(path, key), moment(timer.due_at), timer.open


def _name(path: str, key: str) -> str:
    """Short names as they are; of long ones, which begin alike, a digest of the key."""
    name = f"{path}\n{key}"
    return name if len(name) <= 240 else f"{path}\n{hashlib.sha256(key.encode()).hexdigest()[:40]}"


PROJECTION = Projection(
    table="runs_timer", columns={"key": "text", "due_at": "timestamptz", "open": "boolean"}, key=1, rows=rows
)
