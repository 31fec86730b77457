"""Which agents and tools a graph refers to: the fields that kinds mark with these form widgets. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from agents.topology.graph import Graph, Node
from agents.topology.registry import kinds


def fields(kind: str, widget: str) -> tuple[str, ...]:
    """The fields of this kind's configuration that hold the key of an agent, or of a tool."""
    known = kinds().get(kind)
    if known is None:
        return ()
    found = []
    for name, field in known.Config.model_fields.items():
        extra = field.json_schema_extra
        hints = extra.get("ui") if isinstance(extra, dict) else None
        if isinstance(hints, dict) and hints.get("widget") == widget:
            found.append(field.alias or name)
    return tuple(found)


def agents_of_node(node: Node) -> list[str]:
    return _named(node, "agent")


def _named(node: Node, widget: str) -> list[str]:
    values = (node.config.get(field) for field in fields(node.kind, widget))
    return [value for value in values if isinstance(value, str) and value]


def tools_of(graph: Graph) -> list[str]:
    """The tools that nodes call themselves, each once."""
    return list(dict.fromkeys(key for node in graph.nodes for key in _named(node, "tool")))


def teams_of(graph: Graph) -> list[str]:
    """The teams that nodes run, each once, by name."""
    return list(dict.fromkeys(key for node in graph.nodes for key in _named(node, "team")))


def agents_of(graph: Graph) -> list[str]:
    """The keys of all agents in the graph, each once, in the order of its nodes."""
    return list(dict.fromkeys(key for node in graph.nodes for key in agents_of_node(node)))


def renamed(graph: Graph, names: Mapping[str, Mapping[str, str]]) -> Graph:
    """The graph with what it refers to called by new keys: `{"agent": {old: new}, "tool": {old: new}}`."""
    nodes = [node.model_copy(update={"config": _renamed(node, names)}) for node in graph.nodes]
    return graph.model_copy(update={"nodes": nodes})


def _renamed(node: Node, names: Mapping[str, Mapping[str, str]]) -> dict[str, JsonValue]:
    config = dict(node.config)
    for widget, new in names.items():
        for field in fields(node.kind, widget):
            value = config.get(field)
            if isinstance(value, str) and value in new:
                config[field] = new[value]
    return config
