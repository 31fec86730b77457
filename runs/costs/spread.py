"""How costs are spread over runs, and how long calls take: percentiles that only the database can make."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import CharField, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat

from runs.costs.sums import begun, entries_of
from runs.forms.cost_filter import CostFilter
from runs.models import LedgerEntry, Span
from studio.workspaces.access import Member

STEPS = 4  # bars for each power of ten
MOST_CALLS = 300_000  # beyond, latencies are not looked up

SPREAD = """
SELECT count(*), count(*) FILTER (WHERE status = 'failed'), count(*) FILTER (WHERE spent IS NULL),
    count(*) FILTER (WHERE spent = 0),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY spent), percentile_disc(0.95) WITHIN GROUP (ORDER BY spent)
FROM ({runs}) AS one
"""
HISTOGRAM = """
SELECT floor(log(spent) * {steps})::int AS bar, count(*) FROM ({runs}) AS one
WHERE spent > 0 GROUP BY bar ORDER BY bar
"""
LATENCY = """
SELECT bucket, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM took)), count(*)
FROM ({calls}) AS one WHERE took IS NOT NULL GROUP BY bucket ORDER BY bucket
"""


@dataclass(frozen=True)
class Spread:
    """Runs that made calls in the time, by what those calls cost; `bars` counts runs by power of ten."""

    runs: int = 0
    failed: int = 0
    unknown: int = 0  # nothing of their cost is known
    free: int = 0
    median: Decimal | None = None
    p95: Decimal | None = None
    bars: dict[int, int] = field(default_factory=dict)

    @property
    def priced(self) -> int:
        return sum(self.bars.values())

    @property
    def failed_share(self) -> str:
        return f"{100 * self.failed / self.runs:.1f} %".replace(".0 ", " ") if self.runs else "0 %"


def spread_of(member: Member, chosen: CostFilter) -> Spread:
    entries = chosen.apply(entries_of(member))
    runs = entries.values("run_id").annotate(spent=Sum("cost"), status=F("run__status"))
    sql, params = runs.values("spent", "status").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(SPREAD.format(runs=sql), params)
        count, failed, unknown, free, median, p95 = cursor.fetchone()
        cursor.execute(HISTOGRAM.format(runs=sql, steps=STEPS), params)
        bars = dict(cursor.fetchall())
    return Spread(count, failed, unknown, free, median, p95, bars)


@dataclass(frozen=True)
class Latency:
    """Seconds from asking a model to its whole answer."""

    p50: float
    p95: float
    calls: int


def latency_of(member: Member, chosen: CostFilter, calls: int) -> dict[datetime, Latency]:
    """By bar; empty when there are too many calls to look them all up."""
    if calls > MOST_CALLS:
        return {}
    sql, params = _timed(chosen.apply(entries_of(member)), chosen.step).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(LATENCY.format(calls=sql), params)
        rows = cursor.fetchall()
    return {bucket.replace(tzinfo=UTC): Latency(p50, p95, count) for bucket, (p50, p95), count in rows}


def _timed(entries: QuerySet[LedgerEntry], step: timedelta) -> QuerySet[LedgerEntry, Any]:
    key = Concat(OuterRef("call"), Value("#"), Cast(OuterRef("attempt"), CharField()))
    span = Span.objects.filter(run_id=OuterRef("run_id"), key=key, ended_at__isnull=False)
    took = Subquery(span.values_list(F("ended_at") - F("started_at"))[:1])
    return entries.annotate(bucket=begun(step), took=took).values("bucket", "took")
