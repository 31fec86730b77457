"""The ledger as comma-separated values: one line a call, with the prices that were used."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from agents.models import TeamVersion
from runs.figures.run_csv import Line, safe
from runs.models import LedgerEntry
from runs.trace import name_of, titles_of

MOST = 100_000  # calls of one file
COLUMNS = {
    "at": "at",
    "run": "run_id",
    "team": "run__team_version__team__name",
    "version": "run__team_version__number",
    "node": "run__team_version_id",  # with the path, it says the node's name
    "path": "path",
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
    name = Names()
    for row in rows.iterator(chunk_size=2_000):
        values = dict(zip(COLUMNS, row, strict=True))
        values["node"] = name(values["node"], values["path"])
        yield writer.writerow([_value(value) for value in values.values()])


class Names:
    """The names of nodes of many versions, each read once."""

    def __init__(self) -> None:
        self._titles: dict[UUID, dict[str, str]] = {}

    def __call__(self, version: UUID, path: str) -> str:
        if version not in self._titles:
            self._titles[version] = titles_of(TeamVersion.objects.get(pk=version).parsed())
        return name_of(path, self._titles[version])


def _value(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return str(value.isoformat(timespec="milliseconds"))
    return f"{value:f}" if hasattr(value, "as_tuple") else safe(value)
