"""What is wrong with a value, by its place, in the words a person meets beside a field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

MOST = 50
NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "empty",
    "number": "a number",
    "object": "an object",
    "string": "text",
}


@dataclass(frozen=True)
class Placed:
    """A sentence and the path it is about: names and indexes from the value's root."""

    path: tuple[str | int, ...]
    sentence: str

    def where(self, root: str = "") -> str:
        """`root.sources[2]`, as a person would write it."""
        text = root
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text


def _refuse(uri: str) -> Any:
    raise ValueError(f"references to other documents are not allowed ({uri})")


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    linear_time = jsonschema_rs.RegexOptions()
    return jsonschema_rs.validator_for(json.loads(schema), pattern_options=linear_time, retriever=_refuse)


def problems(schema: dict[str, Any], value: Any) -> list[Placed]:
    """Everything that keeps `value` from fitting `schema`, a schema that was checked when it was saved."""
    found = _validator(json.dumps(schema, sort_keys=True)).iter_errors(value)
    return list(dict.fromkeys(placed for error in islice(found, MOST) for placed in _placed(error)))


def _placed(error: Any) -> Iterator[Placed]:
    path, kind = tuple(error.instance_path), error.kind
    match kind.name:
        case "required":
            yield Placed((*path, kind.property), "This is needed.")
        case "additionalProperties" | "unevaluatedProperties":
            yield from (Placed((*path, name), "There is no field of this name.") for name in kind.unexpected)
        case _:
            yield Placed(path, _sentence(error, kind))


def _sentence(error: Any, kind: Any) -> str:  # a table of the keywords, one line each
    match kind.name:
        case "type":
            return f"This must be {' or '.join(NAMES.get(name, name) for name in kind.types)}."
        case "maximum":
            return f"At most {kind.limit:,}."
        case "minimum":
            return f"At least {kind.limit:,}."
        case "exclusiveMaximum":
            return f"Less than {kind.limit:,}."
        case "exclusiveMinimum":
            return f"More than {kind.limit:,}."
        case "multipleOf":
            return f"A multiple of {kind.multiple_of:,}."
        case "maxLength":
            return f"At most {kind.limit:,} characters; these are {len(error.instance):,}."
        case "minLength":
            return "This must not be empty." if kind.limit == 1 else f"At least {kind.limit:,} characters."
        case "maxItems":
            return f"At most {kind.limit:,}; these are {len(error.instance):,}."
        case "minItems":
            return f"At least {kind.limit:,}."
        case "uniqueItems":
            return "One of them is there twice."
        case "enum":
            return f"One of {', '.join(_plain(option) for option in kind.options)}."
        case "pattern":
            return f"This must match the pattern {kind.pattern}"
        case _:
            return f"{str(error.message)[:300]}."


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
