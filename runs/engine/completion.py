"""The facts a command stands for. Of a completed node also: which of its edges hold, what it writes."""

from __future__ import annotations

from typing import Any

import msgspec

from agents.topology import rules, variables
from agents.topology.graph import EdgeKind
from runs.engine import events as ev
from runs.engine.commands import Compute, Record
from runs.engine.content import Content
from runs.engine.kind import NodeView
from runs.engine.plan import Plan
from runs.engine.state import RunState


def consequences(command: Record | Compute, plan: Plan, run: RunState, content: Content) -> list[ev.Event]:
    """The events to append. May raise ContentMissing."""
    if isinstance(command, Record):
        return _settled(command.event, NodeView(plan, run, command.event.path), content)
    view = NodeView(plan, run, command.path)
    computed = plan.kind(command.path).compute(command.what, command.call, view, content)
    return [event for found in list(computed) for event in _settled(found, view, content)]


def _settled(event: ev.Event, view: NodeView, content: Content) -> list[ev.Event]:
    """`event`, or what it becomes for a node with rules on its edges or with writes."""
    if not isinstance(event, ev.NodeCompleted) or view.id not in view.plan.settling:
        return [event]
    context = view.context(content) | {"output": content.get(event.output)}
    try:
        written = _writes(view, context)
    except (rules.RuleError, variables.DoesNotFit) as error:
        return [ev.NodeFailed(path=event.path, code="variable", message=str(error)[:500])]
    found: list[ev.Event] = []
    if written:
        digests = {name: content.put(value) for name, value in written.items()}
        found.append(ev.VariablesWritten(path=event.path, writes=digests, order=view.place()))
        context["vars"] = view.variables(content, digests)
    return [*found, _chosen(event, view, context)]


def _writes(view: NodeView, context: dict[str, Any]) -> dict[str, Any]:
    written = {name: rules.value_of(rule, context) for name, rule in view.plan.node(view.path).writes.items()}
    for name, value in written.items():
        variables.check_write(view.plan.variables[name], value)
    return written


def _chosen(event: ev.NodeCompleted, view: NodeView, context: dict[str, Any]) -> ev.NodeCompleted:
    """With the edges whose rules hold; one without a rule always does. A rule that fails does not hold."""
    edges = [edge for edge in view.plan.view.flow_out(view.id) if edge.kind is EdgeKind.FLOW]
    if event.chosen is not None or not any(edge.when for edge in edges):
        return event
    taken, remarks = [], [event.note] if event.note else []
    for edge in edges:
        try:
            if not edge.when or rules.evaluate(edge.when, context):
                taken.append(edge.id)
        except rules.RuleError as error:
            remarks.append(f"{edge.when}: {error}")
    return msgspec.structs.replace(event, chosen=tuple(taken), note="; ".join(remarks)[:500])
