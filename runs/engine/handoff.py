"""Handoff edges: an agent passes the whole job to a peer. One is active; the answer is the last one's.

The peer runs as a child of the agent that handed over, which ends when the peer does: hand-offs are counted
along that line, and passing to and fro between two is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from agents.toolbox.arguments import BadArguments, validate_arguments
from agents.topology.graph import EdgeKind
from agents.topology.problems import KEY_LENGTH
from runs.engine import events as ev
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.dialects.base import Offer
from runs.engine.kind import LONGEST_PATH, NodeView
from runs.engine.state import Call, CallStatus, NodeStatus

PREFIX = "transfer_to_"
EFFECT: Final = "hands over"
TO_AND_FRO = 4  # agents in a row that are two in turn
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "message": {
            "type": "string",
            "maxLength": 20_000,
            "description": "What they need to know to go on.",
        }
    },
    "required": ["message"],
    "additionalProperties": False,
}


def peer_of(view: NodeView, tool: str) -> str:
    peer = tool.removeprefix(PREFIX)
    return peer if tool.startswith(PREFIX) and peer in view.plan.view.peers(view.id) else ""


def offers(view: NodeView) -> Iterator[Offer]:
    for peer in view.plan.view.peers(view.id):
        if not _objection(view, peer):
            about = f"Hand the whole job over to {view.plan.kinds[peer].introduce(view.plan, peer)}"
            yield Offer(PREFIX + peer, about, PARAMETERS)


def line(view: NodeView) -> list[NodeView]:
    """The agents that had the job, the first ahead, this one last."""
    found = [view]
    while (before := found[-1].state).parent:
        above = NodeView(view.plan, view.run, before.parent)
        call = above.state.calls.get(before.path.rpartition("/")[0])
        if call is None or call.effect != EFFECT:
            break
        found.append(above)
    return found[::-1]


def _objection(view: NodeView, peer: str) -> str:
    """Why the job may not go to `peer`; empty when it may."""
    had = line(view)
    most = had[0].config.max_handoffs
    if len(had) > most:
        return f"The job was handed over {len(had) - 1} times; no more is allowed. Answer it yourself."
    if len(view.path) > LONGEST_PATH - 2 * KEY_LENGTH:
        return "The job was passed on too often to be passed on again. Answer it yourself."
    last = [*(had_it.id for had_it in had), peer][-TO_AND_FRO:]
    if len(last) == TO_AND_FRO and last[0] == last[2] != last[1] == last[3]:
        return (
            f"You and {view.plan.title(peer)} have passed the job to and fro. Answer it yourself, "
            "with what is known by now."
        )
    return ""


def vet(view: NodeView, call: Call, content: Content) -> ev.Event:
    chosen = [c for c in view.state.calls.values() if c.effect == EFFECT and c.turn == call.turn]
    message = _objection(view, peer_of(view, call.name))
    if chosen:
        message = f"The job goes to {view.plan.title(peer_of(view, chosen[0].name))}; it cannot go to two."
    arguments: dict[str, Any] = {}
    if not message:
        try:
            arguments = validate_arguments(PARAMETERS, str(content.get(call.arguments)))
        except BadArguments as error:
            message = str(error)
    if message:
        return ev.ToolCallRefused(
            path=view.path,
            call=call.id,
            tool=call.name[:100],
            code="no_handoff",
            message=message,
            result=content.put({"error": message}),
        )
    return ev.ToolCallVetted(
        path=view.path, call=call.id, tool=call.name, arguments=content.put(arguments), effect=EFFECT
    )


def steps(view: NodeView, call: Call) -> Iterator[Command]:
    """Once everything else the agent asked for in this turn is settled."""
    if call.status is CallStatus.VETTED:
        yield Compute(view.path, "hand over", call.id)
    elif call.status is CallStatus.DELEGATED and _peer(view, call).state.settled:
        yield Compute(view.path, "handed over", call.id)


def _peer(view: NodeView, call: Call) -> NodeView:
    return NodeView(view.plan, view.run, f"{call.id}/{peer_of(view, call.name)}")


def compute(what: str, view: NodeView, call: Call, content: Content) -> Iterator[ev.Event]:
    peer = _peer(view, call)
    if what == "hand over":
        given = content.put(_given(view, call, content))
        yield ev.NodeStarted(path=peer.path, parent=view.path, given=given)
        return
    if peer.state.status is NodeStatus.DONE:
        yield ev.ToolCallCompleted(path=view.path, call=call.id, result=peer.state.output)
        yield ev.NodeCompleted(path=view.path, output=peer.state.output, note=f"{peer.title} took over")
    else:
        message = f"{peer.title}, who took over, did not finish: {peer.state.message}"[:500]
        yield ev.NodeFailed(path=view.path, code=peer.state.code or "handoff", message=message)


def _given(view: NodeView, call: Call, content: Content) -> str:
    """What the edge lets through: the message; with it the job; with that all that was said."""
    carries = _carries(view, peer_of(view, call.name))
    parts = []
    if carries != "nothing":
        parts.append(f"The job:\n{content.text_of(content.get(line(view)[0].arrival()))}")
    if carries == "conversation":
        said = [text for agent in line(view) for text in _said(agent, content)]
        if said:
            parts.append("What was said:\n" + "\n".join(said))
    parts.append(f"{view.title} hands over to you:\n{content.get(call.arguments)['message']}")
    return "\n\n".join(parts)


def _carries(view: NodeView, peer: str) -> str:
    edges = [
        edge
        for edge in (*view.plan.view.outgoing[view.id], *view.plan.view.incoming[view.id])
        if edge.kind is EdgeKind.HANDOFF and peer in (edge.source, edge.target)
    ]
    return edges[0].carries if edges else "output"


def _said(agent: NodeView, content: Content) -> Iterator[str]:
    """The agent's own words, without what it was told and the results of its tools."""
    for call in agent.state.calls.values():
        if call.kind == "model" and call.result:
            words = str(content.get(call.result).get("content") or "").strip()
            if words:
                yield f"{agent.title}: {words}"
