"""Teams that cannot work are told so before they run, at the node, with the reason and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agents.topology.canonical import digest
from agents.topology.check import Catalog, check
from agents.topology.graph import AgentSpec, Output
from tests.engine.teams import AGENT, IN, OUT, agent, team

Nodes = dict[str, tuple[str, dict[str, Any]]]
Edges = Sequence[str | dict[str, Any]]


def found(nodes: Nodes, edges: Edges, severity: str = "error") -> dict[str, str]:
    """Code → what is said, of every problem; each must say where it is and how to mend it."""
    graph = team({"in": IN, **nodes, "out": OUT}, edges).graph
    problems = check(graph, Catalog(agents={"writer": AgentSpec.model_validate(AGENT)}))
    assert all(one.fix and (one.node or one.edge or one.field) for one in problems)
    return {one.code: f"{one.message} {one.fix}" for one in problems if one.severity == severity}


# ── delegating and handing over ─────────────────────────────────────────────────────────────────────
def test_a_supervisor_cannot_delegate_to_itself() -> None:
    assert (
        "connected to itself" in found({"lead": agent()}, ["in>lead", "lead>out", "lead:lead"])["edge.self"]
    )


@pytest.mark.parametrize("back", ["worker:lead", "worker~lead", "lead~worker"])
def test_nobody_ends_up_working_for_itself(back: str) -> None:
    """A hand-over inside a delegation begins a new line, which no cap would end."""
    problems = found({"lead": agent(), "worker": agent()}, ["in>lead", "lead>out", "lead:worker", back])
    assert "working for itself" in problems["worker.circle"]


def test_a_circle_through_somebody_elses_hand_over_is_found() -> None:
    nodes = {"lead": agent(), "first": agent(), "second": agent()}
    edges = ["in>lead", "lead>out", "lead:first", "first~second", "second:lead"]
    assert "worker.circle" in found(nodes, edges)


def test_workers_may_hand_over_among_themselves() -> None:
    nodes = {"lead": agent(), "first": agent(), "second": agent()}
    assert found(nodes, ["in>lead", "lead>out", "lead:first", "lead:second", "first~second"]) == {}


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("guard", {"rules": ["size(value) < 9"]}),
        ("approval", {}),
        ("wait", {}),
        ("join", {}),
        ("router", {}),
        ("loop", {"until": "true"}),
    ],
)
def test_what_only_stands_in_the_flow_cannot_be_delegated_to(kind: str, config: dict[str, Any]) -> None:
    problems = found({"lead": agent(), "inner": (kind, config)}, ["in>lead", "lead>out", "lead:inner"])
    assert "nothing flows inside a delegation" in problems["edge.cannot_run"]
    assert "sub-team that works for lead" in problems["edge.cannot_run"]


@pytest.mark.parametrize(
    ("edge", "carries"),
    [("lead:worker", "conversation"), ("lead:worker", "nothing"), ("lead>out", "conversation")],
)
def test_what_an_edge_cannot_carry_is_said(edge: str, carries: str) -> None:
    ends: dict[str, Any] = {
        "lead:worker": {"source": "lead", "target": "worker", "kind": "delegates"},
        "lead>out": {"source": "lead", "target": "out", "kind": "flow"},
    }
    edges: list[str | dict[str, Any]] = ["in>lead", *(one for key, one in ends.items() if key != edge)]
    edges.append(ends[edge] | {"carries": carries})
    nodes = {"lead": agent(), "worker": agent()}
    assert "has no effect" in found(nodes, edges, "warning")["edge.carries"]
    assert found(nodes, edges) == {}


@pytest.mark.parametrize("kind", ["delegates", "handoff", "error"])
def test_a_rule_that_nobody_asks_is_said(kind: str) -> None:
    nodes = {"lead": agent(), "worker": agent()}
    edge = {"source": "lead", "target": "worker", "kind": kind, "when": "input.amount > 5"}
    ends = ["worker>out"] if kind == "error" else []
    assert "has no effect" in found(nodes, ["in>lead", "lead>out", edge, *ends])["edge.rule_unused"]


# ── who talks to one another ────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("node", "config"), [("debate", {"judge": "writer"}), ("chat", {})])
def test_participants_are_told_apart_by_their_names(node: str, config: dict[str, Any]) -> None:
    graph = team(
        {"in": IN, "talk": (node, config), "a": agent(), "b": agent(), "c": agent(), "out": OUT},
        ["in>talk", "talk>out", "talk:a", "talk:b", "talk:c"],
    ).graph
    named = {"a": "Critic", "b": "critic", "c": "None" if node == "debate" else "Nobody"}
    nodes = [one.model_copy(update={"name": named.get(one.id, one.name)}) for one in graph.nodes]
    catalog = Catalog(agents={"writer": AgentSpec.model_validate(AGENT)})
    problems = check(graph.model_copy(update={"nodes": nodes}), catalog)
    said = [(one.code, one.node) for one in problems if one.severity == "error"]
    assert said == [("workers.names", "a"), ("workers.names", "b"), ("workers.names", "c")]


def test_a_debate_alone_and_a_map_of_nobody_are_told() -> None:
    assert (
        "only 1"
        in found({"d": ("debate", {"judge": "writer"}), "a": agent()}, ["in>d", "d>out", "d:a"])[
            "workers.few"
        ]
    )
    assert "nobody" in found({"m": ("map", {})}, ["in>m", "m>out"])["workers.few"]


# ── numbers that cannot come true ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "config", [{"policy": "quorum", "quorum": 3}, {"policy": "best_effort", "at_least": 3, "deadline_s": 1}]
)
def test_a_join_cannot_want_more_branches_than_there_are(config: dict[str, Any]) -> None:
    nodes = {"a": agent(), "b": agent(), "j": ("join", config)}
    problems = found(nodes, ["in>a", "in>b", "a>j", "b>j", "j>out"])
    assert "wants 3 branches, but only 2 lead to it" in problems["join.quorum"]


@pytest.mark.parametrize(
    ("node", "config", "field"),
    [
        ("map", {"max_items": 10_000}, "max_items"),
        ("join", {"deadline_s": -1}, "deadline_s"),
        ("approval", {"deadline_s": 0}, "deadline_s"),
        ("wait", {"seconds": -60}, "seconds"),
        ("loop", {"max_iterations": 10**6}, "max_iterations"),
        ("debate", {"rounds": 0}, "rounds"),
        ("agent", {"agent": "writer", "max_handoffs": 10**6}, "max_handoffs"),
    ],
)
def test_caps_and_times_have_bounds_of_their_own(node: str, config: dict[str, Any], field: str) -> None:
    graph = team({"in": IN, "x": (node, config), "out": OUT}, ["in>x", "x>out"]).graph
    problems = check(graph, Catalog(agents={"writer": AgentSpec.model_validate(AGENT)}))
    assert [one.field for one in problems if one.node == "x" and one.code.startswith("schema.")] == [field]


# ── whether two documents are the same ──────────────────────────────────────────────────────────────
def test_the_order_of_a_forms_fields_tells_two_documents_apart_and_that_of_other_keys_does_not() -> None:
    def spec(*names: str, **more: Any) -> AgentSpec:
        fields = {name: {"type": "string"} for name in names}
        output = Output.model_validate({"kind": "json", "schema": {"type": "object", "properties": fields}})
        return AgentSpec.model_validate(AGENT | more | {"output": output})

    assert digest(spec("plan", "amount")) != digest(spec("amount", "plan"))
    assert digest(spec("plan", "amount")) == digest(spec("plan", "amount"))
    swapped = dict(reversed(list(AGENT.items())))
    assert digest(AgentSpec.model_validate(swapped)) == digest(AgentSpec.model_validate(AGENT))
