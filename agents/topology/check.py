"""The validator: every problem of a team, with its node, the reason and the way out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from agents.topology import policy_check, rules, running, text, variables
from agents.topology.graph import AgentSpec, Edge, EdgeKind, Graph, Node, PinnedSubteam, ToolSpec
from agents.topology.kind import DesignKind
from agents.topology.policy import Policy
from agents.topology.problems import Problem, from_validation_error
from agents.topology.registry import kinds
from agents.topology.view import GraphView

ROOTS = frozenset({"nodes", "input", "value", "vars"})  # what texts may read


@dataclass(frozen=True)
class Catalog:
    """What a graph may refer to. `models` None means that models are not checked."""

    agents: Mapping[str, AgentSpec] = field(default_factory=dict)
    tools: Mapping[str, ToolSpec] = field(default_factory=dict)
    models: frozenset[tuple[str, str]] | None = None
    people: Mapping[str, int] | None = None  # who may decide: role by e-mail address; None: not checked
    teams: Mapping[str, PinnedSubteam] | None = None  # published, by name; None: not checked
    groups: Mapping[str, frozenset[str]] | None = None  # approver groups: e-mail addresses by name


@dataclass(frozen=True)
class Scope:
    """What a kind's own check can look at."""

    view: GraphView
    catalog: Catalog
    configs: Mapping[str, Any]

    @property
    def variables(self) -> set[str]:
        return {variable.name for variable in self.view.graph.variables}

    def template_problems(self, node: Node, source: str, where: str) -> Iterator[Problem]:
        """Problems of a Liquid template of `node`: syntax, and names that are not there."""
        if wrong := text.problem_with(source):
            yield Problem("template.invalid", wrong, "Correct the template.", node=node.id, field=where)
            return
        before = self.view.readable.get(node.id, frozenset())
        for name in sorted(text.references(source)):
            if name[0] == "nodes" and len(name) > 1 and name[1] not in before:
                known = name[1] in self.view.nodes
                why = "does not come before this node" if known else "does not exist"
                fix = f"Connect {name[1]} so that it runs first." if known else "Use the id of a node."
                yield Problem(
                    "template.unreachable",
                    f"The text reads nodes.{name[1]}, which {why}.",
                    fix,
                    node.id,
                    field=where,
                )
            elif name[0] == "vars" and len(name) > 1 and name[1] not in self.variables:
                yield Problem(
                    "template.variable",
                    f"The text reads vars.{name[1]}, which the team does not have.",
                    "Add the variable, or correct its name.",
                    node.id,
                    field=where,
                )
            elif name[0] not in ROOTS:
                yield Problem(
                    "template.unknown",
                    f"The text reads {'.'.join(name)}, which is not known here.",
                    "Use input.…, value, vars.<name> or nodes.<id>.output.",
                    node.id,
                    field=where,
                )

    def rule_problems(
        self, source: str, *, node: str, edge: str | None = None, where: str
    ) -> Iterator[Problem]:
        if wrong := rules.problem_with(source):
            yield Problem("rule.invalid", wrong, "Correct the rule.", node=node, edge=edge, field=where)

    def policy_problems(self, node: Node, policy: Policy) -> Iterator[Problem]:
        """Of who decides at `node`, and until when."""
        what, people = f"“{node.title}”", self.catalog.people
        yield from policy_check.problems_of(policy, what=what, node=node.id)
        if people is not None:
            groups = self.catalog.groups or {}
            yield from policy_check.people_problems(
                policy, what=what, people=people, groups=groups, node=node.id
            )


def check(graph: Graph, catalog: Catalog) -> list[Problem]:
    """All problems of `graph`; an empty list of errors means it can be published and run."""
    view = GraphView(graph)
    configs: dict[str, Any] = {}
    problems = [*_identities(graph), *_configs(view, configs)]
    problems += _ends(view)
    problems += _edges(view)
    problems += _order(view)
    problems += _merges(view)
    problems += running.problems(view)
    problems += variables.problems(view)
    scope = Scope(view, catalog, configs)
    for node_id, config in configs.items():
        node = view.nodes[node_id]
        problems += kinds()[node.kind].check(node, config, scope)
    return problems


def blocking(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def _identities(graph: Graph) -> Iterator[Problem]:
    for node_id, count in Counter(node.id for node in graph.nodes).items():
        if count > 1:
            yield Problem(
                "node.duplicate", f"{count} nodes are called {node_id}.", "Rename one.", node=node_id
            )
    for edge_id, count in Counter(edge.id for edge in graph.edges).items():
        if count > 1:
            yield Problem(
                "edge.duplicate", f"{count} edges have the id {edge_id}.", "Rename one.", edge=edge_id
            )
    names = {node.id for node in graph.nodes}
    for edge in graph.edges:
        for end, name in (("starts at", edge.source), ("leads to", edge.target)):
            if name not in names:
                yield Problem(
                    "edge.dangling",
                    f"Edge {edge.id} {end} {name}, which does not exist.",
                    "Delete it.",
                    edge=edge.id,
                )


def _configs(view: GraphView, configs: dict[str, Any]) -> Iterator[Problem]:
    """Validates each node's configuration into `configs`."""
    for node in view.nodes.values():
        kind = kinds().get(node.kind)
        if kind is None:
            known = ", ".join(sorted(kinds()))
            yield Problem(
                "node.unknown_kind",
                f"{node.title} is of the unknown kind {node.kind}.",
                f"Use one of {known}.",
                node.id,
            )
            continue
        try:
            configs[node.id] = kind.Config.model_validate(node.config)
        except ValidationError as error:
            yield from from_validation_error(error, node=node.id)


def _ends(view: GraphView) -> Iterator[Problem]:
    for kind, what in (("input", "where the run's input comes in"), ("output", "what the team gives back")):
        found = [node for node in view.nodes.values() if node.kind == kind]
        if not found:
            yield Problem(f"graph.no_{kind}", f"The team has no {kind} node: {what}.", f"Add an {kind} node.")
        for extra in found[1:]:
            yield Problem(
                f"graph.many_{kind}s",
                f"The team has more than one {kind} node.",
                "Delete all but one.",
                extra.id,
            )
    entry = next((node.id for node in view.nodes.values() if node.kind == "input"), None)
    exit_ = next((node.id for node in view.nodes.values() if node.kind == "output"), None)
    if entry is None or exit_ is None:
        return
    after_entry = view.reachable(entry)
    before_exit = view.reachable(exit_, backward=True)
    for node in view.nodes.values():
        if node.id in view.spawned:
            continue
        if node.id not in after_entry:
            yield Problem(
                "node.unreachable",
                f"Nothing leads from the input to {node.title}, so it would never run.",
                "Connect it, or delete it.",
                node.id,
            )
        elif node.id not in before_exit:
            yield Problem(
                "node.dead_end",
                f"{node.title} leads nowhere: what it gives never reaches the output.",
                "Connect it towards the output, or delete it.",
                node.id,
            )


def _edges(view: GraphView) -> Iterator[Problem]:
    pairs: Counter[tuple[str, str, str]] = Counter()
    for edge in view.edges.values():
        pairs[edge.source, edge.target, edge.kind] += 1
        if edge.source == edge.target:
            yield Problem(
                "edge.self",
                f"{edge.source} is connected to itself.",
                "Delete the edge.",
                edge.source,
                edge.id,
            )
        source, target = kinds().get(view.nodes[edge.source].kind), kinds().get(view.nodes[edge.target].kind)
        yield from _ports(edge, source, target)
        if edge.when:
            yield from _rule_on(edge, source)
    for (start, end, kind), count in pairs.items():
        if count > 1:
            yield Problem(
                "edge.twice", f"{start} and {end} are connected by {count} {kind} edges.", "Keep one.", start
            )


def _ports(edge: Edge, source: DesignKind | None, target: DesignKind | None) -> Iterator[Problem]:
    if source and edge.kind not in source.ports.gives:
        yield Problem(
            "edge.port",
            f"{source.title} nodes give no {edge.kind} edge.",
            "Delete the edge, or start it elsewhere.",
            edge.source,
            edge.id,
        )
    if target and not target.ports.takes:
        yield Problem(
            "edge.port",
            f"Nothing can lead into {target.title} nodes.",
            "Delete the edge.",
            edge.target,
            edge.id,
        )


def _rule_on(edge: Edge, source: DesignKind | None) -> Iterator[Problem]:
    asked = source is None or source.asks_by_rule  # whether one on a delegating edge is
    if edge.kind is not EdgeKind.FLOW and not (edge.kind is EdgeKind.DELEGATES and asked):
        yield Problem(
            "edge.rule_unused",
            f"The rule on the {edge.kind} edge to {edge.target} has no effect.",
            "Remove it.",
            edge.source,
            edge.id,
            "when",
        )
    if wrong := rules.problem_with(edge.when):
        yield Problem("rule.invalid", wrong, "Correct the rule.", edge.source, edge.id, "when")


def _order(view: GraphView) -> Iterator[Problem]:
    for node in view.on_cycles:
        yield Problem(
            "graph.cycle",
            f"{view.nodes[node].title} is part of a circle that has no exit.",
            "Delete the edge that leads back.",
            node,
        )


def _merges(view: GraphView) -> Iterator[Problem]:
    """Several edges into a node that is no join must exclude one another."""
    ways = _ways(view)
    for node in view.order:
        kind = kinds().get(view.nodes[node].kind)
        edges = view.flow_in(node)
        if kind is None or kind.merges or len(edges) < 2:
            continue
        clash = next(
            (
                (first, second)
                for n, first in enumerate(edges)
                for second in edges[n + 1 :]
                if not _exclude(ways[first.id], ways[second.id])
            ),
            None,
        )
        if clash:
            yield Problem(
                "node.merge",
                f"{view.nodes[node].title} would get both {clash[0].source} and {clash[1].source} at once.",
                "Put a join before it.",
                node,
            )


Choices = frozenset[tuple[str, str]]
MOST_WAYS = 64  # of coming to a node that are told apart


def _ways(view: GraphView) -> dict[str, frozenset[Choices]]:
    """For each edge, the ways in which it can be live: the choices (node, branch) that each takes.

    Beyond MOST_WAYS, and behind a join, only what all ways have in common is kept, which is on the safe side.
    """
    of_node: dict[str, frozenset[Choices]] = {}
    of_edge: dict[str, frozenset[Choices]] = {}
    for node in view.order:
        kind = kinds().get(view.nodes[node].kind)
        ways = frozenset().union(*(of_edge[edge.id] for edge in view.flow_in(node)))
        if not ways:
            ways = frozenset([frozenset()])
        elif len(ways) > MOST_WAYS or (kind is not None and kind.merges):
            ways = frozenset([frozenset.intersection(*ways)])
        of_node[node] = ways
        for edge in view.flow_out(node):
            chooses = kind is not None and kind.chooses and edge.kind is EdgeKind.FLOW
            taken = (node, edge.id if chooses else str(edge.kind))
            of_edge[edge.id] = frozenset(way | {taken} for way in ways)
    return of_edge


def _exclude(first: frozenset[Choices], second: frozenset[Choices]) -> bool:
    return all(_conflict(one, other) for one in first for other in second)


def _conflict(first: Choices, second: Choices) -> bool:
    taken = dict(first)
    return any(node in taken and taken[node] != branch for node, branch in second)
