"""Guardrails: rules, a schema and a model check what arrives; then block, correct or ask."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runs.engine.dialects.base import Prompt
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, team

AGENTS: dict[str, dict[str, Any]] = {"writer": {}, "judge": {}}


def guarded(config: dict[str, Any], says: str, *judged: Any) -> Engine:
    left = list(judged)

    def model(prompt: Prompt, attempt: int) -> Says:
        if prompt.agent == "judge":
            return Says(json.dumps(left.pop(0) if len(left) > 1 else left[0]))
        return Says(says)

    nodes = {
        "in": IN,
        "a": agent(),
        "guard": ("guard", config),
        "out": OUT,
        "saved": ("transform", {"expression": '"caught"'}),
    }
    edges = ["in>a", "a>guard", "guard>out", "guard!saved", "saved>out"]
    return Engine(team(nodes, edges, agents=AGENTS), model).start()


def test_what_keeps_to_the_rules_goes_on_as_it_is() -> None:
    assert guarded({"rules": ["size(value) < 20"]}, "short").go().output == "short"


@pytest.mark.parametrize("rule", ["size(value) < 3", "value.missing == 1"])
def test_what_breaks_a_rule_or_cannot_be_decided_is_blocked_and_an_error_edge_catches_it(rule: str) -> None:
    engine = guarded({"rules": [rule]}, "too long").go()
    assert engine.output == "caught"
    assert rule in engine.node("guard").message


def test_a_schema_is_checked_also_of_json_in_a_text() -> None:
    schema = {"type": "object", "required": ["total"]}
    assert guarded({"schema": schema}, '{"total": 1}').go().output == '{"total": 1}'
    assert guarded({"schema": schema}, '{"sum": 1}').go().output == "caught"


def test_a_model_judges_once_the_rules_hold() -> None:
    config = {"rules": ["size(value) > 1"], "question": "It is polite.", "agent": "judge"}
    assert guarded(config, "please", {"ok": True, "reason": ""}).go().output == "please"
    engine = guarded(config, "go away", {"ok": False, "reason": "It is rude."}).go()
    assert engine.output == "caught"
    assert engine.node("guard").message == "It is rude."


def test_what_breaks_a_rule_is_corrected_and_checked_again() -> None:
    config = {"rules": ["size(value) < 10"], "agent": "judge", "action": "correct"}
    engine = guarded(config, "far too long", {"value": "still far too long"}, {"value": "short"}).go()
    assert engine.output == "short"
    assert [call for call, _ in engine.sent] == ["a/m1", "guard/m1", "guard/m2"]


def test_corrections_are_bounded() -> None:
    config = {"rules": ["size(value) < 3"], "agent": "judge", "action": "correct", "corrections": 2}
    engine = guarded(config, "long", {"value": "longer"}).go()
    assert engine.output == "caught"
    assert sum(call.startswith("guard") for call, _ in engine.sent) == 2


def test_a_corrected_text_is_judged_again() -> None:
    config = {"question": "It is polite.", "agent": "judge", "action": "correct"}
    said = ({"ok": False, "reason": "Rude."}, {"value": "please"}, {"ok": True, "reason": ""})
    assert guarded(config, "go away", *said).go().output == "please"


@pytest.mark.parametrize(("decision", "expected"), [("approve", "bad"), ("reject", "caught")])
def test_a_person_decides_what_to_do_with_it(decision: str, expected: str) -> None:
    engine = guarded({"rules": ['value == "good"'], "action": "ask"}, "bad").go()
    (asked,) = engine.state.pending_approvals()
    assert "value == " in asked.reason
    engine.decide(decision, comment="because").go()
    assert engine.output == expected


def test_a_judge_who_talks_nonsense_fails_the_guard() -> None:
    engine = guarded({"question": "It is polite.", "agent": "judge"}, "text", "no verdict").go()
    assert engine.output == "caught"
    assert "did not fit" in engine.node("guard").message


@pytest.mark.parametrize("reason", ["", " ", "\n"])
def test_a_judge_who_says_no_without_a_reason_has_said_no(reason: str) -> None:
    config = {"question": "It is polite.", "agent": "judge"}
    engine = guarded(config, "go away", {"ok": False, "reason": reason}).go()
    assert engine.output == "caught"
    assert engine.node("guard").message


def test_a_rehearsal_asks_its_launcher_what_to_do_with_it() -> None:
    engine = guarded({"rules": ["false"], "action": "ask"}, "x", {})
    engine.state.mode = "simulated"
    assert engine.go().state.pending_approvals()[0].people == ("me",)


def test_a_judge_who_talks_nonsense_gives_way_to_the_next_of_its_chain() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        return Says('{"ok": true, "reason": ""}' if prompt.model.model == "big" else "nonsense")

    nodes = {"in": IN, "guard": ("guard", {"question": "It is polite.", "agent": "judge"}), "out": OUT}
    agents = {"judge": {"fallbacks": [{"endpoint": "local", "model": "big"}]}}
    engine = Engine(team(nodes, ["in>guard", "guard>out"], agents=agents), model).start().go()
    assert engine.state.ended == "done"
    assert engine.types("guard").count("OutputRejected") == 3
    assert engine.types("guard").count("FellBack") == 1
