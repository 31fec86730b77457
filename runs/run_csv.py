"""Runs as comma-separated values."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.db.models import QuerySet

from runs.models import Run
from runs.queries import Row, rows

MOST = 50_000  # runs
BATCH = 500
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
)


class Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def lines(runs: QuerySet[Run]) -> Iterator[str]:
    """The header, then one line a run, at most MOST of them."""
    writer = csv.writer(Line())
    yield writer.writerow(COLUMNS)
    found = runs[:MOST].iterator(chunk_size=BATCH)
    while batch := list(islice(found, BATCH)):
        for row in rows(batch):
            yield writer.writerow([safe(value) for value in _values(row)])


def _values(row: Row) -> list[object]:
    run, totals = row.run, row.totals
    return [
        run.pk,
        run.team_version.team.name,
        run.team_version.number,
        run.status,
        run.mode,
        run.started_by or "",
        run.started_via,
        _time(run.created_at),
        _time(run.started_at),
        _time(run.ended_at),
        "" if row.seconds is None else f"{row.seconds:.3f}",
        f"{totals.real:f}",
        totals.unknown,
        f"{totals.simulated_cost:f}",
        "" if run.cost_limit is None else f"{run.cost_limit:f}",
        totals.calls,
        totals.input_tokens,
        totals.cached_tokens,
        totals.output_tokens,
        totals.reasoning_tokens,
        run.error,
    ]


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="milliseconds") if moment else ""


def safe(value: object) -> str:
    """Text that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
