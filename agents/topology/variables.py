"""A team's variables: what they may hold, and how writes merge. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from agents.topology import rules
from agents.topology.graph import Variable
from agents.topology.problems import Problem
from agents.topology.view import GraphView

EMPTY: dict[str, Any] = {
    "string": "",
    "number": 0,
    "integer": 0,
    "boolean": False,
    "array": [],
    "object": {},
}
FITS = {"append": ("array",), "add": ("number", "integer"), "merge": ("object",)}  # replace fits every type


class DoesNotFit(ValueError):
    """A value that a variable cannot take; the text is for people."""


# ── design time ─────────────────────────────────────────────────────────────────────────────────────
def problems(view: GraphView) -> Iterator[Problem]:
    known = {variable.name: variable for variable in view.graph.variables}
    for name, count in Counter(variable.name for variable in view.graph.variables).items():
        if count > 1:
            yield Problem("variable.twice", f"{count} variables are called {name}.", "Rename one.")
    for variable in view.graph.variables:
        yield from _variable(variable)
    for node in view.nodes.values():
        for name, rule in node.writes.items():
            if name not in known:
                yield Problem(
                    "variable.unknown",
                    f"{node.title} writes the variable {name}, which the team does not have.",
                    "Add it to the team, or write another.",
                    node.id,
                    field=f"writes.{name}",
                )
            if wrong := rules.problem_with(rule):
                yield Problem("rule.invalid", wrong, "Correct it.", node.id, field=f"writes.{name}")


def _variable(variable: Variable) -> Iterator[Problem]:
    fitting = FITS.get(variable.merge)
    if fitting and variable.type not in fitting:
        yield Problem(
            "variable.merge",
            f"{variable.name} holds a value of type {variable.type}, which cannot {variable.merge}.",
            f"Make it of type {' or '.join(fitting)}, or let writes replace it.",
            field="variables",
        )
    if variable.initial is not None and not is_a(variable.type, variable.initial):
        yield Problem(
            "variable.initial",
            f"{variable.name} begins as {str(variable.initial)[:60]!r}, which is no {variable.type}.",
            "Correct the value it begins with.",
            field="variables",
        )


# ── run time ────────────────────────────────────────────────────────────────────────────────────────
def is_a(kind: str, value: Any) -> bool:
    """Whether `value` is of a JSON Schema type."""
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)


def check_write(variable: Variable, value: Any) -> None:
    """Raise DoesNotFit unless one write of `value` can be merged. To append, any one item will do."""
    if variable.merge != "append" and not is_a(variable.type, value):
        raise DoesNotFit(f"{variable.name} takes a {variable.type}, not {str(value)[:80]!r}.")


def merged(variable: Variable, writes: Iterable[Any]) -> Any:
    """The value after `writes`, in the order of the graph. A list is appended item by item."""
    value: Any = EMPTY[variable.type] if variable.initial is None else variable.initial
    for written in writes:
        match variable.merge:
            case "append":
                value = [*value, *(written if isinstance(written, list) else [written])]
            case "add":
                value = value + written
            case "merge":
                value = {**value, **written}
            case _:
                value = written
    return value
