"""Small teams for engine tests, written in a few words."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from agents.topology.graph import Edge, Graph, Node, PinnedTeam, Variable
from runs.engine.dialects.base import Prompt
from tests.engine.harness import Model, Says

AGENT = {
    "name": "Writer",
    "role": "writer",
    "goal": "Write well.",
    "model": {"endpoint": "local", "model": "rehearsal"},
}
SIGNS = {"!": "error", ">": "flow", ":": "delegates", "~": "handoff"}
PASS_TOOL = {
    "parameters": {
        "type": "object",
        "properties": {"amount": {"type": "number"}},
        "required": ["amount"],
        "additionalProperties": False,
    }
}


def tool(effect: str = "reads", approval: str = "") -> dict[str, Any]:
    return PASS_TOOL | {"effect": effect, "spec": {"kind": "calculator", "approval": approval}}


def team(
    nodes: dict[str, tuple[str, dict[str, Any]]],
    edges: Sequence[str | dict[str, Any]],
    *,
    writes: dict[str, dict[str, str]] | None = None,
    variables: Sequence[dict[str, Any]] = (),
    agents: dict[str, dict[str, Any]] | None = None,
    tools: dict[str, dict[str, Any]] | None = None,
) -> PinnedTeam:
    """A team from `{"id": (kind, config)}` and edges such as "a>b" (see SIGNS) or dicts."""
    numbers = itertools.count(1)
    parsed = []
    for edge in edges:
        if isinstance(edge, str):
            sign = next(sign for sign in SIGNS if sign in edge)
            source, target = edge.split(sign)
            edge = {"source": source, "target": target, "kind": SIGNS[sign]}
        parsed.append(Edge.model_validate({"id": f"e{next(numbers)}", **edge}))
    pinned: dict[str, dict[str, Any]] = {"writer": {}} | (agents or {})
    return PinnedTeam.model_validate(
        {
            "name": "Test team",
            "agents": {
                key: {"spec": AGENT | {"name": key.title()} | spec, "version": 1}
                for key, spec in pinned.items()
            },
            "tools": tools or {},
            "graph": Graph(
                nodes=[
                    Node(id=key, kind=kind, config=config, writes=(writes or {}).get(key, {}))
                    for key, (kind, config) in nodes.items()
                ],
                variables=[Variable.model_validate(variable) for variable in variables],
                edges=parsed,
            ).model_dump(),
        }
    )


def agent(key: str = "writer", description: str = "") -> tuple[str, dict[str, Any]]:
    return "agent", {"agent": key, "task": {"description": description}}


IN: tuple[str, dict[str, Any]] = ("input", {})
OUT: tuple[str, dict[str, Any]] = ("output", {})


def saying(*texts: str) -> Model:
    """A model that says these texts in turn, then the last one for ever."""
    queue = list(texts)

    def model(prompt: Prompt, attempt: int) -> Says:
        return Says(queue.pop(0) if len(queue) > 1 else queue[0])

    return model
