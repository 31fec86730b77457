"""A published version made ready to run: look-ups, parsed configurations, what a join may cancel."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from typing import Any, cast

from agents.topology.graph import EdgeKind, Node, PinnedAgent, PinnedTeam, PinnedTool
from agents.topology.registry import kinds
from agents.topology.view import GraphView
from runs.engine.kind import Kind, node_of


class Plan:
    """Immutable once built; shared by all runs of one version in a process. Paths name instances of nodes."""

    def __init__(self, team: PinnedTeam, digest: str) -> None:
        self.team = team
        self.digest = digest
        self.view = GraphView(team.graph)
        self.order = [node for node in self.view.order if node not in self.view.spawned]
        self.place = {node: at for at, node in enumerate(self.view.order)}
        self.kinds: dict[str, Kind] = {
            node.id: cast(Kind, kinds()[node.kind]) for node in self.view.nodes.values()
        }
        self.configs: dict[str, Any] = {
            node.id: self.kinds[node.id].Config.model_validate(node.config)
            for node in self.view.nodes.values()
        }
        self.entry = next(node.id for node in self.view.nodes.values() if node.kind == "input")
        self.exit = next(node.id for node in self.view.nodes.values() if node.kind == "output")

        self.variables = {variable.name: variable for variable in team.graph.variables}
        self.settling = frozenset(node.id for node in self.view.nodes.values() if self._settles(node))

    def _settles(self, node: Node) -> bool:
        """Whether more follows from the node's completion than its output: rules on its edges, or writes."""
        ruled = any(edge.when for edge in self.view.flow_out(node.id) if edge.kind is EdgeKind.FLOW)
        return bool(node.writes) or (ruled and not self.kinds[node.id].chooses)

    def title(self, path: str) -> str:
        return self.node(path).title

    def node(self, path: str) -> Node:
        return self.view.nodes[node_of(path)]

    def kind(self, path: str) -> Kind:
        return self.kinds[node_of(path)]

    def config(self, path: str) -> Any:
        return self.configs[node_of(path)]

    def agent(self, key: str) -> PinnedAgent:
        return self.team.agents[key]

    def tools_of(self, key: str) -> dict[str, PinnedTool]:
        """The tools an agent was given; it can reach no other."""
        return {name: self.team.tools[name] for name in self.agent(key).spec.tools if name in self.team.tools}

    @cached_property
    def exclusive_ancestors(self) -> dict[str, frozenset[str]]:
        """For each node that merges: the nodes that lead nowhere but to it, so that it may cancel them."""
        found = {}
        for path in self.order:
            if not self.kinds[path].merges:
                continue
            mine: set[str] = set()
            for node in reversed(self.order[: self.order.index(path)]):
                edges = self.view.flow_out(node)
                if edges and all(edge.target == path or edge.target in mine for edge in edges):
                    mine.add(node)
            found[path] = frozenset(mine - {self.entry})
        return found

    @cached_property
    def latencies(self) -> dict[str, float]:
        """By node id: how long its agent may take for an answer, in seconds, where that is said."""
        agents = {node: self.team.agents.get(getattr(c, "agent", "")) for node, c in self.configs.items()}
        found = {node: agent.spec.limits.latency_s for node, agent in agents.items() if agent}
        return {node: limit for node, limit in found.items() if limit is not None}


_plans: OrderedDict[str, Plan] = OrderedDict()


def plan_for(digest: str, content: dict[str, Any]) -> Plan:
    """The plan of a version, built once a process; `content` is its PinnedTeam as JSON."""
    if digest not in _plans:
        _plans[digest] = Plan(PinnedTeam.model_validate(content), digest)
        while len(_plans) > 128:
            _plans.popitem(last=False)
    _plans.move_to_end(digest)
    return _plans[digest]
