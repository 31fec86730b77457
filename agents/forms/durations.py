"""Spans of time as people type them: `45 s`, `30 min`, `4 h`, `2 d 6 h`; several with commas between."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

UNITS = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
WHOLE = re.compile(rf"\s*(?:{PART.pattern}\s*)+")
SHOWN = (("d", 86_400), ("h", 3_600), ("min", 60))


def read(text: str) -> float:
    """Seconds. Raises ValidationError with how it is written."""
    if not WHOLE.fullmatch(text.lower()) or any(unit not in UNITS for _, unit in PART.findall(text.lower())):
        raise ValidationError(f"“{text[:40]}” is no span of time; write it as 45 s, 30 min, 4 h or 2 d.")
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text.lower()))


def write(seconds: float) -> str:
    """As it is typed; nothing is rounded away."""
    parts, rest = [], float(seconds)
    for unit, size in SHOWN:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:.0f} {unit}")
    if rest or not parts:
        parts.append(f"{rest:g} s")
    return " ".join(parts)


class DurationField(forms.CharField):
    """Seconds, or None when it is empty."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, max_length=60, **more)

    def prepare_value(self, value: Any) -> Any:
        return write(value) if isinstance(value, int | float) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return read(text) if text else None


class DurationsField(forms.CharField):
    """A list of seconds."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, max_length=400, **more)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(write, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return [read(part) for part in text.split(",") if part.strip()]
