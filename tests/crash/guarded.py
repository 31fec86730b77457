"""Scenarios of guardrails: on what comes in and on what goes out, that block, correct and ask."""

from __future__ import annotations

from typing import Any

from tests.crash.scenario import JSON_ANSWER, REJECT, Nodes, Scenario
from tests.engine.teams import IN, OUT, agent

NEVER = "size(string(value)) < 3"
IN_FRONT = ["input>look", "look>a", "a>output"]
BEHIND = ["input>a", "a>look", "look>output"]


def guarded(**config: Any) -> Nodes:
    return {
        "input": IN,
        "look": ("guard", config),
        "a": agent(),
        "b": agent(description="Say why not."),
        "output": OUT,
    }


def unused(nodes: Nodes) -> Nodes:
    """Without the agent that takes over."""
    return {name: node for name, node in nodes.items() if name != "b"}


RESCUED = ["look!b", "b>output"]
GUARDED: tuple[Scenario, ...] = (
    Scenario(
        "guard blocks what comes in",
        "guards",
        guarded(rules=["size(value.topic) < 3"]),
        [*IN_FRONT, *RESCUED],
    ),
    Scenario(
        "guard blocks what goes out",
        "guards",
        unused(guarded(rules=[NEVER])),
        BEHIND,
        outcome="failed",
    ),
    Scenario(
        "guard corrects what goes out",
        "guards",
        unused(guarded(schema=JSON_ANSWER["schema"], action="correct", agent="writer")),
        BEHIND,
    ),
    Scenario(
        "guard corrects what comes in, in vain",
        "guards",
        guarded(rules=["false"], action="correct", agent="writer", corrections=1),
        [*IN_FRONT, *RESCUED],
    ),
    Scenario(
        "guard judges what goes out",
        "guards",
        guarded(question="It promises nothing.", agent="writer"),
        [*BEHIND, *RESCUED],
    ),
    Scenario(
        "guard asks about what comes in",
        "guards",
        unused(guarded(rules=["false"], action="ask")),
        IN_FRONT,
        answers={"look": {"decision": "edit", "edited": {"topic": "coffee"}}},
    ),
    Scenario(
        "guard asks about what goes out",
        "guards",
        guarded(rules=[NEVER], action="ask"),
        [*BEHIND, *RESCUED],
        answers={"look": REJECT},
    ),
)
