"""A form made from the JSON Schema of an object: the launch form, and the arguments of a call to approve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from django import forms
from django.forms import BoundField

from runs.schema_forms.errors import Placed, problems
from runs.schema_forms.fields import ABSENT, Control, control_for
from runs.schema_forms.properties import Property, properties_of

WHOLE = "whole"  # the one field of an object whose properties nobody named
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


class SchemaForm(forms.Form):
    """`value` is the object, once the form is valid.

    With `edits`, the form changes an object that is there: what is left alone stays exactly as it is,
    and what a blank field would add stays out.
    """

    def __init__(
        self,
        *args: Any,
        schema: Mapping[str, Any],
        edits: Mapping[str, Any] | None = None,
        given: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("prefix", "input")
        super().__init__(*args, **kwargs)
        self.schema = dict(schema)
        self.edits = edits
        self.value: Any = None
        self.properties: dict[str, Property] = {}
        for place, one in enumerate(_shown(self.schema, edits)):
            name = one.name if PLAIN_NAME.fullmatch(one.name) else f"field.{place}"
            self.properties[name] = one
            self.fields[name] = control_for(one)
            known = edits if edits is not None else given
            self._fill(name, one, known)

    def _fill(self, name: str, one: Property, known: Mapping[str, Any] | None) -> None:
        control = self.control(name)
        if one.name == "" and known is not None:
            value: Any = dict(known)
        elif known is not None and one.name in known:
            value = known[one.name]
        elif known is None and "default" in one.schema:
            value = one.schema["default"]
        elif "const" in one.schema:
            value = one.schema["const"]
        else:
            return
        self.initial[name] = control.from_json(value)

    def control(self, name: str) -> Control:
        return cast(Control, self.fields[name])

    def rows(self) -> Iterator[tuple[Property, BoundField]]:
        """The fields with what they stand for, as templates show them."""
        for name, one in self.properties.items():
            yield one, self[name]

    @property
    def edited(self) -> list[str]:
        """The names of the properties that were changed."""
        return [self.properties[name].name for name in self.changed_data]

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────
    def clean(self) -> dict[str, Any]:
        self.value = self._whole() if self._is_whole() else self._object()
        wrong = set(self.errors)
        for problem in problems(self.schema, self.value):
            name = self._field_of(problem)
            if name is None or name not in wrong:
                self.add_error(name, _sentence(problem, self.properties[name].type if name else ""))
        return self.cleaned_data

    def _is_whole(self) -> bool:
        return [one.name for one in self.properties.values()] == [""]

    def _whole(self) -> Any:
        name = next(iter(self.properties))
        value = self.cleaned_data.get(name, ABSENT)
        return {} if value is ABSENT else value

    def _object(self) -> dict[str, Any]:
        found = {}
        for name, one in self.properties.items():
            if name in self.cleaned_data and (value := self._read(name, one)) is not ABSENT:
                found[one.name] = value
        return found

    def _read(self, name: str, one: Property) -> Any:
        value = self.control(name).to_json(self.cleaned_data[name])
        if self.edits is None:
            return value
        there = one.name in self.edits
        if name not in self.changed_data:
            return self.edits[one.name] if there else ABSENT
        if value is ABSENT and there and one.type in ("string", "array"):
            return "" if one.type == "string" else []
        return value

    def _field_of(self, problem: Placed) -> str | None:
        if self._is_whole():
            return next(iter(self.properties))
        first = problem.path[0] if problem.path else None
        return next((name for name, one in self.properties.items() if one.name == first), None)


def _shown(schema: Mapping[str, Any], edits: Mapping[str, Any] | None) -> list[Property]:
    """The properties of the schema, and those that an object has beyond it."""
    named = properties_of(schema)
    known = {one.name for one in named}
    beyond = {key: value for key, value in (edits or {}).items() if key not in known}
    extra = [Property(key, inferred(value), False) for key, value in beyond.items()]
    if not named and not extra and schema.get("additionalProperties") is not False and edits is None:
        return [Property("", {"type": "object", "title": "Input"}, False)]
    return [*named, *extra]


def inferred(value: Any) -> dict[str, Any]:
    """A schema that `value` fits, as simple as it can be."""
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return {"type": "string", "format": "multiline"}
        case list() if value and all(isinstance(one, str) and "\n" not in one for one in value):
            return {"type": "array", "items": {"type": "string"}}
        case dict():
            return {"type": "object"}
        case _:
            return (
                {"type": "array", "items": {"type": "object"}} if isinstance(value, list) else {"anyOf": []}
            )


def _sentence(problem: Placed, kind: str) -> str:
    """The sentence at the field; what is deeper says where."""
    inner = problem.path[1:]
    if not inner:
        return problem.sentence
    if kind == "array" and len(inner) == 1 and isinstance(inner[0], int):
        return f"Line {inner[0] + 1}: {problem.sentence}"
    return f"{Placed(inner, '').where()}: {problem.sentence}"
