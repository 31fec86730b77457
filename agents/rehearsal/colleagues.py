"""Finds in a tool's schema whom it can ask: an enumeration under `to`, `worker` or the like."""

from __future__ import annotations

import re
from typing import Any

Json = Any
COLLEAGUE = re.compile(
    r"^(to|who|whom|worker|(sub_?)?agent(_type|_name)?|co_?worker|colleague|assignee)$", re.I
)

MATERIAL = re.compile(r"^(context|material|background|data|input)$", re.I)


def colleagues(parameters: Json) -> list[str]:
    """Those whom arguments of this schema can name; empty for a tool that asks nobody."""
    return next((list(names) for _, names in _choices(parameters)), [])


def only(parameters: Json, whom: str) -> Json:
    """The same schema, naming nobody else."""
    members = dict(parameters["properties"])
    members |= {
        name: {**members[name], "enum": [whom]} for name, names in _choices(parameters) if whom in names
    }
    return {**parameters, "properties": members}


def without_material(parameters: Json) -> Json:
    """The same schema for somebody who was handed nothing that could be passed on."""
    needed = parameters.get("required", ())
    members = parameters["properties"]
    kept = {name: members[name] for name in members if name in needed or not MATERIAL.match(name)}
    return {**parameters, "properties": kept}


def _choices(parameters: Json) -> list[tuple[str, list[str]]]:
    members = parameters.get("properties") if isinstance(parameters, dict) else None
    found = []
    for name, schema in (members if isinstance(members, dict) else {}).items():
        names = schema.get("enum") if isinstance(schema, dict) else None
        if COLLEAGUE.match(name) and isinstance(names, list):
            found.append((name, [each for each in names if isinstance(each, str)]))
    return [(name, names) for name, names in found if names]
