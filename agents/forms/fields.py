"""Fields in which browsers and JSON meet: texts of several lines, numbers, lists, rows of an object each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator

MOST_ROWS = 100


def one_newline(text: str) -> str:
    """Browsers send a new line as two characters; left so, every save would look like a change."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def tidy(value: Any) -> Any:
    """120.0 as 120, the way people write it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class ProseField(forms.CharField):
    """Text of several lines, kept as it was written."""

    def __init__(self, *, rows: int = 3, max_length: int | None = None, **more: Any) -> None:
        widget = more.pop("widget", None) or forms.Textarea(attrs={"rows": rows})
        super().__init__(widget=widget, strip=False, **more)
        self.longest = max_length

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return one_newline(text) if isinstance(text, str) else text

    def validate(self, value: Any) -> None:
        """Measured here and not by the browser, which counts a new line twice and cuts off what is pasted."""
        super().validate(value)
        if self.longest is not None and len(value) > self.longest:
            raise ValidationError(f"This has {len(value):,} characters; at most {self.longest:,} fit.")


def number(
    *, whole: bool, least: float | None = None, most: float | None = None, required: bool = True
) -> forms.Field:
    """A number field that shows its bounds in words where the browser does not."""
    kind: Any = forms.IntegerField if whole else forms.FloatField
    field: forms.Field = kind(min_value=least, max_value=most, required=required)
    field.widget.attrs["inputmode"] = "numeric" if whole else "decimal"
    if not whole:
        field.widget.attrs["step"] = "any"
    return field


class LinesField(forms.Field):
    """A list of texts, one a line."""

    def __init__(self, *, most: int | None = None, required: bool = False, **more: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})
        super().__init__(widget=widget, required=required, **more)
        self.most = most

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> list[str]:
        ProhibitNullCharactersValidator()(value or "")
        return [line for raw in str(value or "").splitlines() if (line := raw.strip())]

    def validate(self, value: Any) -> None:
        super().validate(value)
        if self.most is not None and len(value) > self.most:
            raise ValidationError(f"These are {len(value)} lines; at most {self.most} fit.")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != list(initial or [])


class RowsWidget(forms.Widget):
    """A table of inputs, `name-0-column`; static/js/rows.js adds rows, without it there is one empty row."""

    template_name = "agents/widgets/rows.html"

    def __init__(self, columns: Mapping[str, forms.Field]) -> None:
        super().__init__()
        self.columns = columns

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, dict(attrs or {}))
        rows = [*(value or []), {}]
        context["widget"]["columns"] = [field.label for field in self.columns.values()]
        context["widget"]["rows"] = [self._row(f"{name}-{n}", row) for n, row in enumerate(rows)]
        context["widget"]["blank"] = self._row(f"{name}-__n__", {})
        return context

    def _row(self, name: str, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        cells = []
        for column, field in self.columns.items():
            attrs = {"id": f"id_{name}-{column}", "aria-label": str(field.label)}
            attrs |= (
                {"placeholder": row["placeholders"][column]} if column in row.get("placeholders", {}) else {}
            )
            shown = field.widget.get_context(f"{name}-{column}", row.get(column, field.initial), attrs)
            shown["widget"]["kind"] = "check" if isinstance(field, forms.BooleanField) else "text"
            cells.append(shown["widget"])
        return cells

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        """All rows in which something stands; where rows were taken away, numbers are missing."""
        prefix = f"{name}-"
        found = {key[len(prefix) :].partition("-")[0] for key in data if key.startswith(prefix)}
        numbers = sorted(int(part) for part in found if part.isdigit() and len(part) < 6)[: MOST_ROWS + 1]
        rows = [self._value(data, files, f"{name}-{n}") for n in numbers]
        return [row for row in rows if any(value not in (None, "", False) for value in row.values())]

    def _value(self, data: Any, files: Any, name: str) -> dict[str, Any]:
        return {
            column: field.widget.value_from_datadict(data, files, f"{name}-{column}")
            for column, field in self.columns.items()
        }

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return f"{id_}-0-{next(iter(self.columns))}" if id_ else ""


class RowsField(forms.Field):
    """A list of objects of plain values, one a row."""

    def __init__(self, columns: Mapping[str, forms.Field], *, most: int | None = None, **more: Any) -> None:
        super().__init__(widget=RowsWidget(columns), required=False, **more)
        self.columns = columns
        self.most = min(most or MOST_ROWS, MOST_ROWS)

    def clean(self, value: Any) -> list[dict[str, Any]]:
        if len(value) > self.most:
            raise ValidationError(f"These are {len(value)} rows; at most {self.most} fit.")
        problems: list[str] = []
        rows = [self._row(n, row, problems) for n, row in enumerate(value, start=1)]
        if problems:
            raise ValidationError(problems)
        return rows

    def _row(self, number: int, row: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
        cleaned = {}
        for column, field in self.columns.items():
            try:
                cleaned[column] = field.clean(row.get(column))
            except ValidationError as error:
                problems += [f"Row {number}, {str(field.label).lower()}: {text}" for text in error.messages]
        return cleaned

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != list(data or []))
