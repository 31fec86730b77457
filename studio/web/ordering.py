"""How lists order names: numbers in them by their size, so that Worker 2 comes before Worker 10."""

from __future__ import annotations

from django.db.models import Func, Value
from django.db.models.functions import Lower

DIGITS = 24  # of longer numbers the last ones count


def natural(field: str) -> Func:
    """A key to order by: `field` in lower case, with each number filled up to DIGITS digits.

    Names that differ in case or leading zeros alone have equal keys.
    """
    filled = _replaced(Lower(field), r"(\d+)", "0" * (DIGITS - 1) + r"\1")
    return _replaced(filled, rf"\d*(\d{{{DIGITS}}})", r"\1")


def _replaced(text: Func, pattern: str, by: str) -> Func:
    return Func(text, Value(pattern), Value(by), Value("g"), function="regexp_replace")
