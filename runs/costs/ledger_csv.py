"""The ledger as comma-separated values: one line a call, with the prices that were used."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import F, QuerySet

from runs.figures.run_csv import Line, safe
from runs.models import LedgerEntry

MOST = 100_000  # calls of one file
COLUMNS = {
    "at": "at",
    "run": "run_id",
    "team": "run__team_version__team__name",
    "version": "run__team_version__number",
    "node": "path",
    "agent": "agent_name",
    "agent version": "agent_version",
    "endpoint": "endpoint",
    "model": "model",
    "call": "call",
    "attempt": "attempt",
    "status": "status",
    "simulated": "simulated",
    "input tokens": "input_tokens",
    "cached tokens": "cached_tokens",
    "output tokens": "output_tokens",
    "reasoning tokens": "reasoning_tokens",
    "input price per million": "input_price",
    "cached price per million": "cached_price",
    "output price per million": "output_price",
    "price source": "price_source",
    "cost usd": "cost",
}


def lines(entries: QuerySet[LedgerEntry]) -> Iterator[str]:
    """The header, then one line a call in order of time."""
    writer = csv.writer(Line())
    yield writer.writerow(COLUMNS)
    rows = entries.order_by("at", F("run_id"), "call").values_list(*COLUMNS.values())
    for row in rows.iterator(chunk_size=2_000):
        yield writer.writerow([_value(value) for value in row])


def _value(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return str(value.isoformat(timespec="milliseconds"))
    return f"{value:f}" if hasattr(value, "as_tuple") else safe(value)
