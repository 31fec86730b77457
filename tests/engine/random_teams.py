"""Random teams over all kinds of nodes, and a model that answers any of their questions, always the same."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from agents.topology.graph import PinnedTeam
from runs.engine.dialects.base import Prompt
from tests.engine.harness import Says
from tests.engine.teams import IN, OUT, agent, team, tool

AGENTS: dict[str, dict[str, Any]] = {
    "writer": {},
    "flaky": {},
    "clerk": {"tools": ["read", "pay"]},
    "ann": {},
    "ben": {},
}
TOOLS = {"read": tool("reads"), "put": tool("idempotent"), "pay": tool("writes", "args.amount > 100")}
DONE = {
    "read": lambda arguments: {"is": arguments["amount"]},
    "put": lambda arguments: {"put": arguments["amount"]},
    "pay": lambda arguments: {"paid": arguments["amount"]},
}
LEAVES = ("agent", "flaky", "clerk", "gate", "deadline", "tool", "transform", "wait", "map", "debate", "chat")


@dataclass
class Sketch:
    """A graph as it grows: every part has ways in and one way out."""

    draw: Any
    nodes: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    edges: list[Any] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def add(self, kind: str, config: dict[str, Any]) -> str:
        name = f"n{next(self.numbers)}"
        self.nodes[name] = (kind, config)
        return name

    def part(self, depth: int) -> tuple[list[str], str]:
        shapes = ("leaf",) if depth == 0 else ("leaf", "sequence", "sequence", "branches", "choice", "loop")
        shape = self.draw(st.sampled_from(shapes))
        return getattr(self, f"_{shape}")(depth - 1)  # type: ignore[no-any-return]

    def _leaf(self, depth: int) -> tuple[list[str], str]:
        name = self._node(self.draw(st.sampled_from(LEAVES)))
        return [name], name

    def _node(self, what: str) -> str:
        amount = {"amount": "{{ 500 }}"}
        simple: dict[str, tuple[str, dict[str, Any]]] = {
            "agent": agent("writer"),
            "flaky": agent("flaky"),
            "clerk": agent("clerk"),
            "gate": ("approval", {}),
            "tool": (
                "tool",
                {"tool": self.draw(st.sampled_from(("read", "put", "pay"))), "arguments": amount},
            ),
            "transform": ("transform", {"template": "so: {{ value }}"}),
            "wait": ("wait", {"wait_for": "time", "seconds": 30}),
        }
        if what in simple:
            return self.add(*simple[what])
        if what == "deadline":
            return self.add("approval", {"deadline_s": 20, "on_expiry": "fail"})
        configs: dict[str, dict[str, Any]] = {
            "map": {"over": "[1, 2, 3]", "at_once": 2},
            "debate": {"judge": "writer", "rounds": 2},
            "chat": {"max_turns": 3},
        }
        name = self.add(what, configs[what])
        for worker in ("ann",) if what == "map" else ("ann", "ben"):
            self.edges.append(f"{name}:{self.add(*agent(worker))}")
        return name

    def _sequence(self, depth: int) -> tuple[list[str], str]:
        ways_in, last = self.part(depth)
        more, end = self.part(depth)
        self.edges += [f"{last}>{way}" for way in more]
        return ways_in, end

    def _branches(self, depth: int) -> tuple[list[str], str]:
        parts = [self.part(depth) for _ in range(self.draw(st.integers(2, 3)))]
        policy = self.draw(
            st.sampled_from(({"policy": "all"}, {"policy": "any"}, {"policy": "quorum", "quorum": 2}))
        )
        join = self.add("join", policy)
        self.edges += [f"{last}>{join}" for _, last in parts]
        return [way for ways, _ in parts for way in ways], join

    def _choice(self, depth: int) -> tuple[list[str], str]:
        by_model = self.draw(st.booleans())
        config: dict[str, Any] = {"agent": "writer", "question": "Which?"} if by_model else {}
        router, meet = self.add("router", config), self.add("transform", {"template": "{{ value }}"})
        for rule in (self.draw(st.sampled_from(("true", "false"))), "") if not config else ("", ""):
            ways, last = self.part(depth)
            first = ways[0] if len(ways) == 1 else self.add("transform", {"template": "{{ value }}"})
            if len(ways) > 1:
                self.edges += [f"{first}>{way}" for way in ways]
            self.edges.append({"source": router, "target": first, "when": rule, "label": first})
            self.edges.append(f"{last}>{meet}")
        return [router], meet

    def _loop(self, depth: int) -> tuple[list[str], str]:
        first = self._node("transform")
        ways, last = self.part(depth)
        loop = self.add("loop", {"max_iterations": 2, "on_repeat": "ignore"})
        self.edges += [f"{first}>{way}" for way in ways] + [f"{last}>{loop}", f"{loop}>{first}"]
        return [first], loop


@st.composite
def teams(draw: Any) -> PinnedTeam:
    sketch = Sketch(draw)
    ways, last = sketch.part(draw(st.integers(1, 3)))
    nodes = {"input": IN, **sketch.nodes, "output": OUT}
    edges = [*(f"input>{way}" for way in ways), *sketch.edges, f"{last}>output"]
    return team(nodes, edges, agents=AGENTS, tools=TOOLS)


# ── the model ───────────────────────────────────────────────────────────────────────────────────────
def answer(prompt: Prompt, attempt: int) -> Says:
    """By what it is asked, so that the order of events cannot change what it says."""
    if prompt.agent == "flaky" and attempt == 1:
        return Says(fails="server_error")
    if prompt.tools and not prompt.replies:
        return Says(tools=[(one.name, {"amount": 500}) for one in prompt.tools])
    if prompt.schema:
        return Says(json.dumps(fitting(prompt.schema)))
    return Says(f"{prompt.agent} says {len(prompt.replies)}")


def fitting(schema: dict[str, Any]) -> Any:
    """The plainest value that fits."""
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            return {name: fitting(schema["properties"][name]) for name in schema.get("required", ())}
        case "array":
            return [fitting(schema["items"])] * schema.get("minItems", 0)
        case "boolean":
            return True
        case "integer" | "number":
            return schema.get("minimum", 1)
    return "text"
