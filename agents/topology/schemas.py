"""JSON Schema: checking schemas when they are saved and values when they arrive.

Regular expressions run in linear time, and references to other documents are refused: a schema must not
make this server fetch anything.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import jsonschema_rs

from agents.topology import json_text

MAX_BYTES = 100_000
MAX_ERRORS = 20


class SchemaError(ValueError):
    """A schema that cannot be used; the text is for people."""


def _refuse(uri: str) -> Any:
    raise ValueError(f"references to other documents are not allowed ({uri})")


@lru_cache(maxsize=512)
def _validator(schema: str) -> Any:
    if len(schema) > MAX_BYTES:
        raise SchemaError(f"The schema is larger than {MAX_BYTES // 1000} kB.")
    try:
        return jsonschema_rs.validator_for(
            json.loads(schema), pattern_options=jsonschema_rs.RegexOptions(), retriever=_refuse
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise SchemaError(f"The JSON Schema is not valid: {str(error).splitlines()[0]}.") from error


def problem_with(schema: dict[str, Any]) -> str:
    """The sentence that says why `schema` cannot be used, or an empty string."""
    try:
        _validator(json.dumps(schema, sort_keys=True))
    except SchemaError as error:
        return str(error)
    return ""


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    """Why `value` does not fit, a sentence each with its place; empty when it fits."""
    if json_text.is_too_deep(value):
        return [f"It is nested more than {json_text.DEEPEST} levels deep."]
    found = []
    for error in _validator(json.dumps(schema, sort_keys=True)).iter_errors(json_text.cleaned(value)):
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path)
        message = error.message if len(error.message) <= 300 else error.message[:300] + "…"
        found.append(f"{place.lstrip('.')}: {message}" if place else message)
        if len(found) == MAX_ERRORS:
            break
    return found
