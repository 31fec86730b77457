"""Forms made from JSON Schemas: which control, what is read, and every problem at its field."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from runs.schema_forms.errors import problems
from runs.schema_forms.fields import control_for
from runs.schema_forms.form import SchemaForm
from runs.schema_forms.properties import properties_of

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["topic", "depth", "ref"],
    "properties": {
        "topic": {"type": "string", "maxLength": 20, "title": "What about"},
        "words": {"type": "integer", "minimum": 50, "maximum": 400, "x-unit": "words"},
        "since": {"type": "string", "format": "date"},
        "depth": {"enum": ["skim", "normal"], "default": "normal"},
        "sources": {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 2},
        "charts": {"type": "boolean"},
        "extra": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
        "share": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "ref": {"$ref": "#/$defs/Letter"},
        "days": {"type": "array", "items": {"enum": ["mon", "tue"]}},
        "a name with spaces": {"type": "string"},
    },
    "$defs": {"Letter": {"type": "string", "enum": list("abcde")}},
}


def sent(**values: object) -> QueryDict:
    return QueryDict(urlencode({f"input-{name}": value for name, value in values.items()}, doseq=True))


def looks(schema: dict[str, Any]) -> dict[str, str]:
    return {one.name: control_for(one).look for one in properties_of(schema)}  # type: ignore[attr-defined]


def test_every_kind_of_property_gets_its_control() -> None:
    assert looks(SCHEMA) == {
        "topic": "text",
        "depth": "segments",
        "ref": "select",
        "words": "number",
        "since": "date",
        "sources": "grows",
        "charts": "switch",
        "extra": "json",
        "share": "number",
        "days": "choices",
        "a name with spaces": "grows",
    }


@pytest.mark.parametrize(
    ("schema", "look"),
    [
        ({"type": "string"}, "grows"),
        ({"type": "string", "maxLength": 4_000}, "grows"),
        ({"type": "string", "format": "email"}, "text"),
        ({"const": 3}, "fixed"),
        ({"type": ["string", "null"], "maxLength": 9}, "text"),
        ({"oneOf": [{"const": 1, "title": "One"}, {"const": 2}]}, "select"),
        ({"oneOf": [{"type": "string"}, {"type": "object"}]}, "json"),
        ({"type": "array", "items": {"type": "object"}}, "json"),
        ({"items": {"type": "integer"}}, "grows"),
        ({"properties": {}}, "json"),
        ({"$ref": "#/$defs/self"}, "grows"),
    ],
)
def test_a_schema_that_says_little_still_gets_a_control(schema: dict[str, Any], look: str) -> None:
    whole = {"type": "object", "properties": {"one": schema}, "$defs": {"self": {"$ref": "#/$defs/self"}}}
    assert looks(whole) == {"one": look}


def test_fields_come_in_the_order_they_were_written() -> None:
    schema = {"properties": {"ticket": {}, "plan": {}, "amount": {}}, "required": ["amount"]}
    assert [one.name for one in properties_of(schema)] == ["ticket", "plan", "amount"]


def test_where_names_were_sorted_what_is_needed_comes_first() -> None:
    schema = {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["c", "a", "gone"]}
    assert [(one.name, one.required) for one in properties_of(schema)] == [
        ("c", True),
        ("a", True),
        ("b", False),
    ]


def test_the_values_are_read_with_their_types() -> None:
    data = sent(
        topic="Tea",
        words="60",
        since="2026-01-02",
        depth='"skim"',
        sources="a\r\n\r\n b ",
        charts="on",
        extra='{"x": 1}',
        share="0.1",
        ref='"e"',
        days=['"mon"', '"tue"'],
    )
    form = SchemaForm(data, schema=SCHEMA)
    assert form.is_valid(), form.errors
    assert form.value == {
        "topic": "Tea",
        "words": 60,
        "since": "2026-01-02",
        "depth": "skim",
        "sources": ["a", "b"],
        "charts": True,
        "extra": {"x": 1},
        "share": 0.1,
        "ref": "e",
        "days": ["mon", "tue"],
    }


def test_every_problem_is_at_its_field_in_words() -> None:
    data = sent(topic="x" * 21, words="6e2", since="soon", sources="abcd\na\nb", extra="{}", share="much")
    form = SchemaForm(data, schema=SCHEMA)
    assert not form.is_valid()
    assert {name: list(errors) for name, errors in form.errors.items()} == {
        "topic": ["At most 20 characters; these are 21."],
        "words": ["At most 400."],
        "since": ["Write a date as year-month-day."],
        "depth": ["This is needed."],
        "ref": ["This is needed."],
        "sources": ["At most 2; these are 3.", "Line 1: At most 3 characters; these are 4."],
        "extra": ["x: This is needed."],
        "share": ["“much” is not a number."],
    }


@pytest.mark.parametrize("text", ["1.5", "NaN", "Infinity", "1e400", "0x10", "९"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    form = SchemaForm(sent(n=text), schema=schema)
    assert form.is_valid() is (text == "९")  # a digit of another script is one


@pytest.mark.parametrize("text", ["{", "NaN", "[" * 5_000])
def test_json_that_cannot_be_read_says_so(text: str) -> None:
    form = SchemaForm(
        sent(extra=text), schema={"type": "object", "properties": {"extra": {"type": "object"}}}
    )
    assert not form.is_valid()
    assert "not valid JSON" in form.errors["extra"][0]


def test_an_object_nobody_described_is_written_as_json() -> None:
    form = SchemaForm(QueryDict('input-field.0={"a":[1]}'), schema={"type": "object"})
    assert form.is_valid(), form.errors
    assert form.value == {"a": [1]}
    wrong = SchemaForm(QueryDict("input-field.0=[1]"), schema={"type": "object"})
    assert wrong.errors["field.0"] == ["This must be an object."]


def test_a_closed_object_without_properties_needs_nothing() -> None:
    form = SchemaForm(QueryDict(""), schema={"type": "object", "additionalProperties": False})
    assert form.is_valid()
    assert form.value == {}


# ── edits of what is there ──────────────────────────────────────────────────────────────────────────
CALL = {"order": "A-1", "amount": 412.0, "note": "", "beyond": {"a": [1]}, "lines": ["x  y"]}
CALL_SCHEMA = {
    "type": "object",
    "required": ["order", "amount"],
    "properties": {
        "order": {"type": "string"},
        "amount": {"type": "number"},
        "reason": {"type": "string"},
        "urgent": {"type": "boolean"},
        "note": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "string"}},
    },
}


def edited(**changes: str) -> SchemaForm:
    blank = SchemaForm(schema=CALL_SCHEMA, edits=CALL, prefix="edit")
    data = QueryDict(mutable=True)
    for _, field in blank.rows():
        shown = field.field.prepare_value(field.initial)
        if not isinstance(shown, bool) and shown is not None:
            data[field.html_name] = str(shown).replace("\n", "\r\n")
    for name, value in changes.items():
        data[f"edit-{name}"] = value
    return SchemaForm(data, schema=CALL_SCHEMA, edits=CALL, prefix="edit")


def test_what_is_left_alone_stays_exactly_as_it_is() -> None:
    form = edited()
    assert form.is_valid(), form.errors
    assert form.value == CALL
    assert repr(form.value["amount"]) == "412.0"
    assert form.edited == []


def test_an_edit_changes_one_value_and_is_named() -> None:
    form = edited(amount="390.5")
    assert form.is_valid(), form.errors
    assert form.value == {**CALL, "amount": 390.5}
    assert form.edited == ["amount"]


def test_a_text_that_is_emptied_is_empty_and_not_left_out() -> None:
    form = edited(order="", lines="")
    assert form.is_valid(), form.errors
    assert form.value == {**CALL, "order": "", "lines": []}


def test_a_value_can_be_added_and_a_needed_one_not_taken_away() -> None:
    assert edited(reason="Late").value is None  # not read yet
    form = edited(reason="Late")
    assert form.is_valid()
    assert form.value["reason"] == "Late"
    assert edited(amount="").errors == {"amount": ["This is needed."]}


def test_problems_name_the_place_of_what_lies_deeper() -> None:
    schema = {"properties": {"a": {"type": "array", "items": {"properties": {"b": {"type": "integer"}}}}}}
    found = problems(schema, {"a": [{"b": 1}, {"b": "x"}]})
    assert [(one.where("input"), one.sentence) for one in found] == [
        ("input.a[1].b", "This must be a whole number.")
    ]
