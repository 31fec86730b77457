"""Liquid templates in tasks: no host access, bounded loops and output, unknown names are errors."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from liquid import Environment, StrictUndefined
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate


class TemplateError(ValueError):
    """A template that cannot be saved or rendered; the text is for people."""


class _Bounded(Environment):
    loop_iteration_limit = 1_000
    output_stream_limit = 1_000_000
    local_namespace_limit = 200_000
    context_depth_limit = 10


_environment = _Bounded(undefined=StrictUndefined, autoescape=False)


class _Object(dict[str, Any]):
    """An object that reads as JSON, not as Python, where a template puts it into text."""

    def __str__(self) -> str:
        return json.dumps(self, ensure_ascii=False)

    def __getitem__(self, key: str) -> Any:
        return _readable(super().__getitem__(key))


def _readable(value: Any) -> Any:
    """`value` with the objects in it as a template may show them."""
    if type(value) is dict:
        return _Object(value)
    return [_readable(item) for item in value] if type(value) is list else value


@lru_cache(maxsize=1024)
def compile_template(source: str) -> BoundTemplate:
    try:
        return _environment.from_string(source)
    except LiquidError as error:
        raise TemplateError(f"The template is not valid: {_first_line(error)}.") from error


def render(source: str, context: dict[str, Any]) -> str:
    """The text. Raises TemplateError when a name is unknown or a limit is passed."""
    if "{" not in source:
        return source
    try:
        return str(
            compile_template(source).render(**{name: _readable(value) for name, value in context.items()})
        )
    except LiquidError as error:
        raise TemplateError(f"The template could not be filled in: {_first_line(error)}.") from error


@lru_cache(maxsize=1024)
def references(source: str) -> frozenset[tuple[str, ...]]:
    """The dotted names a template reads, such as `("nodes", "research", "output")`."""
    if "{" not in source:
        return frozenset()
    found: set[tuple[str, ...]] = set()
    for name, variables in compile_template(source).analyze().globals.items():
        for variable in variables:
            parts = tuple(str(part) for part in variable.segments)
            found.add(parts or (name,))
    return frozenset(found)


def problem_with(source: str) -> str:
    try:
        references(source)
    except TemplateError as error:
        return str(error)
    return ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
