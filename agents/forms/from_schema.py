"""Forms out of pydantic models: what can be configured is said once, in the model.

Fields read what browsers send and give the JSON value that the model takes; the model's own validators have
the last word, and `put` shows each of their problems at its field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django import forms
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from agents.forms.fields import LinesField, ProseField, RowsField, number, tidy
from agents.forms.placing import put
from agents.topology.problems import Problem, from_validation_error

SHORT = 200  # characters; a longer text gets a field that grows


class SchemaForm(forms.Form):
    """A form over `model`; `values()` is what the model takes, as short as it can be said."""

    model: type[BaseModel]

    def values(self) -> dict[str, Any]:
        """The JSON of a clean form. What is empty or the model's default is left out."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value not in (None, "") and value != self.fields[name].initial
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            put(self, _problems(self.model, self._checked_values()))
        return cleaned

    def _checked_values(self) -> dict[str, Any]:
        """What is validated here; forms with secrets take these out first."""
        return self.values()


def form_of(model: type[BaseModel], base: type[SchemaForm] = SchemaForm) -> type[SchemaForm]:
    """The form class of `model`."""
    return type(f"{model.__name__}Form", (base,), {"model": model, **fields_of(model)})


def fields_of(model: type[BaseModel]) -> dict[str, forms.Field]:
    """A field of a form for each field of `model`, in its order."""
    schema = _schema(model)
    made = {}
    for name, info in model.model_fields.items():
        field = _field(_plain(schema["properties"][info.alias or name], schema), schema)
        field.label = info.title or name.replace("_", " ").capitalize()
        field.help_text = info.description or ""
        field.initial = None if info.is_required() else tidy(_default(info))
        made[name] = field
    return made


def _problems(model: type[BaseModel], values: Mapping[str, Any]) -> list[Problem]:
    try:
        model.model_validate(values)
    except ValidationError as error:
        return from_validation_error(error)
    return []


def _default(info: FieldInfo) -> Any:
    value = info.get_default(call_default_factory=True)
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


# ── one property ────────────────────────────────────────────────────────────────────────────────────
@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _plain(one: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A property with its reference followed, and `null` taken out of its types."""
    if "$ref" in one:
        one = {**schema["$defs"][one["$ref"].rpartition("/")[2]], **one}
    if "anyOf" in one:
        rest = [_plain(option, schema) for option in one["anyOf"] if option.get("type") != "null"]
        if len(rest) == 1:
            return {**rest[0], **one, "nullable": len(rest) < len(one["anyOf"])}
    return one


def _field(one: dict[str, Any], schema: dict[str, Any]) -> forms.Field:
    """The form field of a property. Raises LookupError for what no field can hold."""
    if "enum" in one:
        return forms.ChoiceField(choices=[(value, words(str(value))) for value in one["enum"]])
    match one.get("type"):
        case "string":
            return _text(one)
        case "integer" | "number":
            return _number(one)
        case "boolean":
            return forms.BooleanField(required=False)
        case "array":
            return _array(one, schema)
    raise LookupError(f"No form field can hold {one}.")


def _text(one: dict[str, Any]) -> forms.Field:
    limit = one.get("maxLength")
    if limit is not None and limit <= SHORT:
        return forms.CharField(max_length=limit, required=bool(one.get("minLength")))
    return ProseField(max_length=limit, required=bool(one.get("minLength")))


def _number(one: dict[str, Any]) -> forms.Field:
    return number(
        whole=one["type"] == "integer",
        least=one.get("minimum", one.get("exclusiveMinimum")),
        most=one.get("maximum", one.get("exclusiveMaximum")),
        required=not one.get("nullable"),
    )


def _array(one: dict[str, Any], schema: dict[str, Any]) -> forms.Field:
    items = _plain(one.get("items", {}), schema)
    if "enum" in items:
        choices = [(value, words(str(value))) for value in items["enum"]]
        widget = forms.CheckboxSelectMultiple()
        return forms.MultipleChoiceField(choices=choices, widget=widget, required=bool(one.get("minItems")))
    if "properties" in items:
        columns = {name: _column(name, spec, items, schema) for name, spec in items["properties"].items()}
        return RowsField(columns, most=one.get("maxItems"))
    return LinesField(most=one.get("maxItems"))


def _column(name: str, spec: dict[str, Any], items: dict[str, Any], schema: dict[str, Any]) -> forms.Field:
    one = _plain(spec, schema)
    if one.get("type") == "string" and "enum" not in one:
        one = {**one, "maxLength": min(one.get("maxLength", SHORT), SHORT)}
    field = _field(one, schema)
    if isinstance(field, forms.CharField):  # what is cut short here is measured by the model
        field.max_length = None
        field.validators = []
    field.label = spec.get("title") or name.replace("_", " ").capitalize()
    field.required = name in items.get("required", ())
    return field


def words(value: str) -> str:
    """A choice as people read it; what is written in capitals, such as GET, stays as it is."""
    return value if value.isupper() else re.sub(r"[_-]+", " ", value).capitalize()
