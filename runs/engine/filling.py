"""Texts with values in them become the values a schema asks for: what tools and sub-teams are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.topology import json_text, text


def fill(templates: Mapping[str, str], schema: Mapping[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """By name. Raises text.TemplateError that begins with the name."""
    properties: Any = schema.get("properties") or {}
    filled = {}
    for name, template in templates.items():
        try:
            written = text.render(template, context)
        except text.TemplateError as error:
            raise text.TemplateError(f"{name}: {error}") from error
        filled[name] = _typed(written, properties.get(name))
    return filled


def _typed(written: str, schema: Any) -> Any:
    """The text itself where text is asked for; else the JSON it is. What is none, the schema refuses."""
    if isinstance(schema, dict) and schema.get("type", "string") == "string":
        return written
    try:
        return json_text.parse(written)
    except ValueError:
        return written
