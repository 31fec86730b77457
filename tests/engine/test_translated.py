"""A conversation that goes on with another model speaks that model's dialect, and keeps what was said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.topology.graph import ModelRef, Parameters
from runs.engine.dialects import DIALECTS
from runs.engine.dialects.base import Message, Offer, Prompt, Reply
from runs.engine.dialects.translate import translated

SCHEMA = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}
PROMPT = Prompt(
    agent="writer",
    model=ModelRef(endpoint="local", model="m"),
    parameters=Parameters(),
    timeout_s=1,
    system="You are Writer.",
    task="Pay it.",
    tools=(Offer("pay", "Pays.", SCHEMA), Offer("look", "Looks.", SCHEMA)),
)
NATIVE_TURNS: list[Message] = [
    {
        "role": "assistant",
        "content": "I pay.",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"amount": 7}'}},
            {"id": "c2", "type": "function", "function": {"name": "look", "arguments": "not json"}},
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "receipt 12"},
    {"role": "tool", "tool_call_id": "c2", "content": "nothing"},
]


def begun(name: str) -> list[Message]:
    return DIALECTS[name].opening(PROMPT)


def stepped(name: str) -> list[Message]:
    step = json.dumps({"tool": "pay", "arguments": {"amount": 7}})
    said = f"Sure:\n```json\n{step}\n```" if name == "plain" else step
    result = DIALECTS[name].reply(Reply("receipt 12", name="pay", call_id="step"))
    return [*begun(name), {"role": "assistant", "content": said}, result]


@pytest.mark.parametrize("name", ["schema", "plain"])
def test_tool_calls_become_words(name: str) -> None:
    found = translated([*begun("native"), *NATIVE_TURNS], PROMPT, DIALECTS[name])
    assert found[:2] == begun(name), "the tools are explained anew"
    pay = '{"tool": "pay", "arguments": {"amount": 7}}'
    look = '{"tool": "look", "arguments": "not json"}'
    assert found[2] == {"role": "assistant", "content": f"I pay.\n{pay}\n{look}"}
    assert [message["content"] for message in found[3:]] == [
        "Result of pay:\nreceipt 12",
        "Result of look:\nnothing",
    ]
    assert {message["role"] for message in found} == {"system", "user", "assistant"}


@pytest.mark.parametrize("name", ["schema", "plain"])
def test_steps_in_words_become_tool_calls(name: str) -> None:
    found = translated(stepped(name), PROMPT, DIALECTS["native"])
    assert found[:2] == begun("native"), "the tools are no more in the prompt, but offered"
    (call,) = found[2]["tool_calls"]
    assert call["function"] == {"name": "pay", "arguments": '{"amount": 7}'}
    assert found[3] == {"role": "tool", "tool_call_id": call["id"], "content": "receipt 12"}


def test_words_that_are_no_steps_stay_words() -> None:
    turns: list[Message] = [
        {"role": "assistant", "content": "no number"},
        {"role": "user", "content": "Your answer cannot be used."},
    ]
    assert translated([*begun("plain"), *turns], PROMPT, DIALECTS["native"])[2:] == turns


@pytest.mark.parametrize("content", ["", None, "Result", "{", '{"tool": 3}', '["x"]', "{}{"])
def test_whatever_a_model_wrote_can_be_translated(content: Any) -> None:
    result = {"role": "user", "content": "Result of pay:\nreceipt 12"}
    for name in ("native", "schema", "plain"):
        turns = [{"role": "assistant", "content": content}, result, result]
        assert len(translated([*begun("plain"), *turns], PROMPT, DIALECTS[name])) == 5
