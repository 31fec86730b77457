"""Scenarios of teams within teams, loops, maps, debates, policies for approvals, steering and forks."""

from __future__ import annotations

from typing import Any

from tests.crash.scenario import (
    GATE,
    GATE_EDGES,
    LINE,
    LINE_EDGES,
    LONG,
    REJECT,
    Nodes,
    Scenario,
    Step,
    http_tool,
)
from tests.engine.teams import IN, OUT, agent

CREW: dict[str, dict[str, Any]] = {name: {} for name in ("writer", "lead", "ann", "ben")}
ITEMS = {"topic": "the price of tea", "items": ["green", "black", "white"]}
AFTER_START = ("ModelCallStarted", "a")


ROUND = ("loop", {"max_iterations": 2, "on_repeat": "ignore"})


def crew(kind: str, config: dict[str, Any], *workers: str) -> dict[str, Any]:
    """A node `it` of this kind with workers that it runs, as fields of a scenario."""
    nodes: Nodes = {"input": IN, "it": (kind, config), "output": OUT}
    nodes |= {name: agent(name) for name in workers}
    edges = ["input>it", "it>output", *(f"it:{name}" for name in workers)]
    return {"nodes": nodes, "edges": edges, "agents": CREW, "value": ITEMS}


def handing(source: str, target: str, carries: str) -> dict[str, Any]:
    return {"source": source, "target": target, "kind": "handoff", "carries": carries}


def gate(**policy: Any) -> Nodes:
    return {"input": IN, "a": agent(), "gate": ("approval", policy), "output": OUT}


ADDRESS = {"url": "TOOLS/did/pay"}
STEADY = {"model": {"endpoint": "spare", "model": "rehearsal"}}
BROKEN = "latency=100,error=500"
FALLS_BACK = {"fallbacks": [STEADY["model"]], "limits": {"retries": 0}}
FANNED_OUT = ["input>a", "input>b", "input>c", "a>join", "b>join", "c>join"]
SUMMED_UP = "{{ vars.count }} {{ vars.facts }} {{ vars.last }}"
AFTER_WORK = ["input>a", "a>gate", "gate>output"]

PATTERNS: tuple[Scenario, ...] = (
    Scenario("supervisor", "crews", **crew("agent", {"agent": "lead"}, "ann", "ben")),
    Scenario(
        "hierarchy",
        "crews",
        {"input": IN, "it": agent("lead"), "sub": agent("lead"), "output": OUT}
        | {name: agent(name) for name in ("ann", "ben")},
        ["input>it", "it>output", "it:sub", "sub:ann", "sub:ben"],
        CREW,
    ),
    Scenario("map", "crews", **crew("map", {"over": "input.items", "at_once": 2}, "ann")),
    Scenario("debate", "crews", **crew("debate", {"judge": "lead", "rounds": 2}, "ann", "ben")),
    Scenario("chat", "crews", **crew("chat", {"max_turns": 3}, "ann", "ben")),
    Scenario(
        "handoff",
        "crews",
        {"input": IN, "it": agent("lead"), "ann": agent("ann"), "output": OUT},
        ["input>it", "it>output", "it~ann"],
        CREW,
    ),
    Scenario(
        "handoff with all that was said",
        "crews",
        {"input": IN, "it": agent("lead"), "ann": agent("ann"), "ben": agent("ben"), "output": OUT},
        ["input>it", "it>output", handing("it", "ann", "conversation"), handing("ann", "ben", "nothing")],
        CREW,
    ),
    Scenario(
        "loop",
        "loops",
        {
            "input": IN,
            "a": agent(),
            "critic": agent(),
            "again": ROUND,
            "output": OUT,
        },
        ["input>a", "a>critic", "critic>again", "again>a", "again>output"],
        trouble=LONG,
    ),
    Scenario(
        "loop past its limit",
        "limits",
        {
            "input": IN,
            "a": agent(),
            "again": ROUND,
            "output": OUT,
        },
        ["input>a", "a>again", "again>a", "again>output"],
        limits={"model_calls": 1},
    ),
    Scenario(
        "variables",
        "loops",
        GATE | {"b": agent(), "join": ("join", {})},
        ["input>a", "input>b", "a>join", "b>join", "join>gate", "gate>output"],
        team={
            "variables": [{"name": "notes", "type": "array", "merge": "append"}],
            "writes": {"a": {"notes": "output"}, "b": {"notes": "output"}},
        },
    ),
    Scenario(
        "variables that merge",
        "loops",
        {
            "input": IN,
            "a": agent(),
            "b": agent(description="Other"),
            "c": ("transform", {"gives": "text", "template": "third"}),
            "join": ("join", {}),
            "told": ("transform", {"gives": "text", "template": SUMMED_UP}),
            "d": agent(),
            "output": OUT,
        },
        [*FANNED_OUT, "join>told", "told>d", "d>output"],
        team={
            "variables": [
                {"name": "count", "type": "integer", "merge": "add", "initial": 1},
                {"name": "facts", "type": "object", "merge": "merge"},
                {"name": "last", "type": "string", "merge": "replace"},
            ],
            "writes": {
                "a": {"count": "2", "facts": "{'a': output, 'by': 'a'}", "last": "output"},
                "b": {"count": "3", "facts": "{'b': output, 'by': 'b'}", "last": "output"},
                "c": {"count": "4", "facts": "{'c': output}", "last": "output"},
            },
        },
    ),
    Scenario(
        "tool node",
        "tools",
        {"input": IN, "it": ("tool", {"tool": "pay", "arguments": ADDRESS}), "b": agent(), "output": OUT},
        ["input>it", "it>b", "b>output"],
        tools={"pay": http_tool("POST", "pay", body=False)},
    ),
    Scenario(
        "tool node that asks",
        "tools",
        {"input": IN, "it": ("tool", {"tool": "pay", "arguments": ADDRESS}), "output": OUT},
        ["input>it", "it>output"],
        tools={"pay": http_tool("POST", "pay", body=False, approval="true")},
    ),
    Scenario(
        "transform and wait",
        "waits",
        {
            "input": IN,
            "it": ("transform", {"gives": "text", "template": "About {{ input.topic }}"}),
            "hold": ("wait", {"wait_for": "time", "seconds": 1.0}),
            "b": agent(),
            "output": OUT,
        },
        ["input>it", "it>hold", "hold>b", "b>output"],
    ),
    Scenario(
        "webhook",
        "waits",
        {"input": IN, "hold": ("wait", {"wait_for": "webhook"}), "b": agent(), "output": OUT},
        ["input>hold", "hold>b", "b>output"],
        trouble=LONG,
        steps=(Step("SignalReceived", ("NodeNoted", "hold"), "hold"),),
    ),
    Scenario(
        "webhook to a gate",
        "waits",
        {"input": IN, "hold": ("wait", {"wait_for": "webhook"}), "gate": ("approval", {}), "output": OUT},
        ["input>hold", "hold>gate", "gate>output"],
        steps=(Step("SignalReceived", ("NodeNoted", "hold"), "hold"),),
    ),
    Scenario(
        "paused in a call",
        "steering",
        LINE,
        LINE_EDGES,
        trouble="latency=400",
        steps=(
            Step("PauseRequested", AFTER_START),
            Step("ResumeRequested", ("PauseRequested", ""), parked=True),
        ),
    ),
    Scenario(
        "paused and resumed in a call",
        "steering",
        LINE,
        LINE_EDGES,
        trouble="latency=1500",
        steps=(
            Step("PauseRequested", AFTER_START),
            Step("ResumeRequested", ("PauseRequested", "")),
        ),
    ),
    Scenario(
        "paused at a gate",
        "steering",
        GATE,
        GATE_EDGES,
        steps=(
            Step("PauseRequested", ("ApprovalRequested", "gate")),
            Step("ResumeRequested", ("PauseRequested", "")),
        ),
    ),
    Scenario(
        "paused while it waits",
        "steering",
        {"input": IN, "hold": ("wait", {"wait_for": "time", "seconds": 3.0}), "output": OUT},
        ["input>hold", "hold>output"],
        steps=(
            Step("PauseRequested", ("NodeNoted", "hold")),
            Step("ResumeRequested", ("PauseRequested", ""), parked=True),
        ),
    ),
    Scenario(
        "taken up again",
        "steering",
        {"input": IN, "a": agent(), "b": agent("steady"), "output": OUT},
        LINE_EDGES,
        {"writer": {"limits": {"retries": 0}}, "steady": STEADY},
        trouble="latency=100,error=500,times=1",  # a death before it is recorded uses it up
        steps=(Step("NodeRetried", ("RunFailed", ""), "a"),),
        same="outcome",
    ),
    Scenario(
        "asked again after a rejection",
        "steering",
        GATE,
        GATE_EDGES,
        answers={"gate": (REJECT, {"decision": "approve"})},
        steps=(Step("NodeRetried", ("RunFailed", ""), "gate"),),
    ),
    Scenario(
        "an output given",
        "steering",
        {"input": IN, "a": agent(), "b": agent("steady"), "output": OUT},
        LINE_EDGES,
        {"writer": {"limits": {"retries": 0}}, "steady": STEADY},
        trouble="latency=100,error=400",
        steps=(Step("OutputGiven", ("RunFailed", ""), "a"),),
    ),
    Scenario(
        "an output given to a gate",
        "steering",
        {"input": IN, "a": agent(), "gate": ("approval", {}), "output": OUT},
        AFTER_WORK,
        trouble="latency=100,error=400",
        steps=(Step("OutputGiven", ("RunFailed", ""), "a"),),
    ),
    Scenario(
        "question",
        "policies",
        {"input": IN, "it": ("question", {"title": "Which one?"}), "a": agent(), "output": OUT},
        ["input>it", "it>a", "a>output"],
        answers={"it": {"decision": "answer", "edited": {"answer": "The second."}}},
    ),
    Scenario("two people", "policies", gate(quorum=2), AFTER_WORK, quorum=True),
    Scenario(
        "two people, one changes it",
        "policies",
        gate(quorum=2),
        AFTER_WORK,
        quorum=True,
        answers={"gate": ({"decision": "edit", "edited": "It costs less."}, {"decision": "approve"})},
    ),
    Scenario(
        "sent back",
        "policies",
        gate(),
        AFTER_WORK,
        trouble=LONG,
        answers={"gate": ({"decision": "send_back", "comment": "Say more."}, {"decision": "approve"})},
    ),
    Scenario(
        "sent back at its limit",
        "policies",
        gate(),
        AFTER_WORK,
        answers={"gate": ({"decision": "send_back", "comment": "Say more."}, {"decision": "approve"})},
        limits={"model_calls": 1},
    ),
    Scenario(
        "reminded and escalated",
        "policies",
        gate(
            reminders=[{"seconds": 0.6}],
            escalation=[{"after_s": 3.0, "least_role": "owner"}],
            deadline_s=5.5,
        ),
        [*AFTER_WORK, "gate!output"],
        trouble=LONG,  # its company is at work when it escalates
        answers={"gate": None},
    ),
    Scenario(
        "queued at its endpoint",
        "trouble",
        {"input": IN, "a": agent(), "b": agent(description="Other"), "join": ("join", {}), "output": OUT},
        ["input>a", "input>b", "a>join", "b>join", "join>output"],
        trouble="latency=1400",
        endpoint={"concurrency": 1},
        same="outcome",
    ),
    Scenario(
        "held back by its endpoint",
        "trouble",
        {
            "input": IN,
            "a": agent("limited"),
            "b": agent(),
            "c": agent("limited", "Other"),
            "join": ("join", {}),
            "output": OUT,
        },
        ["input>a", "input>b", "b>c", "a>join", "c>join", "join>output"],
        {"limited": {}, "writer": STEADY},
        trouble="latency=100,rate_limit=1,retry_after=2",
    ),
    Scenario("another model", "trouble", LINE, LINE_EDGES, {"writer": FALLS_BACK}, trouble=BROKEN),
    Scenario(
        "another model at its limit",
        "limits",
        LINE,
        LINE_EDGES,
        {"writer": FALLS_BACK},
        trouble=BROKEN,
        limits={"model_calls": 1},
    ),
    Scenario(
        "slower than meant", "limits", LINE, LINE_EDGES, trouble="latency=300", limits={"latency_s": 0.2}
    ),
    Scenario(
        "slower than meant while it waits",
        "limits",
        LINE,
        LINE_EDGES,
        trouble="latency=100,rate_limit=1,retry_after=4",
        limits={"latency_s": 0.9},
    ),
    Scenario("over the workspace's budget", "limits", LINE, LINE_EDGES, budget={"call_limit": 1}),
)
