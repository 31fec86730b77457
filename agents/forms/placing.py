"""Puts what an action refused where a person looks: at the field, or above the form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django import forms

from agents.topology.problems import Problem


def put(form: forms.BaseForm, problems: Iterable[Problem], names: Mapping[str, str] | None = None) -> None:
    """Add each problem to the field it names; `names` are fields for paths that begin otherwise."""
    for problem in problems:
        field, rest = _place(problem.field, names or {})
        where = f"{rest}: " if rest else ""
        said = f"{where}{problem.message}{f' {problem.fix}' if problem.fix else ''}"
        form.add_error(field if field in form.fields else None, said)


def _place(path: str, names: Mapping[str, str]) -> tuple[str, str]:
    """The field of the form, and where inside of it: `hosts[1]` is the second line of `hosts`."""
    for prefix in sorted(names, key=len, reverse=True):
        if path == prefix or path.startswith((f"{prefix}.", f"{prefix}[")):
            return names[prefix], path[len(prefix) :].lstrip(".")
    head = path.partition(".")[0].partition("[")[0]
    return head, _counted(path[len(head) :].lstrip("."))


def _counted(rest: str) -> str:
    """`[1].name` as people count: `2, name`."""
    if not rest.startswith("["):
        return rest
    number, _, more = rest[1:].partition("]")
    return f"{int(number) + 1}{f', {more.lstrip(chr(46))}' if more else ''}" if number.isdigit() else rest
