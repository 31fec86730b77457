"""What each dialect asks for and makes of an answer: bounds, answers cut off, calls that may not be made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.topology import schemas
from agents.topology.graph import ModelRef, Parameters
from runs.engine import events as ev
from runs.engine.dialects import DIALECTS, choose
from runs.engine.dialects.base import NO_MORE, Offer, Prompt
from runs.engine.dialects.bounds import CHARACTERS_A_TOKEN, bounded
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, team, tool

TOKENS = 300
LOOK = Offer(
    "look",
    "Looks.",
    {
        "type": "object",
        "properties": {
            "task": {"type": "string", "maxLength": 20_000},
            "context": {"type": "string", "maxLength": 100_000},
        },
        "required": ["task"],
        "additionalProperties": False,
    },
)
REPORT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 30},
        "verdict": {"type": "string", "maxLength": 4_000},
        "kind": {"type": "string", "enum": ["one", "two"]},
        "note": {"type": ["string", "null"]},
        "points": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["title", "verdict", "kind", "note", "points"],
    "additionalProperties": False,
}


def prompt(*tools: Offer, schema: dict[str, Any] | None = None) -> Prompt:
    model = ModelRef(endpoint="local", model="m")
    return Prompt("writer", model, Parameters(max_tokens=TOKENS), 1, "You are.", "Do.", tools, schema)


def said(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


# ── bounds ──────────────────────────────────────────────────────────────────────────────────────────
def longest(schema: Any) -> Any:
    """The longest value that fits a bounded schema."""
    if "enum" in schema:
        return max(schema["enum"], key=len)
    if schema["type"] == "object":
        return {name: longest(member) for name, member in schema["properties"].items()}
    if schema["type"] == "array":
        return [longest(schema["items"])] * schema["maxItems"]
    return "x" * schema["maxLength"]


def test_the_longest_answer_that_fits_the_schema_fits_the_token_limit() -> None:
    fitting = bounded(REPORT, TOKENS)
    value = longest(fitting)
    assert len(json.dumps(value, indent=2)) <= TOKENS * CHARACTERS_A_TOKEN
    assert schemas.errors(REPORT, value) == [], "whatever fits the bounds fits the schema as it was given"
    assert len(value["title"]) == 30, "what is short by itself stays as it is"
    assert len(value["verdict"]) > 30, "and leaves its room to the others"


def test_bounds_never_ask_for_less_than_the_schema_demands() -> None:
    demanding = {"type": "object", "properties": {"text": {"type": "string", "minLength": 900}}}
    text = bounded(demanding, TOKENS)["properties"]["text"]
    assert text["maxLength"] == text["minLength"] == 900


def test_an_endpoint_with_schemas_alone_is_given_bounds_and_one_with_tools_is_not() -> None:
    typed = prompt(schema=REPORT)
    bare = choose({"tools": False}, typed)
    assert bare.options(typed)["response_format"]["json_schema"]["schema"] == bounded(REPORT, TOKENS)
    full = choose({}, typed)
    assert full.options(typed)["response_format"]["json_schema"]["schema"] == REPORT


def test_each_step_of_a_conversation_fits_the_token_limit() -> None:
    shapes = DIALECTS["schema"].options(prompt(LOOK))["response_format"]["json_schema"]["schema"]["anyOf"]
    call, answer = (shape["properties"] for shape in shapes)
    arguments = call["arguments"]["properties"]
    assert sum(one["maxLength"] for one in arguments.values()) < TOKENS * CHARACTERS_A_TOKEN
    assert answer["answer"]["maxLength"] < TOKENS * CHARACTERS_A_TOKEN


# ── answers that have no end ────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"answer": "No, no, no', "No, no, no"),
        ('{\n  "answer": "Said \\"yes\\" and', 'Said "yes" and'),
        ('{"answer": "half an escape \\', "half an escape "),
        ('{"answer": "half an escape \\u00e', "half an escape "),
        ('{"answer": "all but the brace"', "all but the brace"),
    ],
)
def test_an_answer_in_words_that_was_cut_off_is_the_answer_as_far_as_it_goes(text: str, answer: str) -> None:
    schema = DIALECTS["schema"]
    assert schema.decode(said(text), prompt(LOOK)).defect == ""
    assert schema.answer(said(text), prompt(LOOK)) == answer


@pytest.mark.parametrize(
    "text", ['{"answer": {"title": "No', '{"tool": "look", "arguments": {"task": "Loo', '{"answer', "No"]
)
def test_whatever_else_was_cut_off_is_told_to_the_model(text: str) -> None:
    assert "not valid JSON" in DIALECTS["schema"].decode(said(text), prompt(LOOK)).defect


def test_a_typed_answer_that_was_cut_off_is_none() -> None:
    assert DIALECTS["schema"].decode(said('{"answer": "No'), prompt(LOOK, schema=REPORT)).defect


# ── calls after the last round ──────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("able", [{}, {"tools": False}, {"tools": False, "json_schema": False}])
def test_a_model_that_calls_tools_for_ever_is_told_to_answer_and_fails_in_the_end(
    able: dict[str, bool],
) -> None:
    def stubborn(prompt: Prompt, attempt: int) -> Says:
        if able:
            return Says('{"tool": "look", "arguments": {"amount": 1}}')
        return Says(tools=[("look", {"amount": 1}), ("look", {"amount": 2})])

    limits = {"max_tool_rounds": 1, "corrective_turns": 2}
    pinned = team(
        {"in": IN, "a": agent(), "out": OUT},
        ["in>a", "a>out"],
        agents={"writer": {"tools": ["look"], "limits": limits}},
        tools={"look": tool()},
    )
    run = Engine(pinned, stubborn, tools={"look": lambda arguments: {"found": 1}}, capabilities=able)
    run.start().go()
    calls = 1 if able else 2
    assert len(run.ran) == calls, "none is run after the last round"
    assert run.types("a").count("ModelCallStarted") == 4
    assert run.state.ended == "failed"
    assert NO_MORE in run.node("a").message
    told = run.prompts["a/m3"].replies
    assert len(told) == calls, "each call is answered, as the API demands"
    assert all(NO_MORE in reply.text for reply in told)


def test_delegation_that_is_used_up_stays_in_the_request_while_other_tools_are_open() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        if prompt.agent == "alice":
            return Says("done")
        if len(prompt.replies) == 0:
            return Says(tools=[("delegate", {"to": "alice", "task": "count"})])
        return (
            Says("answer") if "done" not in prompt.replies[0].text else Says(tools=[("look", {"amount": 1})])
        )

    boss = agent("lead")
    boss[1]["max_delegations"] = 1
    pinned = team(
        {"in": IN, "lead": boss, "alice": agent("alice"), "out": OUT},
        ["in>lead", "lead>out", "lead:alice"],
        agents={"lead": {"tools": ["look"]}, "alice": {}},
        tools={"look": tool()},
    )
    run = Engine(pinned, model, tools={"look": lambda arguments: {"found": 1}}).start().go()
    assert run.output == "answer"
    first, second = (run.prompts[f"lead/m{turn}"] for turn in (1, 2))
    assert [offer.name for offer in second.tools] == [offer.name for offer in first.tools]
    assert [offer.name for offer in second.callable] == ["look"]
    native = DIALECTS["native"].options
    assert native(second) == native(first)
    assert [event for event in run.log if isinstance(event, ev.ToolCallRefused)] == []
