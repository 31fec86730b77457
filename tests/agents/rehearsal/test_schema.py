"""Values made for a JSON Schema are valid against it, whatever the schema, and suit the names in it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agents.rehearsal.brief import Brief
from agents.rehearsal.combine import Unsatisfiable
from agents.rehearsal.schema import value_for

BRIEF = Brief(
    role="clerk",
    goal="Pay what is due",
    task="Pay the invoice of ACME Storage over 60,000 euro",
    material=[
        ("invoice", "ACME Storage asks for 60,000 euro, see https://pay.example.org/42, sum 12 * (4 + 1).")
    ],
)
RECURSIVE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "parent": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["name", "children", "parent"],
            "additionalProperties": False,
        }
    },
}
HARD: list[dict[str, Any]] = [
    RECURSIVE,
    {"type": "string", "pattern": r"^[A-Z]{3}-\d{4}$"},
    {"type": "string", "pattern": r"^(?=.*\d)[a-z0-9]{8,12}$", "minLength": 10},
    {"type": "string", "pattern": r"(\w)\1", "maxLength": 5},
    {"type": "string", "minLength": 400, "maxLength": 410},
    {"type": "string", "maxLength": 1},
    {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    {"type": "integer", "minimum": -10, "maximum": -10},
    {"type": "number", "multipleOf": 0.25, "minimum": 1.1, "maximum": 1.3},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
    {"type": "integer", "multipleOf": 7, "minimum": 700},
    {"type": ["null", "integer"], "minimum": 5},
    {"type": "array", "items": {"enum": ["a", "b", "c", "d"]}, "uniqueItems": True, "minItems": 4},
    {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2},
    {"type": "array", "prefixItems": [{"const": 1}, {"type": "string"}], "items": False},
    {"type": "array", "contains": {"const": "x"}, "minContains": 2},
    {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
    {"type": "object", "patternProperties": {"^k_[a-z]{2}$": {"type": "integer"}}, "minProperties": 2},
    {"type": "object", "propertyNames": {"pattern": "^[a-z]{4}$"}, "minProperties": 2},
    {"type": "object", "properties": {"a": {}}, "dependentRequired": {"a": ["b"]}},
    {
        "allOf": [
            {"type": "object", "required": ["a"]},
            {"properties": {"a": {"type": "integer", "minimum": 5}}},
        ]
    },
    {"allOf": [{"minimum": 3, "type": "number"}, {"maximum": 3}]},
    {"oneOf": [{"type": "integer"}, {"type": "string", "format": "email"}]},
    {
        "if": {"properties": {"k": {"const": "x"}}},
        "then": {"required": ["k", "z"]},
        "else": {"required": ["y"]},
    },
    {"type": "string", "not": {"const": "nothing"}},
    {"type": "object", "properties": {"id": {"$ref": "#/properties/other"}, "other": {"format": "uuid"}}},
    {"const": {"deep": [1, None]}},
    {},
]


@pytest.mark.parametrize("schema", HARD, ids=range(len(HARD)))
def test_hard_schemas_get_valid_values_from_every_seed(schema: dict[str, Any]) -> None:
    for seed in range(20):
        made = value_for(schema, BRIEF, Random(seed))
        Draft202012Validator(schema).validate(made)


def schemas() -> st.SearchStrategy[Any]:
    leaves = st.one_of(
        st.builds(
            lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
            st.integers(0, 60),
            st.integers(0, 60),
        ),
        st.builds(
            lambda kind, low, more: {"type": kind, "minimum": low, "maximum": low + more},
            st.sampled_from(["integer", "number"]),
            st.integers(-1000, 1000),
            st.integers(0, 50),
        ),
        st.just({"type": "boolean"}),
        st.just({"type": "null"}),
        st.builds(
            lambda values: {"enum": values},
            st.lists(st.text(max_size=8), min_size=1, max_size=4, unique=True),
        ),
        st.builds(
            lambda form: {"type": "string", "format": form}, st.sampled_from(["date", "email", "uri", "uuid"])
        ),
    )
    names = st.sampled_from(
        ["name", "score", "amount", "due_date", "reason", "items", "approved", "größe", "a b"]
    )

    def nest(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.one_of(
            st.builds(
                lambda properties, wanted, closed: {
                    "type": "object",
                    "properties": properties,
                    "required": list(properties)[:wanted],
                    "additionalProperties": not closed,
                },
                st.dictionaries(names, inner, max_size=4),
                st.integers(0, 4),
                st.booleans(),
            ),
            st.builds(
                lambda items, low, more: {
                    "type": "array",
                    "items": items,
                    "minItems": low,
                    "maxItems": low + more,
                },
                inner,
                st.integers(0, 3),
                st.integers(0, 3),
            ),
            st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)),
        )

    return st.recursive(leaves, nest, max_leaves=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schemas(), st.integers(0, 1000))
def test_any_schema_gets_a_valid_value(schema: Any, seed: int) -> None:
    made = value_for(schema, BRIEF, Random(seed))
    Draft202012Validator(schema).validate(made)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "https://example.com/schema.json"},
        {"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}, "required": ["a"]},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "string", "pattern": "^a$", "minLength": 3},
        {"enum": []},
    ],
    ids=str,
)
def test_a_broken_or_impossible_schema_is_refused(schema: Any) -> None:
    with pytest.raises(Unsatisfiable):
        value_for(schema, BRIEF, Random(0))


def test_values_suit_their_names() -> None:
    names = ("supplier", "amount", "expression", "payment_url", "approved", "contact_email", "due_date")
    kinds = {"amount": "number", "approved": "boolean"}
    schema = {
        "type": "object",
        "properties": {name: {"type": kinds.get(name, "string")} for name in names},
        "required": list(names),
    }
    made = value_for(schema, BRIEF, Random(0))
    assert made["supplier"] == "ACME Storage"
    assert made["amount"] == 60_000
    assert made["expression"] == "12 * (4 + 1)"
    assert made["payment_url"] == "https://pay.example.org/42"
    assert made["approved"] is True
    assert made["contact_email"].endswith("@example.com")
    assert len(made["due_date"].split("-")) == 3


def test_an_enumeration_is_chosen_by_what_the_data_are_about() -> None:
    schema = {"enum": ["sales", "delivery", "billing"]}
    for data, expected in (
        ("The parcel's delivery is late", "delivery"),
        ("My billing address is wrong", "billing"),
    ):
        assert (
            value_for(schema, Brief(task="Route the message", material=[("", data)]), Random(0)) == expected
        )


def test_alternatives_told_apart_by_a_constant_are_each_taken_once_then_the_final_one() -> None:
    def step(name: str) -> dict[str, Any]:
        return {"type": "object", "properties": {"action": {"const": name}}, "required": ["action"]}

    schema = {"anyOf": [step("final"), step("search"), step("note")]}
    used: set[str] = set()
    for expected in ("search", "note", "final", "final"):
        made = value_for(schema, BRIEF, Random(0), frozenset(used))
        assert made == {"action": expected}
        used.add(expected)
