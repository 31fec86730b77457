"""Scenarios of runs that have to do with others: forks, sub-teams, and answers that are used again."""

from __future__ import annotations

from typing import Any

from tests.crash.scenario import (
    ASKED,
    DOES,
    DOES_EDGES,
    GATE,
    GATE_EDGES,
    LINE,
    LINE_EDGES,
    LONG,
    READ,
    Scenario,
    Step,
    clerk,
    http_tool,
)
from tests.engine.teams import IN, OUT, agent

CHANGED = {"topic": "the price of coffee"}


def sub(name: str) -> tuple[str, dict[str, Any]]:
    return "team", {"team": name, "input": {"topic": "{{ input.topic }}"}}


def remembering() -> tuple[str, dict[str, Any]]:
    """An agent whose answer to the same question is used again; it is given nothing but the question."""
    task = {"description": "Say one thing about {{ input.topic }}."}
    return "agent", {"agent": "writer", "cache_s": 600, "task": task}


LOOKS_UP = ("tool", {"tool": "read", "arguments": {"url": "TOOLS/did/read"}})


def fork_of_a_clerk(name: str, effects: str) -> Scenario:
    """What a person approved is made again, or not, as the effects have it."""
    return Scenario(
        name,
        "forks",
        DOES,
        DOES_EDGES,
        **clerk(read=READ, pay=ASKED),
        fork_after=("NodeStarted", "clerk"),
        fork={"effects": effects},
    )


RELATED: tuple[Scenario, ...] = (
    Scenario("fork", "forks", LINE, LINE_EDGES, trouble=LONG, fork_after=("NodeCompleted", "a")),
    Scenario("fork at a gate", "forks", GATE, GATE_EDGES, fork_after=("ApprovalRequested", "gate")),
    Scenario("fork before a gate", "forks", GATE, GATE_EDGES, fork_after=("NodeCompleted", "input")),
    fork_of_a_clerk("fork of what was recorded", "recorded"),
    Scenario(
        "fork of what was not recorded",
        "forks",
        LINE,
        LINE_EDGES,
        fork_after=("NodeStarted", "a"),
        fork={"effects": "recorded", "value": CHANGED},
    ),
    fork_of_a_clerk("fork as a rehearsal", "simulated"),
    Scenario(
        "answer used again",
        "forks",
        {"input": IN, "a": remembering(), "b": agent(), "c": remembering(), "output": OUT},
        ["input>a", "a>b", {"source": "b", "target": "c", "carries": "nothing"}, "c>output"],
    ),
    Scenario(
        "result used again",
        "forks",
        {"input": IN, "a": LOOKS_UP, "b": agent(), "c": LOOKS_UP, "output": OUT},
        ["input>a", "a>b", "b>c", "c>output"],
        tools={"read": http_tool("GET", "read", cache_s=600)},
    ),
    Scenario(
        "fork while its sub-team works",
        "forks",
        {"input": IN, "sub": sub("Inner"), "a": agent(), "output": OUT},
        ["input>sub", "sub>a", "a>output"],
        fork_after=("ChildRunStarted", "sub"),
    ),
    Scenario("sub-team", "children", LINE | {"sub": sub("Inner")}, ["input>sub", "sub>a", "a>b", "b>output"]),
    Scenario(
        "sub-team in a sub-team",
        "children",
        {"input": IN, "sub": sub("Middle"), "a": agent(), "output": OUT},
        ["input>sub", "sub>a", "a>output"],
    ),
    Scenario(
        "sub-team, then a gate",
        "children",
        {"input": IN, "sub": sub("Inner"), "gate": ("approval", {}), "output": OUT},
        ["input>sub", "sub>gate", "gate>output"],
    ),
    Scenario(
        "sub-team whose limits are raised",
        "children",
        {"input": IN, "sub": sub("Middle"), "output": OUT},
        ["input>sub", "sub>output"],
        trouble=LONG,
        limits={"model_calls": 300},
        steps=(Step("ChildLimitsRaised", ("ChildRunStarted", "sub"), path="sub"),),
    ),
    Scenario(
        "stopped while its sub-team works",
        "children",
        {"input": IN, "sub": sub("Middle"), "output": OUT},
        ["input>sub", "sub>output"],
        trouble="hang",
        steps=(Step("CancelRequested", ("ChildRunStarted", "sub")),),
        outcome="cancelled",
        same="outcome",
    ),
)
