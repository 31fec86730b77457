"""Runs as comma-separated values."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from runs.figures.totals import Family, families_of_runs
from runs.models import Run

MOST = 20_000  # runs; more belong into a report of their own
BATCH = 2_000
FIELDS = (
    "pk",
    "team_version__team__name",
    "team_version__number",
    "status",
    "mode",
    "started_by__name",
    "started_by__email",
    "started_via",
    "created_at",
    "started_at",
    "ended_at",
    "cost_limit",
    "error",
    "parent",
)
COLUMNS = (
    "run",
    "team",
    "version",
    "state",
    "mode",
    "started by",
    "started via",
    "created at",
    "started at",
    "ended at",
    "seconds",
    "cost usd",
    "calls of unknown cost",
    "simulated cost usd",
    "cost limit usd",
    "calls",
    "input tokens",
    "cached tokens",
    "output tokens",
    "reasoning tokens",
    "error",
    "sub-team of",
    "cost with sub-teams usd",
)


class Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def lines(runs: QuerySet[Run]) -> Iterator[str]:
    """The header, then one line a run, at most MOST of them."""
    writer = csv.writer(Line())
    yield writer.writerow(COLUMNS)
    found = runs.values(*FIELDS)[:MOST].iterator(chunk_size=BATCH)
    while batch := list(islice(found, BATCH)):
        families = families_of_runs(row["pk"] for row in batch)
        for row in batch:
            yield writer.writerow([safe(value) for value in _values(row, families[row["pk"]])])


def _values(row: dict[str, Any], family: Family) -> list[object]:
    """Each call is in one row only, but for the last column."""
    totals = family.own
    return [
        row["pk"],
        row["team_version__team__name"],
        row["team_version__number"],
        row["status"],
        row["mode"],
        row["started_by__name"] or row["started_by__email"] or "",
        row["started_via"],
        _time(row["created_at"]),
        _time(row["started_at"]),
        _time(row["ended_at"]),
        _seconds(row["started_at"], row["ended_at"]),
        f"{totals.real:f}",
        totals.unknown,
        f"{totals.simulated_cost:f}",
        "" if row["cost_limit"] is None else f"{row['cost_limit']:f}",
        totals.calls,
        totals.input_tokens,
        totals.cached_tokens,
        totals.output_tokens,
        totals.reasoning_tokens,
        row["error"],
        row["parent"] or "",
        f"{family.totals.real:f}",
    ]


def _seconds(started: datetime | None, ended: datetime | None) -> str:
    return f"{(ended - started).total_seconds():.3f}" if started and ended else ""


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="milliseconds") if moment else ""


def safe(value: object) -> str:
    """Text that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
