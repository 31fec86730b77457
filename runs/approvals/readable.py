"""JSON values in the words of people: what a person decides on is read, not decoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from runs.schema_forms.properties import Property, as_json, properties_of

LONG = 120  # characters; a longer or many-lined text is set as a paragraph
MOST_ITEMS = 50
BRIEF = 3  # values that a list shows of a call


@dataclass(frozen=True)
class Readable:
    """How a template shows a value. `raw` is the exact word behind a friendlier one."""

    look: Literal["word", "text", "list", "json", "none"]
    text: str = ""
    items: tuple[str, ...] = ()
    more: int = 0
    raw: str = ""
    unit: str = ""


def readable(value: Any, one: Property | None = None) -> Readable:
    schema: Mapping[str, Any] = one.schema if one else {}
    unit = str(schema.get("x-unit") or schema.get("unit") or "")
    if value is None or value in ("", [], {}):
        return Readable("none")
    match value:
        case bool():
            return Readable("word", "Yes" if value else "No")
        case int() | float():
            return Readable("word", number(value), unit=unit)
        case str():
            return _text(value, one)
        case list() if all(isinstance(item, str | int | float) for item in value):
            items = tuple(in_list(item) for item in value[:MOST_ITEMS])
            return Readable("list", items=items, more=max(len(value) - MOST_ITEMS, 0))
        case _:
            return Readable("json", as_json_lines(value))


def _text(value: str, one: Property | None) -> Readable:
    known = dict(one.choices) if one else {}
    if as_json(value) in known and known[as_json(value)] != value:
        return Readable("word", known[as_json(value)], raw=value)
    if one and one.schema.get("format") == "date":
        return Readable("word", _date(value), raw=value)
    long = len(value) > LONG or "\n" in value
    return Readable("text" if long else "word", value)


def _date(value: str) -> str:
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return value
    return f"{found.day} {found:%b %Y}"


def number(value: float) -> str:
    """Every digit, with thousands apart: 1,240.5."""
    if isinstance(value, int) or abs(value) >= 1e15:
        return f"{value:,}" if abs(value) < 1e15 else repr(value)
    whole, _, fraction = repr(value).partition(".")
    if "e" in fraction or "e" in whole:
        return repr(value)
    return f"{int(whole):,}.{fraction}" if whole != "-0" else repr(value)


def in_list(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)


def as_json_lines(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def brief(arguments: Any, schema: Mapping[str, Any]) -> str:
    """The first few plain values of a call, so that two calls of one tool can be told apart in a list."""
    if not isinstance(arguments, dict):
        return ""
    order = [one.name for one in properties_of(schema)]
    names = sorted(arguments, key=lambda name: order.index(name) if name in order else len(order))
    plain = [arguments[name] for name in names if isinstance(arguments[name], str | int | float)]
    shown = [readable(value) for value in plain if value != ""][:BRIEF]
    return " · ".join(" ".join(one.text.split())[:60] for one in shown)
