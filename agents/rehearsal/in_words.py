"""Finds tools and a schema that a prompt spells out, as prompts do for models that have neither."""

from __future__ import annotations

import re
from itertools import islice
from json import JSONDecoder
from typing import Any

from agents.rehearsal.request import Tool

DECODER = JSONDecoder()
MOST = 100
NEAR = 300  # characters between the word `schema` and the schema
TOOL_LINE = re.compile(r"^\s*[-*]\s*`?([\w.-]{1,64})`?\s*:(.*?)(\{.*)$", re.M)


def schema_in_words(prompt: str) -> Any:
    """The last JSON Schema that follows upon the word `schema`; None if there is none."""
    found = None
    for word in islice(re.finditer(r"schema", prompt, re.I), MOST):
        brace = prompt.find("{", word.end(), word.end() + NEAR)
        candidate = _object_at(prompt, brace) if brace >= 0 else None
        if candidate and ("type" in candidate or "properties" in candidate or "anyOf" in candidate):
            found = candidate
    return found


def tools_in_words(prompt: str) -> tuple[Tool, ...]:
    """Tools listed as `- name: what it does {arguments' schema}`, where an answer may be `{"tool": …}`."""
    if '"tool"' not in prompt:
        return ()
    found = []
    for line in islice(TOOL_LINE.finditer(prompt), MOST):
        parameters = _object_at(prompt, line.start(3))
        if parameters is not None:
            found.append(Tool(line[1], line[2].strip(), parameters))
    return tuple(found)


def _object_at(text: str, start: int) -> Any:
    try:
        found, _ = DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
