"""A graph with its look-ups made once: neighbours, order, ancestors. Shared by validator and engine."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from agents.topology.graph import Edge, EdgeKind, Graph, Node

CARRIES = frozenset({EdgeKind.FLOW, EdgeKind.ERROR})  # the edges that control flows along


class GraphView:
    """Tolerates what is broken: edges to missing nodes are left out, cycles have no order."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: dict[str, Node] = {node.id: node for node in graph.nodes}
        self.edges: dict[str, Edge] = {
            edge.id: edge for edge in graph.edges if edge.source in self.nodes and edge.target in self.nodes
        }
        self.incoming: dict[str, list[Edge]] = defaultdict(list)
        self.outgoing: dict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges.values():
            self.outgoing[edge.source].append(edge)
            self.incoming[edge.target].append(edge)

    def flow_in(self, node: str) -> list[Edge]:
        return self._flow_in.get(node, [])

    def flow_out(self, node: str) -> list[Edge]:
        return self._flow_out.get(node, [])

    @cached_property
    def _flow_in(self) -> dict[str, list[Edge]]:
        return {node: [e for e in edges if e.kind in CARRIES] for node, edges in self.incoming.items()}

    @cached_property
    def _flow_out(self) -> dict[str, list[Edge]]:
        return {node: [e for e in edges if e.kind in CARRIES] for node, edges in self.outgoing.items()}

    @cached_property
    def order(self) -> list[str]:
        """Node ids so that every flow or error edge points forward; nodes on cycles are missing."""
        waiting = {node: len(self.flow_in(node)) for node in self.nodes}
        ready = [node for node in self.nodes if waiting[node] == 0]
        ordered: list[str] = []
        while ready:
            node = ready.pop(0)
            ordered.append(node)
            for edge in self.flow_out(node):
                waiting[edge.target] -= 1
                if waiting[edge.target] == 0:
                    ready.append(edge.target)
        return ordered

    @cached_property
    def on_cycles(self) -> list[str]:
        """Nodes that take part in a cycle (Tarjan would name each cycle; the set is enough to point at)."""
        forward = set(self.order)
        rest = {node for node in self.nodes if node not in forward}
        changed = True
        while changed:  # what merely lies behind a cycle is not on it
            leaves = {n for n in rest if not any(edge.target in rest for edge in self.flow_out(n))}
            changed = bool(leaves)
            rest -= leaves
        return [node for node in self.nodes if node in rest]

    @cached_property
    def ancestors(self) -> dict[str, frozenset[str]]:
        """For each ordered node, every node whose output can have come before it."""
        before: dict[str, frozenset[str]] = {}
        for node in self.order:
            parents = {edge.source for edge in self.flow_in(node)}
            before[node] = frozenset(parents).union(*(before[parent] for parent in parents))
        return before

    def reachable(self, start: str, *, backward: bool = False) -> set[str]:
        seen, stack = {start}, [start]
        while stack:
            node = stack.pop()
            edges = self.flow_in(node) if backward else self.flow_out(node)
            for edge in edges:
                other = edge.source if backward else edge.target
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        return seen
