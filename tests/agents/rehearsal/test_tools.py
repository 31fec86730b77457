"""The rehearsal model calls each fitting tool once, with valid arguments, and always comes to an end."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from agents.rehearsal.answer import Answer
from agents.rehearsal.request import Refused
from agents.rehearsal.request import parse as parse_request
from agents.rehearsal.trouble import parse
from tests.agents.rehearsal.asking import answered, ask, body, schema_format, tool

TEXT = {"type": "string"}
MARKET = tool("market_data", "Looks up figures on a market", market=TEXT)
PRICE = tool(
    "battery_price", "Gives the price of home batteries", capacity_kwh={"type": "integer", "minimum": 1}
)
UNRELATED = tool("play_music", "Starts a song", song=TEXT)


def names(answer: Answer) -> list[str]:
    return [call.name for call in answer.calls]


def conversation(tools: list[dict[str, Any]], profile: str = "", **more: Any) -> list[list[str]]:
    """The tool names of each turn, results sent back, until the model answers in text."""
    request = body(tools=tools, **more)
    turns: list[list[str]] = []
    while True:
        answer = answered(ask(messages=request["messages"], tools=tools, **more), trouble=parse(profile))
        if not answer.calls:
            assert answer.text
            return turns
        turns.append(names(answer))
        assert len(turns) < 20, f"it loops: {turns}"
        function_calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in answer.calls
        ]
        request["messages"].append({"role": "assistant", "content": None, "tool_calls": function_calls})
        request["messages"] += [
            {"role": "tool", "tool_call_id": c.id, "content": "done"} for c in answer.calls
        ]


def test_fitting_tools_are_called_once_each_in_the_order_offered() -> None:
    assert conversation([MARKET, UNRELATED, PRICE]) == [["market_data"], ["battery_price"]]


def test_where_nothing_fits_one_tool_is_tried() -> None:
    assert conversation([UNRELATED]) == [["play_music"]]


def test_arguments_are_valid_against_the_schema() -> None:
    answer = answered(ask(tools=[PRICE]))
    Draft202012Validator(PRICE["function"]["parameters"]).validate(orjson.loads(answer.calls[0].arguments))
    assert answer.finish_reason == "tool_calls"
    assert answer.text == ""
    assert answer.completion_tokens > 0


def test_delegations_are_made_all_at_once() -> None:
    workers = [
        tool(f"delegate_to_{name}", f"Delegate work to {name}", task=TEXT) for name in ("ann", "bob", "cy")
    ]
    assert conversation(workers) == [["delegate_to_ann", "delegate_to_bob", "delegate_to_cy"]]
    one_by_one = conversation(workers, parallel_tool_calls=False)
    assert one_by_one == [["delegate_to_ann"], ["delegate_to_bob"], ["delegate_to_cy"]]
    assert conversation(workers, "delegate=one") == one_by_one
    answer = answered(ask(tools=workers))
    assert len({call.id for call in answer.calls}) == 3
    assert "batteries" in answer.calls[0].arguments


BEFORE = "Here is the result.\n\n```json\n"
DELEGATE = tool(
    "delegate",
    "Gives work to a colleague. ann: Ann, a chemist. bob: Bob. cy: Cy.",
    to={"type": "string", "enum": ["ann", "bob", "cy"]},
    task=TEXT,
)


def asked(request: dict[str, Any], profile: str = "") -> list[list[str]]:
    """Whom each turn of a conversation asks, until the model answers."""
    turns: list[list[str]] = []
    while len(turns) < 9:
        answer = answered(parse_request(orjson.dumps(request)), trouble=parse(profile))
        steps = [orjson.loads(call.arguments) for call in answer.calls]
        if '"tool"' in answer.text:
            steps = [orjson.loads(answer.text.removeprefix(BEFORE).removesuffix("\n```"))["arguments"]]
        if not steps:
            return turns
        turns.append([step["to"] for step in steps])
        calls = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in answer.calls
        ]
        said = {"role": "assistant", "content": answer.text} | ({"tool_calls": calls} if calls else {})
        request["messages"].append(said)
        told = [{"role": "tool", "tool_call_id": c.id, "content": "done"} for c in answer.calls]
        request["messages"] += told or [{"role": "user", "content": "Result of delegate:\ndone"}]
    pytest.fail(f"it loops: {turns}")


def test_a_tool_for_all_colleagues_is_used_once_for_each() -> None:
    assert asked(body(tools=[DELEGATE])) == [["ann", "bob", "cy"]]
    assert asked(body(tools=[DELEGATE]), "delegate=one") == [["ann"], ["bob"], ["cy"]]


def test_a_supervisor_passes_on_material_only_if_it_was_handed_any() -> None:
    delegate = tool("delegate", "Gives work", to={"type": "string", "enum": ["ann"]}, task=TEXT, context=TEXT)
    delegate["function"]["parameters"]["required"] = ["to", "task"]
    request = body(tools=[delegate])
    with_input = orjson.loads(answered(parse_request(orjson.dumps(request))).calls[0].arguments)
    request["messages"][1]["content"] = "# Task\nResearch the market for home batteries in Portugal."
    without = orjson.loads(answered(parse_request(orjson.dumps(request))).calls[0].arguments)
    assert set(with_input) == {"to", "task", "context"}
    assert set(without) == {"to", "task"}


@pytest.mark.parametrize("model", ["rehearsal-no-tools", "rehearsal-plain"])
def test_a_tool_for_all_colleagues_is_used_in_words_too(model: str) -> None:
    parameters = DELEGATE["function"]["parameters"]
    step = {"properties": {"tool": {"const": "delegate"}, "arguments": parameters}}
    answer = {"properties": {"answer": {"type": "string", "maxLength": 400}}}
    closed = [
        {"type": "object", **shape, "required": list(shape["properties"]), "additionalProperties": False}
        for shape in (step, answer)
    ]
    request = body(response_format=schema_format({"anyOf": closed}), model=model)
    spelt = f"- delegate: Gives work to a colleague. Arguments: {orjson.dumps(parameters).decode()}"
    request["messages"][0]["content"] += (
        f"\n\nYou have these tools:\n{spelt}\n"
        'To use one, answer {"tool": "<name>", "arguments": {…}}. When done, answer {"answer": …}.'
    )
    if model == "rehearsal-plain":
        del request["response_format"]
    assert sorted(asked(request)) == [["ann"], ["bob"], ["cy"]]


def test_a_hand_off_happens_at_most_once() -> None:
    hand_offs = [
        tool("transfer_to_sales", "Hands over to sales"),
        tool("transfer_to_battery_market_desk", "The desk"),
    ]
    assert conversation(hand_offs) == [["transfer_to_battery_market_desk"]]


def test_tool_choice_is_honoured() -> None:
    assert names(answered(ask(tools=[MARKET], tool_choice="none"))) == []
    assert names(answered(ask(tools=[UNRELATED, MARKET], tool_choice="required"))) == ["market_data"]
    chosen = {"type": "function", "function": {"name": "play_music"}}
    assert names(answered(ask(tools=[MARKET, UNRELATED], tool_choice=chosen))) == ["play_music"]
    allowed = {"mode": "required", "tools": [chosen]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    assert names(answered(ask(tools=[MARKET, UNRELATED], tool_choice=choice))) == ["play_music"]
    with pytest.raises(Refused, match="'absent'"):
        answered(ask(tools=[MARKET], tool_choice={"type": "function", "function": {"name": "absent"}}))


def test_models_without_tools_answer_in_text_and_the_plain_one_ignores_schemas_too() -> None:
    for model in ("rehearsal-no-tools", "rehearsal-plain"):
        assert names(answered(ask(tools=[MARKET], model=model))) == []
    wanted = schema_format({"type": "object", "properties": {"a": TEXT}, "required": ["a"]})
    assert "a" in orjson.loads(answered(ask(model="rehearsal-no-tools", response_format=wanted)).text)
    assert not answered(ask(model="rehearsal-plain", response_format=wanted)).text.startswith("{")


def test_the_plain_model_answers_a_schema_spelled_out_in_the_prompt_in_a_fence() -> None:
    schema = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
    expected = f"Answer with JSON for this schema:\n{orjson.dumps(schema).decode()}"
    text = answered(ask(expected, model="rehearsal-plain")).text
    fenced = text.split("```json\n")[1].split("\n```")[0]
    assert list(orjson.loads(fenced)) == ["a"]


def test_json_object_gives_an_object() -> None:
    assert isinstance(orjson.loads(answered(ask(response_format={"type": "json_object"})).text), dict)


def test_broken_schemas_are_refused_as_the_api_does() -> None:
    with pytest.raises(Refused, match="Invalid schema for response_format") as refused:
        answered(ask(response_format=schema_format({"type": "strin"})))
    assert refused.value.status == 400
    broken = {"type": "function", "function": {"name": "t", "parameters": {"type": "strin"}}}
    with pytest.raises(Refused, match="Invalid schema for function 't'"):
        answered(ask(tools=[broken]))


def test_tool_calls_as_a_schema_take_each_tool_once_and_end() -> None:
    """Where an endpoint has no tool calls, they are asked for as alternatives of a schema."""

    def alternative(name: str) -> dict[str, Any]:
        properties = {"tool": {"const": name}, "arguments": {"type": "object"}}
        return {"type": "object", "properties": properties, "required": ["tool", "arguments"]}

    final = {
        "type": "object",
        "properties": {"tool": {"const": "final"}, "text": TEXT},
        "required": ["tool", "text"],
    }
    wanted = schema_format({"anyOf": [alternative("market_data"), alternative("battery_price"), final]})
    messages = body()["messages"]
    chosen = []
    for _ in range(4):
        text = answered(ask(messages=messages, response_format=wanted, model="rehearsal-no-tools")).text
        chosen.append(orjson.loads(text)["tool"])
        messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "Result: done"}]
    assert chosen == ["market_data", "battery_price", "final", "final"]


def test_trouble_with_tools_strikes_first_turns_only() -> None:
    assert names(answered(ask(tools=[MARKET]), trouble=parse("unknown_tool=1"))) == ["no_such_tool"]
    assert conversation([MARKET], "unknown_tool=1") == [["no_such_tool"], ["market_data"]]
    broken = answered(ask(tools=[MARKET]), trouble=parse("bad_arguments=1")).calls[0]
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(broken.arguments)
    with pytest.raises(AssertionError, match="it loops"):
        conversation([MARKET], "loop_tools")


def test_a_broken_schema_answer_can_be_corrected() -> None:
    wanted = schema_format({"type": "object", "properties": {"a": TEXT}, "required": ["a"]})
    first = ask(response_format=wanted)
    assert "a" not in orjson.loads(answered(first, trouble=parse("bad_schema=1")).text)
    messages = [
        *first.messages,
        {"role": "assistant", "content": "{}"},
        {"role": "user", "content": "a is missing"},
    ]
    assert "a" in orjson.loads(
        answered(ask(messages=messages, response_format=wanted), trouble=parse("bad_schema=1")).text
    )


def test_the_plain_model_uses_tools_spelled_out_in_the_prompt_once_each_and_then_answers() -> None:
    """The way of asking a model that has neither tool calls nor structured output."""
    schema = {"type": "object", "properties": {"verdict": {"enum": ["no", "yes"]}}, "required": ["verdict"]}
    listed = "\n".join(
        f"- {t['function']['name']}: {t['function']['description']} "
        f"Arguments: {orjson.dumps(t['function']['parameters']).decode()}"
        for t in (MARKET, PRICE)
    )
    how = 'To use one, answer {"tool": "<name>", "arguments": {…}}. When done, answer {"answer": …}.'
    for ending, answer in (
        (
            f'The value of "answer" must fit this JSON Schema:\n{orjson.dumps(schema).decode()}',
            {"verdict": "yes"},
        ),
        ("", None),
    ):
        messages = body()["messages"]
        messages[0]["content"] += f"\n\nYou have these tools:\n{listed}\n{how}\n\n{ending}"
        steps = []
        for _ in range(4):
            text = answered(ask(messages=messages, model="rehearsal-plain")).text
            steps.append(orjson.loads(text.split("```json\n")[1].split("\n```")[0]))
            messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "Result: done"}]
        assert [step.get("tool") for step in steps] == ["market_data", "battery_price", None, None]
        Draft202012Validator(MARKET["function"]["parameters"]).validate(steps[0]["arguments"])
        assert steps[2]["answer"] == answer if answer else "batteries" in steps[2]["answer"].lower()
