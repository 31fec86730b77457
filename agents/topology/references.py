"""Which agents a graph refers to: the fields that a kind marks with the form widget "agent". Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from agents.topology.graph import Graph, Node
from agents.topology.registry import kinds


def agent_fields(kind: str) -> tuple[str, ...]:
    """The fields of this kind's configuration that hold the key of an agent."""
    known = kinds().get(kind)
    if known is None:
        return ()
    found = []
    for name, field in known.Config.model_fields.items():
        extra = field.json_schema_extra
        hints = extra.get("ui") if isinstance(extra, dict) else None
        if isinstance(hints, dict) and hints.get("widget") == "agent":
            found.append(field.alias or name)
    return tuple(found)


def agents_of_node(node: Node) -> list[str]:
    values = (node.config.get(field) for field in agent_fields(node.kind))
    return [value for value in values if isinstance(value, str) and value]


def agents_of(graph: Graph) -> list[str]:
    """The keys of all agents in the graph, each once, in the order of its nodes."""
    return list(dict.fromkeys(key for node in graph.nodes for key in agents_of_node(node)))


def rename_agents(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The graph with agents called by their new keys."""
    if all(old == new for old, new in names.items()):
        return graph
    nodes = [node.model_copy(update={"config": _renamed(node, names)}) for node in graph.nodes]
    return graph.model_copy(update={"nodes": nodes})


def _renamed(node: Node, names: Mapping[str, str]) -> dict[str, JsonValue]:
    config = dict(node.config)
    for field in agent_fields(node.kind):
        value = config.get(field)
        if isinstance(value, str) and value in names:
            config[field] = names[value]
    return config
