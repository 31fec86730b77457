"""Tool calls, approval rules, gates, doubt, budgets, and the three dialects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runs.engine.decide import status
from runs.engine.dialects.base import Prompt
from runs.engine.model_turn import MAX_ABANDONED
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, saying, team, tool


def with_tool(effect: str = "reads", approval: str = "", **spec: Any) -> Any:
    return team(
        {"input": IN, "a": agent("clerk"), "output": OUT},
        ["input>a", "a>output"],
        agents={"clerk": {"tools": ["pay"]} | spec},
        tools={"pay": tool(effect, approval)},
    )


def once(*calls: tuple[str, Any], then: str = "done") -> Any:
    """A model that makes these tool calls in one turn, then answers."""

    def model(prompt: Prompt, attempt: int) -> Says:
        return Says(then) if prompt.replies else Says(tools=calls)

    return model


PAY = {"pay": lambda arguments: {"paid": arguments["amount"]}}


def test_results_come_back_in_the_order_the_model_asked() -> None:
    model = once(("pay", {"amount": 1}), ("pay", {"amount": 2}))
    run = Engine(with_tool(), model, PAY).start().go()
    assert run.output == "done"
    assert [json.loads(reply.text)["paid"] for reply in run.prompts["a/m2"].replies] == [1, 2]
    assert [reply.call_id for reply in run.prompts["a/m2"].replies] == ["c0", "c1"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("launch_rocket", {}), "There is no tool 'launch_rocket' here. Your tools: pay."),
        (("pay", {"amount": "much"}), "amount"),
        (("pay", "{not json"), "not valid JSON"),
        (("pay", "[1]"), "must be a JSON object"),
        (("pay", {"amount": 1, "to": "me"}), "to"),
    ],
)
def test_a_wrong_tool_call_is_told_to_the_model_and_never_dispatched(
    call: tuple[str, Any], told: str
) -> None:
    run = Engine(with_tool(), once(call), PAY).start().go()
    assert run.ran == []
    assert told in run.prompts["a/m2"].replies[0].text
    assert run.output == "done"


def test_tool_rounds_are_bounded_and_then_the_model_has_to_answer() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        return Says(tools=[("pay", {"amount": 1})]) if prompt.callable else Says("enough")

    run = Engine(with_tool(limits={"max_tool_rounds": 3}), model, PAY).start().go()
    assert len(run.ran) == 3
    assert run.output == "enough"


def test_a_rule_decides_which_calls_a_person_must_approve() -> None:
    rule = "args.amount > 500"
    run = Engine(with_tool("writes", rule), once(("pay", {"amount": 10})), PAY).start().go()
    assert run.state.ended == "done"
    run = Engine(with_tool("writes", rule), once(("pay", {"amount": 1000})), PAY).start().go()
    assert status(run.state) == "waiting"
    assert run.ran == []
    run.decide().go()
    assert len(run.ran) == 1
    assert run.output == "done"


@pytest.mark.parametrize("rule", ["args.missing > 1", "args.amount", "args.amount > 'x'"])
def test_a_rule_that_errors_or_is_no_boolean_requires_approval(rule: str) -> None:
    run = Engine(with_tool("writes", rule), once(("pay", {"amount": 1})), PAY).start().go()
    assert len(run.state.pending_approvals()) == 1
    assert run.ran == []


def test_a_rejected_call_is_not_made_and_the_reason_goes_back() -> None:
    run = Engine(with_tool("writes", "true"), once(("pay", {"amount": 1})), PAY).start().go()
    run.decide("reject", comment="too expensive").go()
    assert run.ran == []
    assert "too expensive" in run.prompts["a/m2"].replies[0].text


def test_edited_arguments_are_what_is_executed_and_the_model_is_told() -> None:
    run = Engine(with_tool("writes", "true"), once(("pay", {"amount": 1000})), PAY).start().go()
    run.decide("edit", edited={"amount": 5}).go()
    told = run.prompts["a/m2"].replies[0].text
    assert '"paid": 5' in told
    assert "changed the arguments" in told


def test_many_approvals_are_answered_in_any_order_and_twice() -> None:
    calls = [("pay", {"amount": n}) for n in range(4)]
    run = Engine(with_tool("writes", "true"), once(*calls), PAY).start().go()
    assert len(run.state.pending_approvals()) == 4
    for at in (2, 0, 1, 0):
        run.decide(at=at).go()
    assert len(run.ran) == len(set(run.ran)) == 4
    assert run.output == "done"


def test_a_call_that_may_have_happened_is_never_repeated_without_a_person() -> None:
    run = Engine(with_tool("writes"), once(("pay", {"amount": 1})), PAY).start()
    while not run.ran:
        run.step()
    run.crash()
    run.go()
    assert status(run.state) == "doubt"
    assert len(run.ran) == 1
    run.decide("done", edited={"paid": 1}).go()
    assert run.output == "done"
    assert len(run.ran) == 1


def test_retry_by_a_person_repeats_with_the_same_key() -> None:
    run = Engine(with_tool("writes"), once(("pay", {"amount": 1})), PAY).start()
    while not run.ran:
        run.step()
    run.crash()
    run.go().decide("retry").go()
    assert len(run.ran) == 2
    assert len(set(run.ran)) == 1


def test_an_idempotent_call_is_repeated_with_the_same_key() -> None:
    run = Engine(with_tool("idempotent"), once(("pay", {"amount": 1})), PAY).start()
    while not run.ran:
        run.step()
    run.crash()
    run.go()
    assert run.output == "done"
    assert len(run.ran) == 2
    assert len(set(run.ran)) == 1


# ── gates ───────────────────────────────────────────────────────────────────────────────────────────
def gate(**config: Any) -> Any:
    return team(
        {"input": IN, "a": agent(), "gate": ("approval", config), "b": agent("editor"), "output": OUT},
        ["input>a", "a>gate", "gate>b", "b>output"],
        agents={"editor": {}},
    )


def test_a_gate_holds_and_passes_on_what_arrived() -> None:
    run = Engine(gate(title="Publish {{ input.topic }}?"), saying("draft", "final")).start().go()
    assert status(run.state) == "waiting"
    assert run.state.pending_approvals()[0].title == "Publish tea?"
    run.decide().go()
    assert "draft" in run.prompts["b/m1"].task
    assert run.output == "final"


def test_an_edit_at_a_gate_replaces_what_goes_on() -> None:
    run = Engine(gate(), saying("draft", "final")).start().go()
    run.decide("edit", edited="better draft").go()
    assert "better draft" in run.prompts["b/m1"].task
    assert "Gate" in run.prompts["b/m1"].task or "gate" in run.prompts["b/m1"].task


def test_a_rejected_gate_fails_with_the_reason() -> None:
    run = Engine(gate(), saying("draft")).start().go().decide("reject", comment="off topic").go()
    assert run.state.code == "rejected"
    assert "off topic" in run.state.message


def test_an_expired_gate_is_never_a_yes() -> None:
    run = Engine(gate(deadline_s=60), saying("draft")).start().go()
    assert run.state.ended == "failed"
    assert run.node("b").status == "skipped"


@pytest.mark.parametrize(("on_expiry", "ended"), [("reject", "done"), ("fail", "failed")])
def test_what_happens_on_expiry_is_chosen(on_expiry: str, ended: str) -> None:
    guarded = team(
        {
            "input": IN,
            "gate": ("approval", {"deadline_s": 60, "on_expiry": on_expiry}),
            "plan_b": agent(),
            "output": OUT,
        },
        ["input>gate", "gate>output", "gate!plan_b", "plan_b>output"],
    )
    run = Engine(guarded, saying("instead")).start().go()
    assert run.state.ended == ended


def test_cancel_withdraws_what_was_asked() -> None:
    run = Engine(gate(), saying("draft")).start().go().cancel().go()
    assert run.state.ended == "cancelled"
    assert run.state.pending_approvals() == []


# ── routers ─────────────────────────────────────────────────────────────────────────────────────────
def routed(*, agent_key: str = "", otherwise: bool = True) -> Any:
    edges: list[Any] = [
        "input>route",
        {"source": "route", "target": "billing", "label": "billing", "when": "input.topic == 'refund'"},
        {
            "source": "route",
            "target": "tech",
            "label": "tech",
            "when": "" if otherwise else "input.topic == 'bug'",
        },
        "billing>output",
        "tech>output",
    ]
    nodes = {"input": IN, "route": ("router", {"agent": agent_key, "question": "Which?"})}
    return team(
        nodes | {"billing": agent("b"), "tech": agent("t"), "output": OUT}, edges, agents={"b": {}, "t": {}}
    )


def by_name(prompt: Prompt, attempt: int) -> Says:
    return Says(f"{prompt.agent} answered")


def test_rules_route_without_a_model_call() -> None:
    run = Engine(routed(), by_name).start({"topic": "refund"}).go()
    assert run.output == "b answered"
    assert [key[0] for key in run.sent] == ["billing/m1"]
    run = Engine(routed(), by_name).start({"topic": "else"}).go()
    assert run.output == "t answered"
    assert run.node("billing").status == "skipped"


def test_a_model_decides_when_no_rule_does_and_only_among_the_labels() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        if prompt.schema:
            assert prompt.schema["properties"]["choice"]["enum"] == ["billing", "tech"]
            return Says('{"choice": "tech"}' if prompt.replies else '{"choice": "kitchen"}')
        return by_name(prompt, attempt)

    run = Engine(routed(agent_key="writer"), model).start({"topic": "else"}).go()
    assert run.output == "t answered"
    assert run.types("route").count("OutputRejected") == 1


def test_a_router_that_never_names_a_label_fails_within_its_caps() -> None:
    run = Engine(routed(agent_key="writer"), saying("elsewhere")).start({"topic": "else"}).go()
    assert run.state.code == "no_route"
    assert len(run.sent) == 3


def test_no_rule_and_nobody_to_ask_fails_with_the_rules_that_erred() -> None:
    run = Engine(routed(otherwise=False), by_name).start({"title": "no topic"}).go()
    assert run.state.code == "no_route"
    assert "input.topic" in run.state.message


# ── dialects ────────────────────────────────────────────────────────────────────────────────────────
STEP = json.dumps({"tool": "pay", "arguments": {"amount": 7}})


@pytest.mark.parametrize(
    ("capabilities", "dialect", "texts"),
    [
        ({"tools": False, "json_schema": True}, "schema", [STEP, '{"answer": "paid"}']),
        (
            {"tools": False, "json_schema": False},
            "plain",
            [f"Sure!\n```json\n{STEP}\n```", '{"answer": "paid"}'],
        ),
        ({"tools": False, "json_schema": False}, "plain", [STEP, "paid"]),
    ],
)
def test_tools_work_on_endpoints_without_tool_calls(
    capabilities: dict[str, bool], dialect: str, texts: list[str]
) -> None:
    run = Engine(with_tool(), saying(*texts), PAY, capabilities).start().go()
    assert run.node("a").calls["a/m1"].dialect == dialect
    assert len(run.ran) == 1
    assert run.output == "paid"


def test_a_call_that_stops_its_worker_every_time_is_given_up() -> None:
    nodes = {"in": IN, "a": agent(), "out": OUT}
    pinned = team(
        nodes, ["in>a", "a>out"], agents={"writer": {"tools": ["pay"]}}, tools={"pay": tool("idempotent")}
    )
    asks = Says(tools=[("pay", {"amount": 1})])
    engine = Engine(pinned, lambda prompt, attempt: asks, tools={"pay": str}).start()
    engine.step()
    while not engine.state.ended and len(engine.ran) < 100:
        engine.crash()
        engine.think()
    assert engine.state.code == "worker_lost"
    assert len(engine.ran) == MAX_ABANDONED
