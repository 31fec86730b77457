"""Checks what a model passes to a tool against its schema, and says in words what is wrong. Pure."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from agents.topology import json_text

MAX_LENGTH = 200_000
MAX_PROBLEMS = 20

NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}


class BadArguments(ValueError):
    """Arguments that do not fit; `problems` are sentences written for the model."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    return jsonschema_rs.validator_for(json.loads(schema), pattern_options=jsonschema_rs.RegexOptions())


def validate_arguments(schema: dict[str, Any], raw: str) -> dict[str, Any]:
    """The arguments in `raw` JSON. Raises BadArguments with every problem; nothing is coerced."""
    if len(raw) > MAX_LENGTH:
        raise BadArguments(
            f"The arguments are {len(raw):,} characters long; at most {MAX_LENGTH:,} are allowed."
        )
    try:
        value = json_text.parse(raw or "{}")
    except ValueError as error:
        raise BadArguments(f"The arguments are not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise BadArguments(f"The arguments must be a JSON object, not {_kind_of(value)}.")
    found = islice(_validator(json.dumps(schema, sort_keys=True)).iter_errors(value), MAX_PROBLEMS)
    problems = dict.fromkeys(sentence for error in found for sentence in _sentences(error))
    if problems:
        raise BadArguments(*problems)
    return value


def _sentences(error: Any) -> list[str]:
    where, kind = _path(error.instance_path), error.kind
    match kind.name:
        case "required":
            return [f"{_path([*error.instance_path, kind.property])} is missing."]
        case "additionalProperties":
            extra = [_path([*error.instance_path, name]) for name in kind.unexpected]
            return [f"{name} is not an argument of this tool." for name in extra]
        case "type":
            wanted = " or ".join(NAMES.get(name, name) for name in kind.types)
            return [f"{where} must be {wanted}, not {_kind_of(error.instance)}."]
        case "enum":
            return [f"{where} must be one of {', '.join(json.dumps(item) for item in kind.options)}."]
        case "maxLength":
            size = len(error.instance)
            return [f"{where} is {size:,} characters long; at most {kind.limit:,} are allowed."]
        case "minLength":
            return [f"{where} must not be shorter than {kind.limit:,} characters."]
        case "anyOf" | "oneOf":
            return [f"{where} fits none of the allowed forms."]
        case _:
            return [f"{where}: {str(error.message)[:300]}."]


def _path(parts: list[int | str]) -> str:
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return f"`{path[:200]}`" if path else "The value"


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"


def compact(schema: dict[str, Any]) -> dict[str, Any]:
    """A pydantic schema without what costs tokens and tells a model nothing: titles and doc strings."""
    kept = {key: value for key, value in schema.items() if key not in {"title", "description"}}
    properties = {
        name: {key: value for key, value in spec.items() if key != "title"}
        for name, spec in schema.get("properties", {}).items()
    }
    return kept | {"properties": properties}
