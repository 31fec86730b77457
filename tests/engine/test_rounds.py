"""Loops, rules on edges and variables: the graph beyond a straight line."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine import events as ev
from runs.engine.dialects.base import Prompt
from runs.engine.kind import NodeView
from runs.engine.state import NodeStatus
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, saying, team

AGENTS: dict[str, dict[str, Any]] = {name: {} for name in ("writer", "critic", "a", "b")}


def refining(model: Any, description: str = "", **config: Any) -> Engine:
    nodes = {
        "in": IN,
        "draft": agent("writer", description),
        "critic": agent("critic"),
        "again": ("loop", config),
        "out": OUT,
    }
    edges = ["in>draft", "draft>critic", "critic>again", "again>draft", "again>out"]
    return Engine(team(nodes, edges, agents=AGENTS), model).start()


def counting(prompt: Prompt, attempt: int) -> Says:
    counting.calls = getattr(counting, "calls", 0) + 1  # type: ignore[attr-defined]
    return Says(f"{prompt.agent} {counting.calls}")  # type: ignore[attr-defined]


# ── loops ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_loop_goes_round_until_its_rule_holds() -> None:
    said = iter(["draft one", "bad", "draft two", "good"])
    engine = refining(lambda prompt, attempt: Says(next(said)), until='value == "good"').go()
    assert engine.output == "good"
    assert engine.node("draft@2").status is NodeStatus.DONE
    assert (
        next(event.path for event in engine.log if event.path.startswith("draft") and "m1" not in event.path)
        == "draft"
    )
    assert engine.types().count("LoopRepeated") == 1


def test_each_round_has_call_ids_of_its_own() -> None:
    engine = refining(counting, max_iterations=3).go()
    calls = [call for call, _ in engine.sent]
    assert calls == ["draft/m1", "critic/m1", "draft@2/m1", "critic@2/m1", "draft@3/m1", "critic@3/m1"]


def test_the_first_node_of_a_round_starts_from_the_round_before() -> None:
    told: list[str] = []

    def model(prompt: Prompt, attempt: int) -> Says:
        told.append(prompt.task)
        return Says(f"said {len(told)}")

    refining(model, max_iterations=2).go()
    assert "# From critic\n<data>\nsaid 2" in told[2]
    assert "said 3" in told[3]
    assert "said 1" not in told[3]


def test_texts_read_the_round_before_and_null_in_the_first() -> None:
    told: list[str] = []

    def model(prompt: Prompt, attempt: int) -> Says:
        told.append(prompt.task)
        return Says(f"said {len(told)}")

    refining(
        model, description="Mind: {{ nodes.critic.output | default: 'nothing yet' }}", max_iterations=2
    ).go()
    assert "Mind: nothing yet" in told[0]
    assert "Mind: said 2" in told[2]


def test_a_loop_stops_at_its_cap_or_fails_as_it_says() -> None:
    assert refining(counting, max_iterations=2, at_cap="go_on").go().state.ended == "done"
    engine = refining(counting, max_iterations=2, at_cap="fail").go()
    assert engine.state.ended == "failed"
    assert "2 rounds done" in engine.state.message


@pytest.mark.parametrize(("how", "ended"), [("go_on", "done"), ("fail", "failed"), ("ignore", "done")])
def test_a_round_that_gives_what_an_earlier_one_gave_is_noticed(how: str, ended: str) -> None:
    engine = refining(saying("the same"), max_iterations=6, on_repeat=how).go()
    assert engine.state.ended == ended
    rounds = engine.types().count("LoopRepeated")
    assert rounds == (5 if how == "ignore" else 1)


def test_a_rule_that_cannot_be_decided_does_not_end_a_loop_for_ever() -> None:
    engine = refining(counting, until="value.score > 3", max_iterations=3).go()
    assert engine.state.ended == "done"
    assert engine.types().count("LoopRepeated") == 2


def test_loops_nest_and_the_inner_one_begins_anew() -> None:
    nodes = {
        "in": IN,
        "a": agent("a"),
        "b": agent("b"),
        "inner": ("loop", {"max_iterations": 2}),
        "outer": ("loop", {"max_iterations": 2}),
        "out": OUT,
    }
    edges = ["in>a", "a>b", "b>inner", "inner>b", "inner>outer", "outer>a", "outer>out"]
    engine = Engine(team(nodes, edges, agents=AGENTS), counting).start().go()
    assert engine.state.ended == "done"
    assert [call for call, _ in engine.sent] == ["a/m1", "b/m1", "b@2/m1", "a@2/m1", "b@3/m1", "b@4/m1"]


def test_a_loop_goes_on_where_it_was_after_a_crash_at_any_step() -> None:
    def play(crash_at: int | None) -> tuple[Any, int]:
        engine = refining(
            lambda prompt, attempt: Says(prompt.agent + str(len(prompt.task) % 7)),
            max_iterations=3,
            on_repeat="ignore",
        )
        at = 0
        while engine.step():
            at += 1
            if at == crash_at:
                engine.crash()
        return engine.output, at

    expected, steps = play(None)
    assert all(play(at)[0] == expected for at in range(1, steps + 1))


# ── rules on edges ──────────────────────────────────────────────────────────────────────────────────
def test_edges_with_rules_are_taken_when_they_hold() -> None:
    nodes = {
        "in": IN,
        "a": agent("a"),
        "b": agent("b"),
        "writer": agent("writer"),
        "join": ("join", {}),
        "out": OUT,
    }
    long = {"source": "a", "target": "b", "when": "size(output) > 3"}
    short = {"source": "a", "target": "writer", "when": "size(output) <= 3"}
    engine = (
        Engine(
            team(nodes, ["in>a", long, short, "b>join", "writer>join", "join>out"], agents=AGENTS),
            saying("long text"),
        )
        .start()
        .go()
    )
    assert engine.output == {"b": "long text"}
    assert engine.node("writer").status is NodeStatus.SKIPPED


def test_a_rule_that_fails_does_not_hold_and_is_noted() -> None:
    nodes = {"in": IN, "a": agent("a"), "b": agent("b"), "join": ("join", {}), "out": OUT}
    edges: list[Any] = [
        "in>a",
        {"source": "a", "target": "b", "when": "output.x.y == 1"},
        "a>join",
        "b>join",
        "join>out",
    ]
    engine = Engine(team(nodes, edges, agents=AGENTS), saying("text")).start().go()
    assert engine.output == {"a": "text"}
    assert any("output.x.y" in getattr(event, "note", "") for event in engine.log)


# ── variables ───────────────────────────────────────────────────────────────────────────────────────
def parallel(first_takes: float, merge: str, kind: str) -> Engine:
    def model(prompt: Prompt, attempt: int) -> Says:
        return Says(prompt.agent, takes_s=first_takes if prompt.agent == "a" else 5)

    nodes = {
        "in": IN,
        "a": agent("a"),
        "b": agent("b"),
        "join": ("join", {}),
        "last": agent("writer", "All: {{ vars.found }}"),
        "out": OUT,
    }
    edges = ["in>a", "in>b", "a>join", "b>join", "join>last", "last>out"]
    rule = {"array": "output", "object": "{output: 1}", "integer": "size(output)", "string": "output"}[kind]
    writes = {"a": {"found": rule}, "b": {"found": rule}}
    return Engine(
        team(
            nodes,
            edges,
            agents=AGENTS,
            writes=writes,
            variables=[{"name": "found", "type": kind, "merge": merge}],
        ),
        model,
    ).start()


@pytest.mark.parametrize(
    ("merge", "kind", "expected"),
    [
        ("append", "array", "ab"),
        ("merge", "object", '{"a": 1, "b": 1}'),
        ("add", "integer", "2"),
        ("replace", "string", "b"),
    ],
)
def test_parallel_writes_merge_in_the_order_of_the_graph_whoever_comes_first(
    merge: str, kind: str, expected: str
) -> None:
    for takes in (1, 9):
        engine = parallel(takes, merge, kind).go()
        assert f"All: {expected}\n" in engine.prompts["last/m1"].task


def test_a_write_of_the_wrong_type_fails_its_node_in_words() -> None:
    nodes = {"in": IN, "a": agent("a"), "out": OUT}
    variables = [{"name": "count", "type": "integer", "merge": "add"}]
    engine = (
        Engine(
            team(
                nodes,
                ["in>a", "a>out"],
                agents=AGENTS,
                writes={"a": {"count": "output"}},
                variables=variables,
            ),
            saying("no number"),
        )
        .start()
        .go()
    )
    assert engine.state.ended == "failed"
    assert "count takes a integer" in engine.state.message


def test_rules_read_what_was_written() -> None:
    nodes = {
        "in": IN,
        "a": agent("a"),
        "again": ("loop", {"until": "vars.count >= 3", "max_iterations": 9, "on_repeat": "ignore"}),
        "out": OUT,
    }
    variables = [{"name": "count", "type": "integer", "merge": "add"}]
    engine = (
        Engine(
            team(
                nodes,
                ["in>a", "a>again", "again>a", "again>out"],
                agents=AGENTS,
                writes={"a": {"count": "1"}},
                variables=variables,
            ),
            saying("x"),
        )
        .start()
        .go()
    )
    assert engine.types("again").count("LoopRepeated") == 1
    assert engine.types().count("LoopRepeated") == 2


def test_what_begins_anew_has_not_written_yet() -> None:
    """`h` catches what `a` failed at and writes; then `z` fails, and `a` is taken up again."""
    mended = False

    def model(prompt: Prompt, attempt: int) -> Says:
        return Says(prompt.agent) if mended else Says(fails="bad_request", retryable=False)

    pinned = team(
        {"in": IN, "a": agent("a"), "h": ("transform", {"expression": '"h"'}), "z": agent("z"), "out": OUT},
        ["in>a", "a!h", "a>z", "h>z", "z>out"],
        agents={"a": {}, "z": {}},
        variables=[{"name": "log", "type": "array", "merge": "append"}],
        writes={"h": {"log": "output"}, "z": {"log": "output"}},
    )
    engine = Engine(pinned, model).start().go()
    for path in ("a", "a@2"):
        assert NodeView(engine.plan, engine.state, "z").variables(engine.content) == {"log": ["h"]}
        engine.add(ev.NodeRetried(path=path, nodes=("a", "h", "z", "out"), by="me", by_name="Me"))
        mended = path == "a@2"
        engine.go()
    assert engine.state.ended == "done"
    assert NodeView(engine.plan, engine.state, "out").variables(engine.content) == {"log": ["z"]}


@pytest.mark.parametrize("config", [{"policy": "quorum", "quorum": 2}, {}], ids=["quorum", "all"])
def test_a_loop_may_begin_at_a_join(config: dict[str, Any]) -> None:
    nodes = {
        "in": IN,
        "a": agent(),
        "b": agent(),
        "join": ("join", config),
        "work": agent(),
        "loop": ("loop", {"max_iterations": 3}),
        "out": OUT,
    }
    edges = ["in>a", "in>b", "a>join", "b>join", "join>work", "work>loop", "loop>join", "loop>out"]
    engine = Engine(team(nodes, edges), saying("1", "2", "3", "4", "5")).start().go()
    assert engine.output == "5"
    assert [key for key, _ in engine.sent] == ["a/m1", "b/m1", "work/m1", "work@2/m1", "work@3/m1"]


@pytest.mark.parametrize(("writes", "rounds"), [("1", 4), ("0", 2)], ids=["a new sum", "the same sum"])
def test_a_round_that_gives_the_same_with_other_variables_is_no_repetition(writes: str, rounds: int) -> None:
    pinned = team(
        {
            "in": IN,
            "work": ("transform", {"expression": '"ok"'}),
            "loop": ("loop", {"until": "vars.n > 3"}),
            "out": OUT,
        },
        ["in>work", "work>loop", "loop>work", "loop>out"],
        variables=[{"name": "n", "type": "integer", "merge": "add"}],
        writes={"work": {"n": writes}},
    )
    engine = Engine(pinned, saying("")).start().go()
    assert engine.state.ended == "done"
    assert len(engine.state.loops["loop"]) + 1 == rounds
