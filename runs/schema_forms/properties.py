"""The properties of a JSON Schema as a form needs them: references followed, one type chosen, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Property:
    """A property with its schema as a form needs it: references followed, one type chosen."""

    name: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def label(self) -> str:
        return str(self.schema.get("title") or self.name.replace("_", " ").replace("-", " ").capitalize())

    @property
    def type(self) -> str:
        named = self.schema.get("type")
        if isinstance(named, list):
            named = next((one for one in named if one != "null"), "string")
        if named is None and {"properties", "items"} & set(self.schema):
            named = "object" if "properties" in self.schema else "array"
        return str(named or "string")

    @property
    def choices(self) -> list[tuple[str, str]]:
        """(JSON, words) of the values that are allowed, if they are few and named."""
        if "enum" in self.schema:
            return [(as_json(value), in_words(value)) for value in self.schema["enum"] if value is not None]
        ways = self.schema.get("oneOf") or self.schema.get("anyOf") or []
        if ways and all(isinstance(way, dict) and "const" in way for way in ways):
            return [(as_json(way["const"]), str(way.get("title") or in_words(way["const"]))) for way in ways]
        return []

    @property
    def items(self) -> Property:
        """What each item of a list is."""
        return Property("", resolved(self.schema.get("items") or {}, self.schema), True)


def properties_of(schema: Mapping[str, Any]) -> list[Property]:
    """The properties of an object schema in the order they were written.

    Content that is addressed by its digest has its names sorted: then what is needed comes first.
    """
    needed = list(dict.fromkeys(schema.get("required") or ()))
    named = schema.get("properties") or {}
    order = list(named)
    if order == sorted(order):
        order = [name for name in needed if name in named] + [name for name in named if name not in needed]
    return [Property(str(name), resolved(named[name], schema), name in needed) for name in order]


def resolved(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with local references followed, and `X or null` read as X."""
    if not isinstance(schema, dict):
        return {}
    found = dict(schema)
    for _ in range(10):  # references to references; more than that is a circle
        place = found.get("$ref")
        if not isinstance(place, str):
            break
        found = {key: value for key, value in found.items() if key != "$ref"} | _follow(place, root)
    for word in ("anyOf", "oneOf"):
        real = [one for one in found.get(word) or () if isinstance(one, dict) and one.get("type") != "null"]
        if len(real) == 1:
            rest = {key: value for key, value in found.items() if key != word}
            found = resolved(real[0], root) | rest
    return found | {"$defs": root["$defs"]} if "$defs" in root else found


def _follow(place: str, root: Mapping[str, Any]) -> dict[str, Any]:
    found: Any = root
    for part in place.removeprefix("#/").split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str):
        return value.replace("_", " ").capitalize() if value.islower() else value
    return as_json(value)


def plain(value: Any) -> str:
    """Text as it is, everything else as JSON."""
    return value if isinstance(value, str) else as_json(value)
