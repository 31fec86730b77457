"""What a model passes to a tool is checked strictly, and every mistake is told in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.toolbox.tool import BadArguments, validate_arguments

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "amount": {"type": "number"},
        "count": {"type": "integer"},
        "currency": {"enum": ["EUR", "USD"]},
        "note": {"type": "string", "maxLength": 5},
        "lines": {"type": "array", "items": {"type": "object", "required": ["text"]}},
    },
    "required": ["amount", "currency"],
    "additionalProperties": False,
}


def problems(raw: str) -> tuple[str, ...]:
    with pytest.raises(BadArguments) as caught:
        validate_arguments(SCHEMA, raw)
    return caught.value.problems


def test_what_fits_comes_back_unchanged() -> None:
    value = {"amount": 12.5, "currency": "EUR", "lines": [{"text": "a"}]}
    assert validate_arguments(SCHEMA, json.dumps(value)) == value


def test_every_problem_is_listed_with_its_place() -> None:
    found = problems(
        '{"amount": "12", "count": 1.5, "note": "too long", "lines": [{}], "colour": 1, "currency": "GBP"}'
    )
    assert set(found) == {
        "`amount` must be a number, not text.",
        "`count` must be a whole number, not a number.",
        "`note` is 8 characters long; at most 5 are allowed.",
        "`lines[0].text` is missing.",
        "`colour` is not an argument of this tool.",
        '`currency` must be one of "EUR", "USD".',
    }


def test_missing_arguments_are_named() -> None:
    assert set(problems("{}")) == {"`amount` is missing.", "`currency` is missing."}
    assert problems("") == problems("{}")


@pytest.mark.parametrize("raw", ["[1]", '"x"', "null", "3", "true"])
def test_only_an_object_will_do(raw: str) -> None:
    (sentence,) = problems(raw)
    assert sentence.startswith("The arguments must be a JSON object, not ")


@pytest.mark.parametrize("raw", ["{", "<html>", '{"amount": NaN}', '{"amount": Infinity}', "amount=3"])
def test_what_is_no_json_is_said_to_be_none(raw: str) -> None:
    (sentence,) = problems(raw)
    assert sentence.startswith("The arguments are not valid JSON")


def test_true_is_not_a_number() -> None:
    assert problems('{"amount": true, "currency": "EUR"}') == (
        "`amount` must be a number, not true or false.",
    )


def test_size_and_depth_are_bounded() -> None:
    assert problems('{"note": "' + "x" * 300_000 + '"}')[0].startswith("The arguments are 300,012 characters")
    (sentence,) = problems('{"amount": ' + "[" * 150_000)
    assert sentence == "The arguments are not valid JSON: it is nested more than 100 levels deep."


def test_a_flood_of_mistakes_gives_a_bounded_answer() -> None:
    lines: list[dict[str, str]] = [{} for _ in range(5_000)]
    assert len(problems(json.dumps({"amount": 1, "currency": "EUR", "lines": lines}))) <= 20
