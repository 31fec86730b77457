"""Problems of nodes that run other nodes: workers, peers, and loops. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from agents.topology.graph import Edge, EdgeKind
from agents.topology.problems import Problem
from agents.topology.registry import kinds
from agents.topology.view import CARRIES, RUNS, GraphView, Loop


def problems(view: GraphView) -> Iterator[Problem]:
    for edge in view.edges.values():
        if edge.kind in RUNS:
            yield from _target(view, edge)
        yield from _carried(view, edge)
    yield from _circles(view)
    for node in view.nodes.values():
        kind = kinds().get(node.kind)
        if kind is not None and kind.loops:
            yield from _loop(view, node.id)


def _target(view: GraphView, edge: Edge) -> Iterator[Problem]:
    target = view.nodes[edge.target]
    kind = kinds().get(target.kind)
    if kind is None:
        return
    source = view.nodes[edge.source].title
    if edge.kind is EdgeKind.HANDOFF and not kind.ports.peers:
        yield Problem(
            "edge.cannot_run",
            f"{target.title} cannot take over from {source}: it is no agent.",
            "Lead the edge to an agent, or delete it.",
            edge.source,
            edge.id,
        )
    elif edge.kind is EdgeKind.DELEGATES and not kind.ports.works:
        yield Problem(
            "edge.cannot_run",
            f"{target.title} cannot work for {source}: {kind.title} nodes have their place in the flow, "
            "and nothing flows inside a delegation.",
            f"Put it before or after {source}, or into a sub-team that works for {source}.",
            edge.source,
            edge.id,
        )
    elif edge.kind is EdgeKind.DELEGATES and view.flow_in(edge.target):
        yield Problem(
            "worker.in_flow",
            f"{target.title} works for {view.nodes[edge.source].title} and also has a place in the flow.",
            "Delete the edges of the flow that lead to it, or the one that delegates.",
            target.id,
        )
    if edge.kind is EdgeKind.DELEGATES and view.flow_out(edge.target):
        yield Problem(
            "worker.leads_on",
            f"{target.title} works for {view.nodes[edge.source].title}, where its result goes back to.",
            "Delete the edges that lead on from it.",
            target.id,
        )


def _carried(view: GraphView, edge: Edge) -> Iterator[Problem]:
    """What an edge of its kind cannot carry is passed over."""
    if edge.kind is EdgeKind.DELEGATES and edge.carries != "output":
        why = "whoever delegates writes what is asked"
    elif edge.kind in CARRIES and edge.carries == "conversation":
        why = "only hand-overs carry a conversation"
    else:
        return
    yield Problem(
        "edge.carries",
        f"What the edge from {view.nodes[edge.source].title} to {view.nodes[edge.target].title} carries "
        f"has no effect: {why}.",
        "Let it carry the output.",
        edge.source,
        edge.id,
        "carries",
        severity="warning",
    )


def _circles(view: GraphView) -> Iterator[Problem]:
    """A node that runs itself through others, and those they hand over to, would do so without end."""
    for node in view.nodes.values():
        seen: set[str] = set()
        stack = view.workers(node.id)
        while stack:
            worker = stack.pop()
            if worker == node.id:
                yield Problem(
                    "worker.circle",
                    f"{node.title} would end up working for itself.",
                    "Delete one of the delegating or hand-over edges of the circle.",
                    node.id,
                )
                break
            if worker not in seen:
                seen.add(worker)
                stack += [*view.workers(worker), *view.peers(worker)]


def _loop(view: GraphView, node: str) -> Iterator[Problem]:
    title = view.nodes[node].title
    loop = view.loops.get(node)
    if loop is None:
        yield Problem(
            "loop.no_back",
            f"{title} leads nowhere back, so nothing is repeated.",
            "Draw an edge from it to the node where each round begins.",
            node,
        )
        return
    if len([edge for edge in view.back_edges.values() if edge.source == node]) > 1:
        yield Problem(
            "loop.many_backs", f"{title} leads back to several nodes.", "Keep one of these edges.", node
        )
    if not [edge for edge in view.flow_out(node) if edge.kind is EdgeKind.FLOW]:
        yield Problem(
            "loop.no_exit",
            f"{title} only leads back: the loop has no exit.",
            "Draw an edge from it to what comes after the loop.",
            node,
        )
    yield from _crossings(view, loop)


def _crossings(view: GraphView, loop: Loop) -> Iterator[Problem]:
    """A loop is entered at its first node and left at its last, so that a round is whole."""
    title = view.nodes[loop.end].title
    for node in loop.body:
        for edge in view.flow_in(node):
            if node != loop.start and edge.source not in loop.body:
                yield Problem(
                    "loop.entered",
                    f"{view.nodes[edge.source].title} leads into the middle of the loop of {title}.",
                    f"Lead it to {view.nodes[loop.start].title}, where each round begins.",
                    node,
                    edge.id,
                )
        for edge in view.flow_out(node):
            if node != loop.end and edge.kind is EdgeKind.FLOW and edge.target not in loop.body:
                yield Problem(
                    "loop.left",
                    f"{view.nodes[node].title} leads out of the loop of {title} past it.",
                    f"Lead it to {title}, which decides when the loop ends.",
                    node,
                    edge.id,
                )
