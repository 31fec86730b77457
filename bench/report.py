"""Figures beside their targets: printed, as JSON, or written to RESULTS.md."""

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

    @property
    def aim(self) -> str:
        sign = "≤" if self.best == "low" else "≥"
        return "" if self.target is None else f"{sign} {self.target:.4g} {self.unit}"

    @property
    def verdict(self) -> str:
        return "" if self.target is None else ("met" if self.met else "MISSED")

    @property
    def shown(self) -> str:
        digits = 0 if abs(self.value) >= 1_000 else 1 if abs(self.value) >= 100 else 3
        return f"{self.value:,.{digits}f} {self.unit}"


@dataclass(frozen=True)
class Section:
    """What one measurement found."""

    name: str
    title: str
    figures: list[Figure]
    about: str = ""  # how it is measured


def all_met(sections: Iterable[Section]) -> bool:
    return all(figure.met for section in sections for figure in section.figures)


def print_section(section: Section) -> None:
    print(f"\n{section.title}")
    for figure in section.figures:
        line = f"  {figure.name:<58} {figure.shown:>16}  {figure.aim:<16} {figure.verdict:<6}  {figure.note}"
        print(line.rstrip(), flush=True)


def print_json(sections: Iterable[Section], surroundings: dict[str, str]) -> None:
    found = [
        {
            "name": section.name,
            "title": section.title,
            "figures": [asdict(figure) | {"met": figure.met} for figure in section.figures],
        }
        for section in sections
    ]
    json.dump({"measured_on": surroundings, "measurements": found}, sys.stdout, indent=1)
    print()


def as_markdown(sections: Iterable[Section], surroundings: dict[str, str]) -> str:
    lines = [
        "# Benchmark results",
        "",
        "Written by `make bench`; what each figure means: docs/benchmarks.md.",
        "",
    ]
    lines += ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in surroundings.items())]
    for section in sections:
        lines += ["", f"## {section.title}", "", section.about, ""]
        lines += ["| figure | measured | target | | |", "|---|---:|---|---|---|"]
        lines += [
            f"| {figure.name} | {figure.shown} | {figure.aim} | {_bold(figure.verdict)} | {figure.note} |"
            for figure in section.figures
        ]
    return "\n".join(lines) + "\n"


def _bold(verdict: str) -> str:
    return f"**{verdict}**" if verdict == "MISSED" else verdict
