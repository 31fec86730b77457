"""A graph with its look-ups made once: neighbours, order, ancestors. Shared by validator and engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from agents.topology.graph import Edge, EdgeKind, Graph, Node
from agents.topology.registry import kinds

CARRIES = frozenset({EdgeKind.FLOW, EdgeKind.ERROR})  # the edges that control flows along
RUNS = frozenset({EdgeKind.DELEGATES, EdgeKind.HANDOFF})  # the edges along which one node runs another


@dataclass(frozen=True)
class Loop:
    """What goes round: the node at `end` decides, `back` leads to `start`; `body` is in order, both in it."""

    start: str
    end: str
    back: Edge
    body: tuple[str, ...]


class GraphView:
    """Tolerates what is broken: edges to missing nodes are left out, cycles have no order.

    An edge that leads back from a loop node is not among the flow: it says where the next round begins.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: dict[str, Node] = {node.id: node for node in graph.nodes}
        self.edges: dict[str, Edge] = {
            edge.id: edge for edge in graph.edges if edge.source in self.nodes and edge.target in self.nodes
        }
        self.incoming: dict[str, list[Edge]] = {node: [] for node in self.nodes}
        self.outgoing: dict[str, list[Edge]] = {node: [] for node in self.nodes}
        for edge in self.edges.values():
            self.outgoing[edge.source].append(edge)
            self.incoming[edge.target].append(edge)

    def flow_in(self, node: str) -> list[Edge]:
        return self._flow_in.get(node, [])

    def flow_out(self, node: str) -> list[Edge]:
        return self._flow_out.get(node, [])

    @cached_property
    def _flow_in(self) -> dict[str, list[Edge]]:
        return {node: [e for e in edges if self._flows(e)] for node, edges in self.incoming.items()}

    @cached_property
    def _flow_out(self) -> dict[str, list[Edge]]:
        return {node: [e for e in edges if self._flows(e)] for node, edges in self.outgoing.items()}

    def _flows(self, edge: Edge) -> bool:
        return edge.kind in CARRIES and edge.id not in self.back_edges

    def workers(self, node: str) -> list[str]:
        """The nodes that `node` runs as it needs, in the order of their edges."""
        return self._led_to(node, EdgeKind.DELEGATES)

    def peers(self, node: str) -> list[str]:
        """The nodes that `node` may hand over to. A handoff edge goes both ways."""
        back = [e.source for e in self.incoming[node] if e.kind is EdgeKind.HANDOFF]
        return list(dict.fromkeys([*self._led_to(node, EdgeKind.HANDOFF), *back]))

    def _led_to(self, node: str, kind: EdgeKind) -> list[str]:
        return list(dict.fromkeys(edge.target for edge in self.outgoing[node] if edge.kind is kind))

    @cached_property
    def spawned(self) -> frozenset[str]:
        """Nodes that never start by themselves: others run them."""
        return frozenset(
            node
            for node in self.nodes
            if not self.flow_in(node) and any(edge.kind in RUNS for edge in self.incoming[node])
        )

    @cached_property
    def back_edges(self) -> dict[str, Edge]:
        """Edges from loop nodes to a node on the way to them: they close a circle that has an exit."""
        looping = {node for node, n in self.nodes.items() if (kind := kinds().get(n.kind)) and kind.loops}
        found: dict[str, Edge] = {}
        done: set[str] = set()
        for start in self.nodes if looping else ():
            if start in done or any(edge.kind in CARRIES for edge in self.incoming[start]):
                continue
            path, stack = [start], [iter(self.outgoing[start])]
            on_path = {start}
            while stack:
                edge = next(stack[-1], None)
                if edge is None:
                    stack.pop()
                    left = path.pop()
                    on_path.discard(left)
                    done.add(left)
                elif edge.kind not in CARRIES or edge.target in done:
                    continue
                elif edge.target in on_path:
                    if edge.source in looping and edge.kind is EdgeKind.FLOW:
                        found[edge.id] = edge
                else:
                    path.append(edge.target)
                    on_path.add(edge.target)
                    stack.append(iter(self.outgoing[edge.target]))
        return found

    @cached_property
    def loops(self) -> dict[str, Loop]:
        """By the node that decides. The body is what lies on a way from the first node to it."""
        found = {}
        for edge in self.back_edges.values():
            within = self.reachable(edge.target) & self.reachable(edge.source, backward=True)
            body = tuple(node for node in self.order if node in within)
            found[edge.source] = Loop(edge.target, edge.source, edge, body)
        return found

    def loops_around(self, node: str) -> list[Loop]:
        """The loops that `node` is in, outermost first."""
        around = [loop for loop in self.loops.values() if node in loop.body]
        return sorted(around, key=lambda loop: len(loop.body), reverse=True)

    @cached_property
    def readable(self) -> dict[str, frozenset[str]]:
        """For each node, those whose outputs its texts may name: what can have come before it.

        In a loop that is every node of it, from the round before; a node that others run reads what they may.
        """
        found: dict[str, frozenset[str]] = {}

        def of(node: str, seen: frozenset[str]) -> frozenset[str]:
            if node in found:
                return found[node]
            names = set(self.ancestors.get(node, ()))
            for loop in self.loops_around(node):
                names.update(loop.body)
            for edge in self.incoming[node]:
                if edge.kind in RUNS and edge.source not in seen:
                    names |= of(edge.source, seen | {node})
            return frozenset(names)

        for node in self.nodes:
            found[node] = of(node, frozenset({node}))
        return found

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
        """Along the flow, `start` included."""
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
