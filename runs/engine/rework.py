"""Sending back: the agent whose answer came to a gate goes on in its conversation, told what to change."""

from __future__ import annotations

from agents.topology.graph import EdgeKind
from runs.engine import events as ev
from runs.engine.approval_state import ApprovalState
from runs.engine.content import Content
from runs.engine.kind import NodeView, node_of
from runs.engine.model_turn import call_id
from runs.engine.state import Node, NodeStatus


def producer_of(view: NodeView) -> Node | None:
    """Who could do it again: the one node whose answer arrived here, if nobody else has used it.

    Its answer must be its own words of its last turn, and must not have been written into variables.
    """
    sources = view.live_sources()
    if len(sources) != 1:
        return None
    node, drawn = view.run.node(sources[0]), view.plan.node(sources[0])
    leads_on = [edge for edge in view.plan.view.flow_out(drawn.id) if edge.kind is EdgeKind.FLOW]
    alone = [edge.target for edge in leads_on] == [node_of(view.path)] and not leads_on[0].when
    if not view.plan.kind(node.path).goes_on or not alone or drawn.writes:
        return None
    last = node.calls.get(call_id(node.path, node.turns))
    answered = last is not None and bool(last.result) and not last.tools
    return node if answered and node.status is not NodeStatus.FAILED else None


def reopen(view: NodeView, approval: ApprovalState, content: Content) -> ev.Event:
    """The producer's next message: who sent it back and why."""
    producer = view.live_sources()[0]
    told = (
        f"{approval.by_name} read your answer and sent it back: {approval.comment}\n"
        "Do your task again with this in mind, and give your whole answer anew."
    )
    return ev.NodeReopened(path=producer, gate=view.path, key=approval.key, message=content.put(told))
