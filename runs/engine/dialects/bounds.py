"""A JSON Schema whose longest answer fits a token limit: small models never close a string without bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

CHARACTERS_A_TOKEN = 2  # cautiously few: what repeats itself has the shortest tokens
AROUND = 8  # characters of quotes, comma and indentation at each value
ITEMS = 20  # of a list that says no number
LINE = 80  # characters that an item of such a list is left at least
LEAST = 16  # characters of any string
CLOSED = ("enum", "const", "pattern", "format")  # strings that end by themselves


def bounded(schema: dict[str, Any], tokens: int) -> dict[str, Any]:
    """`schema` with a length for each string and list, so that `tokens` tokens are enough."""
    room = tokens * CHARACTERS_A_TOKEN
    wanted = sorted(_strings(schema, room))
    fitting: dict[str, Any] = _cut(schema, _level(wanted, room - _around(schema, room)), room)
    return fitting


def _level(wanted: list[int], room: int) -> int:
    """How long a string may be so that all of them fit: what short ones leave, the long ones share."""
    for at, most in enumerate(wanted):
        share = room // (len(wanted) - at)
        if most > share:
            return max(share, LEAST)
        room -= most
    return max([*wanted, LEAST])


def _strings(schema: Any, room: int) -> Iterator[int]:
    """The longest that each string of an answer may be; a list has its strings as often as it has items."""
    if not isinstance(schema, dict):
        return
    if _is_open(schema):
        yield min(_number(schema, "maxLength", room), room)
    for member in _members(schema):
        yield from _strings(member, room)
    yield from list(_strings(schema.get("items"), room)) * _most_items(schema, room)


def _around(schema: Any, room: int) -> int:
    """Characters of an answer that are no content of its strings."""
    if not isinstance(schema, dict):
        return 0
    own = AROUND + sum(len(name) + AROUND for name in schema.get("properties", ()))
    own += max((len(str(one)) for one in schema.get("enum", ())), default=0)
    members = sum(_around(member, room) for member in _members(schema))
    return own + members + _around(schema.get("items"), room) * _most_items(schema, room)


def _cut(schema: Any, level: int, room: int) -> Any:
    if isinstance(schema, list):
        return [_cut(item, level, room) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {word: _cut(value, level, room) for word, value in schema.items() if word not in CLOSED}
    found |= {word: schema[word] for word in CLOSED if word in schema}
    if _is_open(schema):
        least = _number(schema, "minLength", 0)
        found["maxLength"] = max(min(_number(schema, "maxLength", level), level), least)
    if schema.get("type") == "array":
        found["maxItems"] = _most_items(schema, room)
    return found


def _is_open(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    has_strings = "string" in kind if isinstance(kind, list) else kind == "string"
    return has_strings and not any(word in schema for word in CLOSED)


def _members(schema: dict[str, Any]) -> Iterator[Any]:
    for word in ("properties", "$defs", "definitions"):
        if isinstance(schema.get(word), dict):
            yield from schema[word].values()
    for word in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if isinstance(schema.get(word), list):
            yield from schema[word]


def _most_items(schema: dict[str, Any], room: int) -> int:
    few = max(min(ITEMS, room // LINE), 1)
    return max(_number(schema, "maxItems", few), _number(schema, "minItems", 0))


def _number(schema: dict[str, Any], word: str, otherwise: int) -> int:
    value = schema.get(word)
    return value if isinstance(value, int) and value >= 0 else otherwise
