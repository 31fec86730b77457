"""Nodes that run other nodes: map, debate, group chat; and nodes that ask nobody: tool and transform."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from runs.engine.dialects.base import Prompt
from runs.engine.state import NodeStatus
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, team, tool

AGENTS: dict[str, dict[str, Any]] = {name: {} for name in ("a", "b", "c", "judge")}


def ensemble(
    kind: str, config: dict[str, Any], model: Any, *workers: str | dict[str, Any], value: Any = None
) -> Engine:
    names = [worker if isinstance(worker, str) else worker["target"] for worker in workers]
    nodes = {
        "in": IN,
        "it": (kind, config),
        **{name: agent(name, "{{ value }}") for name in names},
        "out": OUT,
    }
    edges: list[Any] = ["in>it", "it>out"]
    edges += [f"it:{worker}" if isinstance(worker, str) else worker for worker in workers]
    return Engine(team(nodes, edges, agents=AGENTS), model).start(value)


# ── map ─────────────────────────────────────────────────────────────────────────────────────────────
def echo(prompt: Prompt, attempt: int) -> Says:
    item = prompt.task.removeprefix("# Task\n")
    return Says(f"did {item}", takes_s=1 + 5 / (1 + len(item)))


def mapped(value: Any, model: Any = echo, **config: Any) -> Engine:
    return ensemble("map", {"over": "input.items", **config}, model, "a", value={"items": value})


def test_a_map_keeps_the_items_order_and_runs_a_few_at_once() -> None:
    engine = mapped(["x", "yy", "zzz", "x"], at_once=2)
    most = 0
    while engine.step():
        most = max(most, len(engine.inflight))
    assert engine.output == ["did x", "did yy", "did zzz", "did x"]
    assert most == 2


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("text", "not a list"),
        (7, "not a list"),
        (["x"] * 10_000, "10,000 items; at most 100"),
        (None, "not a list"),
    ],
)
def test_what_is_no_list_or_too_long_fails_before_anything_is_spent(value: Any, words: str) -> None:
    engine = mapped(value).go()
    assert engine.state.ended == "failed"
    assert words in engine.state.message
    assert not engine.sent


def test_an_empty_list_gives_an_empty_list() -> None:
    assert mapped([]).go().output == []


@pytest.mark.parametrize(
    ("policy", "expected"), [("leave_out", ["did x", "did z"]), ("null", ["did x", None, "did z"])]
)
def test_a_failed_item_costs_only_itself_when_the_policy_says_so(policy: str, expected: Any) -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        return (
            Says(fails="bad_request", retryable=False) if prompt.task.endswith("y") else echo(prompt, attempt)
        )

    assert mapped(["x", "y", "z"], model, on_failure=policy).go().output == expected


def test_a_failed_item_ends_the_map_and_stops_the_others_by_default() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        bad = prompt.task.endswith("y")
        return Says(fails="bad_request", retryable=False) if bad else Says("slow", takes_s=60)

    engine = mapped(["x", "y", "z"], model).go()
    assert engine.state.ended == "failed"
    assert "Item 2 of 3" in engine.state.message
    assert engine.node("it/1/a").status is NodeStatus.CANCELLED


def test_a_map_over_supervisors_gives_each_item_a_team_of_its_own() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        if prompt.agent == "b":
            return Says("dug")
        if prompt.replies:
            return Says(f"sum of {prompt.replies[0].text}")
        return Says(tools=[("delegate_to_b", {"task": "dig"})])

    nodes = {"in": IN, "it": ("map", {"over": "input.items"}), "a": agent("a"), "b": agent("b"), "out": OUT}
    engine = (
        Engine(team(nodes, ["in>it", "it>out", "it:a", "a:b"], agents=AGENTS), model)
        .start({"items": [1, 2]})
        .go()
    )
    assert engine.output == ["sum of dug", "sum of dug"]
    assert "it/2/a/m1/t1/b/m1" in [call for call, _ in engine.sent]


# ── debate ──────────────────────────────────────────────────────────────────────────────────────────
def arguing(verdicts: list[Any]) -> Callable[[Prompt, int], Says]:
    left = list(verdicts)

    def model(prompt: Prompt, attempt: int) -> Says:
        if prompt.agent == "judge":
            said = left.pop(0) if len(left) > 1 else left[0]
            return Says(said if isinstance(said, str) else json.dumps(said))
        return Says(f"{prompt.agent} argues")

    return model


def verdict(settled: bool, winner: str = "a") -> dict[str, Any]:
    return {"settled": settled, "winner": winner, "verdict": f"{winner} is right"}


def debated(verdicts: list[Any], **config: Any) -> Engine:
    return ensemble("debate", {"judge": "judge", "rounds": 3, **config}, arguing(verdicts), "a", "b")


def test_a_debate_ends_as_soon_as_the_judge_finds_it_settled() -> None:
    engine = debated([verdict(False), verdict(True, "b")]).go()
    assert engine.output["winner"] == "b"
    assert engine.output["rounds"] == 2
    assert [call for call, _ in engine.sent] == [
        "it/r1/a/m1",
        "it/r1/b/m1",
        "it/m1",
        "it/r2/a/m1",
        "it/r2/b/m1",
        "it/m2",
    ]


def test_in_a_later_round_each_hears_what_the_others_said() -> None:
    engine = debated([verdict(False), verdict(True)]).go()
    told = engine.prompts["it/r2/a/m1"].task
    assert '"others said": {' in told
    assert "b argues" in told


@pytest.mark.parametrize(("policy", "ended"), [("take", "done"), ("fail", "failed")])
def test_a_judge_who_never_decides_ends_with_the_last_round(policy: str, ended: str) -> None:
    engine = debated([verdict(False)], on_unsettled=policy).go()
    assert engine.state.ended == ended
    assert sum(call.startswith("it/m") for call, _ in engine.sent) == 3


def test_a_judge_who_answers_nonsense_is_corrected_then_fails_the_debate() -> None:
    assert debated(["no idea", verdict(True)]).go().state.ended == "done"
    engine = debated(["no idea"]).go()
    assert engine.state.ended == "failed"
    assert "did not fit" in engine.state.message


def test_a_debate_goes_on_without_a_participant_that_fails() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        if prompt.agent == "b":
            return Says(fails="bad_request", retryable=False)
        return Says(json.dumps(verdict(True))) if prompt.agent == "judge" else Says("alone")

    assert ensemble("debate", {"judge": "judge"}, model, "a", "b").go().output["positions"] == {"a": "alone"}


# ── group chat ──────────────────────────────────────────────────────────────────────────────────────
def talking(prompt: Prompt, attempt: int) -> Says:
    return Says(f"{prompt.agent} speaks")


def speakers(engine: Engine) -> list[str]:
    return [message["speaker"] for message in engine.output["messages"]]


def test_everybody_speaks_in_turn_until_the_turns_are_used_up() -> None:
    engine = ensemble("chat", {"max_turns": 5}, talking, "a", "b").go()
    assert speakers(engine) == ["a", "b", "a", "b", "a"]


def test_rules_choose_who_speaks_and_a_phrase_ends_it() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        return Says("AGREED" if prompt.agent == "b" else "your view, b?")

    to_b = {"source": "it", "target": "b", "kind": "delegates", "when": 'last.contains("b?")'}
    to_a = {"source": "it", "target": "a", "kind": "delegates"}
    engine = ensemble("chat", {"speaker": "rules", "phrase": "agreed"}, model, to_b, to_a).go()
    assert speakers(engine) == ["a", "b"]


def test_a_model_chooses_who_speaks_and_when_nobody_needs_to() -> None:
    chosen = iter(["b", "a", "nobody"])

    def model(prompt: Prompt, attempt: int) -> Says:
        return (
            Says(json.dumps({"next": next(chosen)})) if prompt.agent == "judge" else talking(prompt, attempt)
        )

    engine = ensemble("chat", {"speaker": "model", "selector": "judge"}, model, "a", "b").go()
    assert speakers(engine) == ["b", "a"]
    assert "b speaks" in engine.prompts["it/m2"].replies[0].text


def test_a_selector_that_names_a_stranger_is_corrected_and_bounded() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        return Says('{"next": "zoe"}') if prompt.agent == "judge" else talking(prompt, attempt)

    engine = ensemble("chat", {"speaker": "model", "selector": "judge"}, model, "a", "b").go()
    assert engine.state.ended == "failed"
    assert len(engine.sent) == 3


def test_a_rule_and_a_number_of_tokens_end_a_conversation() -> None:
    assert len(speakers(ensemble("chat", {"until": "size(messages) == 3"}, talking, "a", "b").go())) == 3
    assert len(speakers(ensemble("chat", {"max_tokens": 50}, talking, "a", "b").go())) == 3


def test_participants_see_the_latest_messages_only() -> None:
    engine = ensemble("chat", {"max_turns": 6, "window": 2}, talking, "a", "b").go()
    assert engine.prompts["it/6/b/m1"].task.count(" speaks") == 2


def test_a_conversation_where_nobody_can_speak_ends() -> None:
    engine = ensemble(
        "chat", {"max_turns": 50}, lambda p, n: Says(fails="bad_request", retryable=False), "a", "b"
    ).go()
    assert engine.state.ended == "failed"
    assert len(engine.sent) == 3


# ── no model at all ─────────────────────────────────────────────────────────────────────────────────
def tooled(arguments: dict[str, str], approval: str = "", effect: str = "reads") -> Engine:
    nodes = {"in": IN, "pay": ("tool", {"tool": "pay", "arguments": arguments}), "out": OUT}
    pinned = team(nodes, ["in>pay", "pay>out"], tools={"pay": tool(effect, approval)})
    return Engine(pinned, talking, tools={"pay": lambda arguments: {"paid": arguments["amount"]}}).start(
        {"sum": 12.5}
    )


def test_a_tool_node_makes_typed_arguments_from_what_arrives() -> None:
    assert tooled({"amount": "{{ input.sum }}"}).go().output == {"paid": 12.5}


def test_a_tool_nodes_wrong_arguments_fail_it_in_words() -> None:
    engine = tooled({"amount": "much"}).go()
    assert engine.state.ended == "failed"
    assert "amount" in engine.state.message
    assert not engine.ran


def test_a_tool_node_asks_a_person_when_the_tools_rule_says_so() -> None:
    engine = tooled({"amount": "{{ input.sum }}"}, approval="args.amount > 10", effect="writes").go()
    assert not engine.ran
    engine.decide("approve").go()
    assert engine.output == {"paid": 12.5}
    assert len(engine.ran) == 1


def test_a_lost_call_of_a_tool_node_that_writes_becomes_a_question() -> None:
    engine = tooled({"amount": "1"}, effect="writes")
    engine.think()
    engine.crash()
    engine.go()
    assert [approval.kind for approval in engine.state.pending_approvals()] == ["doubt"]
    engine.decide("done", edited={"paid": 1}).go()
    assert engine.output == {"paid": 1}
    assert len(engine.ran) == 1


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"gives": "text", "template": "About {{ input.topic }}"}, "About tea"),
        ({"expression": '{"upper": input.topic + "!"}'}, {"upper": "tea!"}),
    ],
)
def test_a_transform_gives_a_text_or_a_value(config: dict[str, Any], expected: Any) -> None:
    engine = (
        Engine(team({"in": IN, "t": ("transform", config), "out": OUT}, ["in>t", "t>out"]), talking)
        .start()
        .go()
    )
    assert engine.output == expected


def test_a_transform_that_fails_says_why() -> None:
    nodes = {"in": IN, "t": ("transform", {"expression": "input.none.there"}), "out": OUT}
    engine = Engine(team(nodes, ["in>t", "t>out"]), talking).start().go()
    assert engine.state.ended == "failed"
    assert "not there" in engine.state.message
