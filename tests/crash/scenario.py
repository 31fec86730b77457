"""What a scenario of the crash matrix is: a graph, what its people do, and what goes wrong at its endpoint.

`TOOLS` in a text stands for the address of the tool server.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.engine.teams import IN, OUT, agent

Answer = dict[str, Any] | tuple[dict[str, Any], ...] | None  # several: one after the other; None: never
Nodes = dict[str, tuple[str, dict[str, Any]]]
JSON_ANSWER = {
    "kind": "json",
    "schema": {
        "type": "object",
        "properties": {"summary": {"type": "string", "maxLength": 200}},
        "required": ["summary"],
    },
}
SLOW = "latency=150"
LONG = "latency=700"  # several times as long as from one heartbeat to the next


@dataclass(frozen=True)
class Death:
    """A process dies (or stops) where it reaches a failpoint for the nth time."""

    type: str
    moment: str
    how: str = "kill"
    nth: int = 1


@dataclass(frozen=True)
class Step:
    """Something a person does once, as soon as the log has an event of this type at this path."""

    does: str  # the event it appends
    after: tuple[str, str]
    path: str = ""  # what it is done to
    parked: bool = False  # only once no worker holds the run


@dataclass(frozen=True)
class Scenario:
    name: str
    family: str  # pairwise cover takes families, not scenarios: those of one differ little
    nodes: Nodes
    edges: Sequence[str | dict[str, Any]]
    agents: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    tools: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    trouble: str = SLOW  # of the model endpoint, as rehearsal profiles spell it
    greedy: bool = False  # a model endpoint that bills too much
    endpoint: Mapping[str, Any] = field(default_factory=dict)  # its fields, such as its concurrency
    team: Mapping[str, Any] = field(default_factory=dict)  # variables, and what nodes write into them
    value: dict[str, Any] = field(default_factory=lambda: {"topic": "the price of tea"})
    budget: Mapping[str, Any] = field(default_factory=dict)  # of the workspace, lifted when it stops the run
    fork_after: tuple[str, str] = ("", "")  # the run is a fork of a finished one, behind this event
    fork: Mapping[str, Any] = field(default_factory=dict)  # its effects, if not live; its value, if another
    quorum: bool = False  # a second person decides as well
    answers: Mapping[str, Answer] = field(default_factory=dict)  # by path or kind
    limits: dict[str, Any] | None = None  # raised as soon as they stop the run
    raised_to: tuple[dict[str, Any], ...] = ()  # before all limits are lifted
    steps: tuple[Step, ...] = ()  # what people do besides answering, in this order
    dies_first: tuple[Death, ...] = ()  # belongs to the scenario, in its twin as well
    outcome: str = "done"
    same: str = "all"  # what must be the twin's: all, or the outcome only where timing decides the rest


def http_tool(
    method: str, name: str, *, query: str = "", approval: str = "", body: bool = True, **spec: Any
) -> dict[str, Any]:
    """A tool whose call is always the same, so that twins ask for the same."""
    effect = {"GET": "reads", "PUT": "idempotent", "POST": "writes"}[method]
    sends = body and method != "GET"
    content = {"body": {"type": "object", "const": {"amount": 500}}} if sends else {}
    address = {"type": "string", "const": f"TOOLS/did/{name}{query}"}
    return {
        "spec": {
            "kind": "http_request",
            "approval": approval,
            **spec,
            "config": {
                "hosts": ["TOOLS"],
                "methods": [method],
                "headers": [{"name": "X-Case", "value": "CASE"}],
            },
        },
        "parameters": {
            "type": "object",
            "properties": {"url": address, **content},
            "required": ["url", *content],
            "additionalProperties": False,
        },
        "effect": effect,
    }


def clerk(**tools: dict[str, Any]) -> dict[str, Any]:
    """An agent `clerk` with these tools, as fields of a scenario."""
    goal = "Use every tool: " + ", ".join(tools)
    return {"agents": {"clerk": {"tools": list(tools), "goal": goal}, "writer": {}}, "tools": tools}


def with_company(scenario: Scenario) -> Scenario:
    """The same beside a branch that keeps working, so that the run is never let go of in between."""
    who = "steady" if "steady" in scenario.agents else "writer"  # company that does not fail too
    nodes = dict(scenario.nodes) | {f"x{n}": agent(who, f"Part {n}") for n in range(1, 9)}
    nodes |= {"meet": ("router", {}), "both": ("join", {"policy": "all"})}
    edges: list[str | dict[str, Any]] = ["meet>both"]
    for edge in scenario.edges:
        if isinstance(edge, str):
            edges.append(edge.replace(">output", ">meet").replace("!output", "!meet"))
        else:
            edges.append({**edge, "target": "meet" if edge["target"] == "output" else edge["target"]})
    chain = ["input", *(f"x{n}" for n in range(1, 9)), "both", "output"]
    edges += [f"{source}>{target}" for source, target in itertools.pairwise(chain)]
    return replace(scenario, name=f"{scenario.name} in company", nodes=nodes, edges=edges)


DOES: Nodes = {"input": IN, "clerk": agent("clerk"), "end": agent(), "output": OUT}
DOES_EDGES = ["input>clerk", "clerk>end", "end>output"]
READ, PUT, PAY = http_tool("GET", "read"), http_tool("PUT", "put"), http_tool("POST", "pay")
ASKED = http_tool("POST", "pay", approval="args.body.amount > 100")
GATE: Nodes = {"input": IN, "gate": ("approval", {}), "a": agent(), "output": OUT}
GATE_EDGES = ["input>gate", "gate>a", "a>output"]
RESCUED: Nodes = {**GATE, "b": agent(description="Say why not.")}
LINE: Nodes = {"input": IN, "a": agent(), "b": agent(), "output": OUT}
LINE_EDGES = ["input>a", "a>b", "b>output"]
REJECT = {"decision": "reject", "comment": "Not like this."}
