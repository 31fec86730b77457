"""What a model can say in JSON that no JSON library is glad about: told in words, stored, and bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.topology import json_text, rules, schemas
from runs.engine.content import Content
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, saying, team, tool

MODES: dict[str, dict[str, bool]] = {
    "native": {},
    "schema": {"tools": False},
    "plain": {"tools": False, "json_schema": False},
}
HOSTILE = {
    "never closed": "[" * 50_000,
    "closed far below": "[" * 50_000 + "]" * 50_000,
    "deeper than can be stored": '{"a":' * 600 + "1" + "}" * 600,
    "not a number": '{"a": NaN}',
    "endless number": '{"a": ' + "9" * 5_000 + "}",
    "lone surrogate": '{"a": "\\ud800"}',
}
hostile = pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
modes = pytest.mark.parametrize("capabilities", MODES.values(), ids=MODES)


@hostile
@modes
def test_an_answer_that_is_no_usable_json_is_corrected(answer: str, capabilities: dict[str, bool]) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    pinned = team(
        {"in": IN, "a": agent(), "out": OUT},
        ["in>a", "a>out"],
        agents={"writer": {"output": {"kind": "json", "schema": schema}}},
    )
    engine = Engine(pinned, saying(answer, '{"a": 1}'), capabilities=capabilities).start().go()
    assert engine.types("a").count("OutputRejected") == 1
    assert engine.output == {"a": 1}


@hostile
@modes
def test_arguments_that_are_no_usable_json_are_refused(answer: str, capabilities: dict[str, bool]) -> None:
    step = f'{{"tool": "pay", "arguments": {answer}}}'
    said = Says(tools=[("pay", answer)]) if not capabilities else Says(step)

    def model(prompt: Any, attempt: int) -> Says:
        return Says('{"answer": "ok"}') if prompt.replies else said

    pinned = team(
        {"in": IN, "a": agent(), "out": OUT},
        ["in>a", "a>out"],
        agents={"writer": {"tools": ["pay"]}},
        tools={"pay": tool()},
    )
    engine = Engine(pinned, model, capabilities=capabilities).start().go()
    assert engine.state.ended == "done"
    assert engine.ran == []


@hostile
def test_nodes_that_read_json_say_what_is_wrong_with_it(answer: str) -> None:
    for node, code in (
        (("guard", {"question": "It is polite.", "agent": "writer"}), "bad_answer"),
        (("guard", {"schema": {"type": "integer"}}), "guardrail"),
    ):
        nodes = {"in": IN, "a": agent(), "guard": node, "out": OUT}
        engine = Engine(team(nodes, ["in>a", "a>guard", "guard>out"]), saying(answer)).start().go()
        assert (engine.state.ended, engine.state.code) == ("failed", code)
    nodes = {"in": IN, "r": ("router", {"agent": "writer"}), "a": agent(), "b": agent(), "out": OUT}
    engine = Engine(team(nodes, ["in>r", "r>a", "r>b", "a>out", "b>out"]), saying(answer)).start().go()
    assert engine.state.code == "no_route"


@pytest.mark.parametrize("held", ["\\u0000", "\\ud800", "\\uDFFF"])
def test_what_postgresql_refuses_is_written_as_it_was_escaped(held: str) -> None:
    """Facts are stored, too: a reason that a judge gives stands in an event."""
    judged = f'{{"ok": false, "reason": "a{held}b"}}'
    nodes = {"in": IN, "guard": ("guard", {"question": "It is polite.", "agent": "writer"}), "out": OUT}
    engine = Engine(team(nodes, ["in>guard", "guard>out"]), saying(judged)).start().go()
    assert engine.node("guard").message == f"a{held.lower()}b"


def test_json_is_found_in_a_text_in_time() -> None:
    assert json_text.find('Sure: ```json\n{"a": [1]}\n``` and {"b": 2}') == '{"a": [1]}'
    assert json_text.find("[not] {json} at [all") == ""
    assert json_text.find("[1, " * 300_000) == ""
    assert json_text.find(('[1, 2, 3, "' + "x" * 2_000) * 5_000) == ""


def test_values_from_outside_have_bounds_too() -> None:
    deep: Any = 1
    for _ in range(json_text.DEEPEST):
        deep = [deep]
    assert schemas.errors({}, deep) == []
    assert Content().put(deep)
    assert "levels deep" in schemas.errors({}, [deep])[0]
    assert schemas.errors({"type": "string"}, "half a character: \ud800") == []


@pytest.mark.parametrize("source", ['b"abc"', 'duration("3s")', '{"a": [b"x"]}'])
def test_what_json_cannot_hold_is_no_value_of_a_rule(source: str) -> None:
    with pytest.raises(rules.RuleError, match=r"write string\(…\) around it"):
        rules.value_of(source, {})
    nodes = {"in": IN, "t": ("transform", {"expression": source}), "out": OUT}
    engine = Engine(team(nodes, ["in>t", "t>out"]), saying("")).start().go()
    assert engine.state.code == "transform"


def test_times_and_keys_of_a_rule_become_texts() -> None:
    assert rules.value_of('timestamp("2026-01-01T00:00:00Z")', {}) == "2026-01-01T00:00:00+00:00"
    assert rules.value_of('[{1: "a"}, {true: "b"}]', {}) == [{"1": "a"}, {"true": "b"}]


def test_objects_in_lists_read_as_json_in_a_text() -> None:
    template = "{{ input.rows }}{% for row in input.rows %}{{ row }}{% endfor %}{{ input.rows[0].b }}"
    nodes = {"in": IN, "t": ("transform", {"gives": "text", "template": template}), "out": OUT}
    row = {"a": None, "b": [{"c": True}]}
    engine = Engine(team(nodes, ["in>t", "t>out"]), saying("")).start({"rows": [row]}).go()
    assert engine.output == json.dumps(row) * 2 + '{"c": true}'
