"""More of `fold`'s table: calls held at their endpoint, calls that go to another model or agent."""

from __future__ import annotations

from runs.engine import events as ev
from runs.engine.fold import on
from runs.engine.state import Hold, RunState


@on(ev.ModelCallHeld)
def _(state: RunState, event: ev.ModelCallHeld) -> None:
    hold = state.node(event.path).holds.setdefault(event.call, Hold(event.call))
    hold.agent, hold.endpoint, hold.code = event.agent, event.endpoint, event.code
    hold.message, hold.after_s = event.message, event.after_s
    hold.count += 1
    hold.strikes += event.code == "breaker_open"


@on(ev.FellBack)
def _(state: RunState, event: ev.FellBack) -> None:
    node = state.node(event.path)
    node.choice, node.forgiven = event.choice, node.corrections
    if hold := node.holds.get(event.call):
        hold.code, hold.message, hold.after_s, hold.strikes = "", "", None, 0
    if call := node.calls.get(event.call):
        call.failures = 0
    if event.agent:
        node.agent, node.first_turn, node.opened = event.agent, node.turns + 1, len(node.transcript)
