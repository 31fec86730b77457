"""Random teams over all kinds of nodes, and a model that answers any of their questions, always the same."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from agents.topology.graph import EdgeKind, PinnedSubteam, PinnedTeam
from agents.topology.registry import kinds
from runs.engine.dialects.base import Prompt
from tests.engine.harness import Says
from tests.engine.teams import IN, OUT, SIGNS, agent, team, tool

AWAY = {"endpoint": "away", "model": "rehearsal"}
AGENTS: dict[str, dict[str, Any]] = {
    "writer": {},
    "flaky": {},
    "clerk": {"tools": ["read", "pay"]},
    "ann": {},
    "ben": {},
    "lead": {},
    "critic": {},  # says no, and only at the second attempt in a way that can be read
    "broken": {"model": AWAY, "limits": {"retries": 0}},
    "rescued": {"model": AWAY, "fallbacks": [{"endpoint": "local", "model": "rehearsal"}]},
}
TOOLS = {"read": tool("reads"), "put": tool("idempotent"), "pay": tool("writes", "args.amount > 100")}
DONE = {
    "read": lambda arguments: {"is": arguments["amount"]},
    "put": lambda arguments: {"put": arguments["amount"]},
    "pay": lambda arguments: {"paid": arguments["amount"]},
}
SUBTEAM = PinnedSubteam(team="t", version="v", number=1)
VARIABLES: list[dict[str, Any]] = [
    {"name": "count", "type": "integer", "merge": "add", "initial": 0},
    {"name": "notes", "type": "array", "merge": "append"},
    {"name": "facts", "type": "object", "merge": "merge"},
    {"name": "last", "type": "string"},
]
WRITES: tuple[dict[str, str], ...] = (
    {},
    {},
    {"count": "1", "notes": "output"},
    {"facts": "{'by': 'me'}", "last": "string(vars.count)"},
    {"count": "vars.count > 1 ? 1 : 'much'"},  # does not fit
)

# what a part of a team is: kind, configuration, and whom it works with, as "<sign> <leaf>"
Leaf = tuple[str, dict[str, Any], Sequence[str]]
AMOUNT = {"amount": "{{ 500 }}"}
PATIENT = {
    "deadline_s": 20,
    "reminders": [{"seconds": 5}],
    "escalation": [{"after_s": 8, "least_role": "owner"}, {"least_role": "admin"}],
    "on_expiry": "escalate",
}
CREW = (": ann", ": ben")
LEAVES: dict[str, Leaf] = {
    **{name: (*agent(name), ()) for name in ("writer", "flaky", "clerk", "ann", "ben", "broken", "rescued")},
    "replaced": ("agent", {"agent": "broken", "fallback_agent": "writer"}, ()),
    "supervisor": (*agent("lead"), CREW),
    "chief": (
        "agent",
        {"agent": "lead", "delegations_at_once": 1},
        (": supervisor", ": question", ": sub-team"),
    ),
    "host": (*agent("lead"), ("~ ann", "~ clerk")),
    "gate": ("approval", {}, ()),
    "deadline": ("approval", {"deadline_s": 20, "on_expiry": "fail"}, ()),
    "policy": ("approval", PATIENT, ()),
    "question": ("question", {"deadline_s": 30}, ()),
    **{f"tool {name}": ("tool", {"tool": name, "arguments": AMOUNT}, ()) for name in TOOLS},
    "transform": ("transform", {"gives": "text", "template": "so: {{ value }}"}, ()),
    "mistake": ("transform", {"expression": "value.is.nowhere"}, ()),
    "wait": ("wait", {"wait_for": "time", "seconds": 30}, ()),
    "webhook": ("wait", {"wait_for": "webhook"}, ()),
    "late webhook": ("wait", {"wait_for": "webhook", "deadline_s": 15}, ()),
    "map": ("map", {"over": "[1, 2, 3]", "at_once": 2}, (": ann",)),
    "map of parts": ("map", {"over": "[1, 2]", "on_failure": "leave_out"}, (": flaky",)),
    "debate": ("debate", {"judge": "writer", "rounds": 2}, CREW),
    "quarrel": ("debate", {"judge": "critic", "rounds": 2}, CREW),
    "chat": ("chat", {"max_turns": 3}, CREW),
    "passes": ("guard", {"rules": ["true"], "question": "Is it kind?", "agent": "writer"}, ()),
    "blocks": ("guard", {"rules": ["false"]}, ()),
    "asks": ("guard", {"question": "Is it kind?", "agent": "critic", "action": "ask"}, ()),
    "corrects": ("guard", {"rules": ["value == 'text'"], "action": "correct", "agent": "critic"}, ()),
    "sub-team": ("team", {"team": "Inner"}, ()),
}
SHAPES = ("leaf", "sequence", "sequence", "branches", "choice", "ruled", "loop", "rescue")
PASSES: tuple[str, dict[str, Any]] = ("transform", {})


@dataclass
class Sketch:
    """A graph as it grows: every part has ways in and one way out."""

    draw: Any
    nodes: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    edges: list[Any] = field(default_factory=list)
    writes: dict[str, dict[str, str]] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def add(self, kind: str, config: dict[str, Any]) -> str:
        name = f"n{next(self.numbers)}"
        self.nodes[name] = (kind, config)
        return name

    def part(self, depth: int) -> tuple[list[str], str]:
        shape = self.draw(st.sampled_from(SHAPES if depth else ("leaf",)))
        return getattr(self, f"_{shape}")(depth - 1)  # type: ignore[no-any-return]

    def _leaf(self, depth: int) -> tuple[list[str], str]:
        name = self._one(self.draw(st.sampled_from(tuple(LEAVES))))
        return [name], name

    def _one(self, leaf: str) -> str:
        """A node with those it works with, and with what it writes into the team's variables."""
        kind, config, crew = LEAVES[leaf]
        name = self.add(kind, config)
        self.writes[name] = self.draw(st.sampled_from(WRITES))
        for sign, other in (one.split(maxsplit=1) for one in crew):
            edge = {"source": name, "target": self._one(other), "kind": SIGNS[sign]}
            if sign == "~":
                edge["carries"] = self.draw(st.sampled_from(("output", "conversation", "nothing")))
            self.edges.append(edge)
        return name

    def _sequence(self, depth: int) -> tuple[list[str], str]:
        ways_in, last = self.part(depth)
        more, end = self.part(depth)
        self.edges += [f"{last}>{way}" for way in more]
        return ways_in, end

    def _branches(self, depth: int) -> tuple[list[str], str]:
        parts = [self.part(depth) for _ in range(self.draw(st.integers(2, 3)))]
        join = self._join([last for _, last in parts])
        return [way for ways, _ in parts for way in ways], join

    def _join(self, lasts: list[str]) -> str:
        policies = ({"policy": "all"}, {"policy": "any"}, {"policy": "quorum", "quorum": 2})
        join = self.add("join", self.draw(st.sampled_from(policies)))
        self.edges += [f"{last}>{join}" for last in lasts]
        return join

    def _choice(self, depth: int) -> tuple[list[str], str]:
        by_model = self.draw(st.booleans())
        config: dict[str, Any] = {"agent": "writer", "question": "Which?"} if by_model else {}
        router, meet = self.add("router", config), self.add(*PASSES)
        for rule in (self.draw(st.sampled_from(("true", "false"))), "") if not config else ("", ""):
            first, last = self._with_one_way_in(depth)
            self.edges.append({"source": router, "target": first, "when": rule, "label": first})
            self.edges.append(f"{last}>{meet}")
        return [router], meet

    def _ruled(self, depth: int) -> tuple[list[str], str]:
        """Rules on the edges of any node: none, one or both hold."""
        (ways, source), lasts = self._leaf(depth), []
        for rule in (
            "true",
            self.draw(st.sampled_from(("", "false", "vars.count > 0", "output.is.nowhere"))),
        ):
            first, last = self._with_one_way_in(depth)
            self.edges.append({"source": source, "target": first, "when": rule})
            lasts.append(last)
        return ways, self._join(lasts)

    def _loop(self, depth: int) -> tuple[list[str], str]:
        first, last = self._with_one_way_in(depth, always=True)
        until: dict[str, Any] = self.draw(st.sampled_from(({}, {"until": "vars.count > 2"})))
        loop = self.add("loop", {"max_iterations": 2, "on_repeat": "ignore", **until})
        self.edges += [f"{last}>{loop}", f"{loop}>{first}"]
        return [first], loop

    def _rescue(self, depth: int) -> tuple[list[str], str]:
        """What fails is taken over by another."""
        gives = {name: kinds()[kind].ports.gives for name, (kind, _, _) in LEAVES.items()}
        may_fail = [name for name, kinds_ in gives.items() if EdgeKind.ERROR in kinds_]
        name, meet = self._one(self.draw(st.sampled_from(may_fail))), self.add(*PASSES)
        first, last = self._with_one_way_in(depth)
        self.edges += [f"{name}!{first}", f"{name}>{meet}", f"{last}>{meet}"]
        return [name], meet

    def _with_one_way_in(self, depth: int, *, always: bool = False) -> tuple[str, str]:
        ways, last = self.part(depth)
        if len(ways) == 1 and not always:
            return ways[0], last
        first = self.add(*PASSES)
        self.edges += [f"{first}>{way}" for way in ways]
        return first, last


@st.composite
def teams(draw: Any) -> PinnedTeam:
    sketch = Sketch(draw)
    ways, last = sketch.part(draw(st.integers(1, 3)))
    nodes = {"input": IN, **sketch.nodes, "output": OUT}
    edges = [*(f"input>{way}" for way in ways), *sketch.edges, f"{last}>output"]
    made = team(nodes, edges, agents=AGENTS, tools=TOOLS, writes=sketch.writes, variables=VARIABLES)
    return made.model_copy(update={"teams": {"Inner": SUBTEAM}})


# ── the model ───────────────────────────────────────────────────────────────────────────────────────
def answer(prompt: Prompt, attempt: int) -> Says:
    """By what it is asked, so that the order of events cannot change what it says."""
    if prompt.model.endpoint == "away":
        return Says(fails="server_error", retryable=False)
    if prompt.agent == "flaky" and attempt == 1:
        return Says(fails="server_error")
    if (offers := [one for one in prompt.tools if one.open]) and not prompt.replies:
        return Says(tools=[asked for offer in offers for asked in _asked(offer.name, offer.parameters)])
    if prompt.agent == "critic" and not prompt.replies:
        return Says("Never.")
    if prompt.schema:
        return Says(json.dumps(fitting(prompt.schema, agrees=prompt.agent != "critic")))
    return Says(f"{prompt.agent} says {len(prompt.replies)}")


def _asked(name: str, parameters: dict[str, Any]) -> list[tuple[str, Any]]:
    """One call of a tool; of a tool that asks colleagues, one for each of them."""
    properties = parameters["properties"]
    if "amount" in properties:
        return [(name, {"amount": 500})]
    to = properties.get("to", {}).get("enum", ())
    return [(name, fitting(parameters) | {"to": one}) for one in to] or [(name, fitting(parameters))]


def fitting(schema: dict[str, Any], *, agrees: bool = True) -> Any:
    """The plainest value that fits."""
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", ())
            return {name: fitting(schema["properties"][name], agrees=agrees) for name in wanted}
        case "array":
            return [fitting(schema["items"], agrees=agrees)] * schema.get("minItems", 0)
        case "boolean":
            return agrees
        case "integer" | "number":
            return schema.get("minimum", 1)
    return "text"
