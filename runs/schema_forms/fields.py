"""One property of a JSON Schema as a form field: which control, and how its text becomes a JSON value."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from runs.schema_forms.properties import Property, as_json, plain

SHORT = 200  # characters; a longer text gets a field that grows
SEGMENTS = 4  # more choices than this become a drop-down
ABSENT: Any = object()  # the property is left out
MULTILINE = {"multiline", "textarea", "markdown", "text"}
FORMATS = {  # in words
    "email": "e-mail address",
    "uri": "web address",
    "date-time": "such as 2026-11-20T09:00:00Z",
    "time": "such as 09:30:00Z",
    "uuid": "UUID",
}
LARGEST = 2**63  # of whole numbers; other languages read no more exactly


class Control:
    """What makes a Django field one that stands for a JSON value."""

    look: str = "text"  # how the template lays it out
    wide: bool = True
    note: str = ""
    unit: str = ""

    def to_json(self, cleaned: Any) -> Any:
        """The JSON value of what the form read, or ABSENT."""
        return ABSENT if cleaned in (None, "") else cleaned

    def from_json(self, value: Any) -> Any:
        """What the control shows for a JSON value."""
        return value


class TextControl(Control, forms.CharField):
    def __init__(self, one: Property) -> None:
        limit = one.schema.get("maxLength")
        shape = str(one.schema.get("format", ""))
        many_lines = shape in MULTILINE or limit is None or limit > SHORT
        single = shape in FORMATS or not many_lines
        widget: forms.Widget = forms.TextInput() if single else forms.Textarea(attrs={"rows": 1})
        super().__init__(widget=widget, strip=False, required=False)
        self.look = "text" if single else "grows"
        self.wide = not single or (limit or SHORT) > 60
        words = FORMATS.get(shape, "text" if limit else "")
        self.note = f"{words}, up to {limit:,}" if limit else words

    def to_python(self, value: Any) -> Any:
        return one_newline(super().to_python(value))


class NumberControl(Control, forms.Field):
    """Exact: whole numbers stay whole, and nothing is rounded by a locale."""

    look, wide = "number", False

    def __init__(self, one: Property) -> None:
        whole = one.type == "integer"
        least, most = one.schema.get("minimum"), one.schema.get("maximum")
        step = one.schema.get("multipleOf") or (1 if whole else "any")
        limits = {"min": least, "max": most, "step": step, "inputmode": "numeric" if whole else "decimal"}
        widget = forms.NumberInput(attrs={key: value for key, value in limits.items() if value is not None})
        super().__init__(widget=widget, required=False)
        self.whole = whole
        self.unit = str(one.schema.get("x-unit") or one.schema.get("unit") or "")
        bounds = _bounds(least, most)
        self.note = f"{self.unit or ('whole number' if whole else 'number')}{f', {bounds}' if bounds else ''}"

    def to_python(self, value: Any) -> Any:
        return parse_number(str(value if value is not None else ""), self.whole)


class DateControl(Control, forms.DateField):
    look, wide, note = "date", False, "date"

    def __init__(self, one: Property) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        message = {"invalid": "Write a date as year-month-day."}
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], required=False, error_messages=message)

    def to_json(self, cleaned: Any) -> Any:
        return ABSENT if cleaned is None else cleaned.isoformat()


class SwitchControl(Control, forms.BooleanField):
    look, wide = "switch", False

    def __init__(self, one: Property) -> None:
        super().__init__(widget=forms.CheckboxInput(), required=False)

    def to_json(self, cleaned: Any) -> Any:
        return bool(cleaned)


class ChoiceControl(Control, forms.ChoiceField):
    wide = False

    def __init__(self, one: Property) -> None:
        few = len(one.choices) <= SEGMENTS and sum(len(words) for _, words in one.choices) <= 40
        self.look = "segments" if few and one.required else "select"
        choices = one.choices if self.look == "segments" else [("", "–"), *one.choices]
        widget = forms.RadioSelect if self.look == "segments" else forms.Select
        super().__init__(choices=choices, widget=widget, required=False)
        self.note = f"one of {len(one.choices)}"

    def to_json(self, cleaned: Any) -> Any:
        return json.loads(cleaned) if cleaned else ABSENT

    def from_json(self, value: Any) -> Any:
        return as_json(value)


class ChoicesControl(Control, forms.MultipleChoiceField):
    look = "choices"

    def __init__(self, one: Property) -> None:
        choices = one.items.choices
        super().__init__(choices=choices, widget=forms.CheckboxSelectMultiple, required=False)
        bounds = _bounds(one.schema.get("minItems"), one.schema.get("maxItems"))
        self.note = f"any of {len(choices)}{f', {bounds}' if bounds else ''}"

    def to_json(self, cleaned: Any) -> Any:
        return [json.loads(value) for value in cleaned]

    def from_json(self, value: Any) -> Any:
        return [as_json(one) for one in value] if isinstance(value, list) else []


class LinesControl(Control, forms.CharField):
    """A list of texts or numbers, one a line."""

    look = "grows"

    def __init__(self, one: Property) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 2}), required=False)
        self.kind = one.items.type
        self.optional = not one.required
        bounds = _bounds(one.schema.get("minItems"), one.schema.get("maxItems"))
        what = {"integer": "whole numbers", "number": "numbers"}.get(self.kind, "list")
        self.note = f"{what}, one a line{f', {bounds}' if bounds else ''}"

    def to_python(self, value: Any) -> Any:
        return one_newline(super().to_python(value))

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in str(super().clean(value)).splitlines()]
        kept = [line for line in lines if line]
        if self.kind == "string":
            return kept
        return [parse_number(line, self.kind == "integer") for line in kept]

    def to_json(self, cleaned: Any) -> Any:
        return ABSENT if self.optional and not cleaned else cleaned

    def from_json(self, value: Any) -> Any:
        return "\n".join(plain(one) for one in value) if isinstance(value, list) else value


class JsonControl(Control, forms.CharField):
    """Whatever no other control can show."""

    look, note = "json", "JSON"

    def __init__(self, one: Property) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})
        super().__init__(widget=widget, required=False)

    def to_python(self, value: Any) -> Any:
        return one_newline(super().to_python(value))

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return json.loads(text, parse_constant=_refuse) if text else ABSENT
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This is not valid JSON: {error}.") from error

    def to_json(self, cleaned: Any) -> Any:
        return cleaned

    def from_json(self, value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False, indent=2)


class FixedControl(Control, forms.CharField):
    """A value that cannot be anything else."""

    look, wide, note = "fixed", False, "fixed"

    def __init__(self, one: Property) -> None:
        super().__init__(widget=forms.TextInput(attrs={"readonly": True}), required=False)
        self.value = one.schema["const"]

    def to_json(self, cleaned: Any) -> Any:
        return self.value

    def from_json(self, value: Any) -> Any:
        return plain(self.value)


def control_for(one: Property) -> forms.Field:
    """The field for a property; its label and help are the schema's."""
    field = _control(one)
    field.label = one.label
    field.help_text = str(one.schema.get("description") or "")
    field.needed = one.required  # type: ignore[attr-defined]
    return field


def _control(one: Property) -> forms.Field:
    scalar = one.items.type in ("string", "integer", "number") if one.type == "array" else False
    if "const" in one.schema:
        return FixedControl(one)
    if one.choices:
        return ChoiceControl(one)
    match one.type:
        case "array" if one.items.choices:
            return ChoicesControl(one)
        case "array" if scalar:
            return LinesControl(one)
        case "string" if one.schema.get("format") == "date":
            return DateControl(one)
        case "string" if not {"anyOf", "oneOf", "allOf", "properties"} & set(one.schema):
            return TextControl(one)
        case "integer" | "number":
            return NumberControl(one)
        case "boolean":
            return SwitchControl(one)
        case _:
            return JsonControl(one)


def parse_number(text: str, whole: bool) -> int | float | None:
    """The number in `text`, None when there is none. Raises forms.ValidationError."""
    bare = text.strip().replace("\u202f", "").replace(" ", "")
    if not bare:
        return None
    try:
        number = Decimal(bare)
        if not number.is_finite() or abs(number) > Decimal("1e300"):
            raise InvalidOperation
    except InvalidOperation:
        raise forms.ValidationError(f"“{text[:40]}” is not a number.") from None
    if number == number.to_integral_value() and abs(number) < LARGEST:
        return int(number)
    if whole:
        fraction = number != number.to_integral_value()
        raise forms.ValidationError(
            "This must be a whole number." if fraction else "This number is too large."
        )
    return float(number)


def one_newline(text: Any) -> Any:
    """Forms send lines with CR and LF; values have LF."""
    return text.replace("\r\n", "\n") if isinstance(text, str) else text


def _bounds(least: Any, most: Any) -> str:
    if least is not None and most is not None:
        return f"{least:,} to {most:,}"
    if least is not None:
        return f"at least {least:,}"
    return f"up to {most:,}" if most is not None else ""


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
