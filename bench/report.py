"""Prints measured figures beside their targets; the exit code says whether all were met."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    target: float | None = None
    best: str = "low"  # low: at most the target; high: at least
    note: str = ""

    @property
    def met(self) -> bool:
        if self.target is None:
            return True
        return self.value <= self.target if self.best == "low" else self.value >= self.target


def show(figures: Iterable[Figure], *, as_json: bool) -> int:
    """Print them; 1 when a target was missed."""
    found = list(figures)
    if as_json:
        json.dump([asdict(figure) | {"met": figure.met} for figure in found], sys.stdout, indent=1)
        print()
    else:
        for figure in found:
            sign = "≤" if figure.best == "low" else "≥"
            target = "" if figure.target is None else f"{sign} {figure.target:g} {figure.unit}"
            verdict = "" if figure.target is None else ("met" if figure.met else "MISSED")
            value = f"{figure.value:.3f} {figure.unit}"
            print(f"{figure.name:<52} {value:>16} {target:<14} {verdict:<7} {figure.note}")
    return int(any(not figure.met for figure in found))
