"""More of `fold`'s table: how people and programs steer a run."""

from __future__ import annotations

from collections.abc import Iterable

from runs.engine import events as ev
from runs.engine.fold import next_instance, on, settle, write
from runs.engine.state import NodeStatus, RunState

SIGNAL = "signal"


@on(ev.PauseRequested)
def _(state: RunState, event: ev.PauseRequested) -> None:
    state.paused_by = event.by_name or "somebody"


@on(ev.ResumeRequested)
def _(state: RunState, event: ev.ResumeRequested) -> None:
    state.paused_by = ""


@on(ev.NodeRetried)
def _(state: RunState, event: ev.NodeRetried) -> None:
    _begin_anew(state, event.nodes)


@on(ev.OutputGiven)
def _(state: RunState, event: ev.OutputGiven) -> None:
    node = settle(state, event, NodeStatus.DONE)
    node.output, node.chosen, node.code, node.message, node.fatal = event.output, event.chosen, "", "", False
    _begin_anew(state, event.nodes)
    write(state, event)


@on(ev.SignalReceived)
def _(state: RunState, event: ev.SignalReceived) -> None:
    state.node(event.path).notes.setdefault(SIGNAL, event.payload)


def _begin_anew(state: RunState, nodes: Iterable[str]) -> None:
    """New instances of `nodes`, in a run that goes on even if it had failed."""
    for node_id in nodes:
        path = state.instance(node_id)
        before = state.nodes.get(path)
        if before is None:
            continue
        before.fatal = False
        state.forget_writes(path)
        state.instances[node_id] = next_instance(path)
        if before.parent == "" and before.given:  # the first of a round starts from the same
            after = state.node(state.instance(node_id))
            after.given, after.sources = before.given, before.sources
    state.ended = state.code = state.message = state.failed_node = ""
    state.ended_at = 0
