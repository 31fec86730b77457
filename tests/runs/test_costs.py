"""The costs page: every figure is a sum over the ledger, and the sums agree with each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import QuerySet, Sum

from runs.costs.spread import latency_of, spread_of
from runs.costs.tables import rows_of, tables_of
from runs.models import LedgerEntry, Span
from tests.runs.spent import NOW, Ledger, chosen, costs, url
from tests.world import World


@pytest.fixture
def ledger(world: World) -> Ledger:
    return Ledger(world)


def in_the_ledger(entries: QuerySet[LedgerEntry] | None = None) -> Decimal:
    rows = LedgerEntry.objects.all() if entries is None else entries
    return rows.aggregate(sum=Sum("cost"))["sum"] or Decimal(0)


# ── time and filters ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("query", "since", "until", "bars"),
    [
        ("", "2026-11-05T00:00", NOW, 14),
        ("range=24h", "2026-11-17T13:00", NOW, 24),
        ("range=30d", "2026-10-20T00:00", NOW, 30),
        ("from=2026-11-01&to=2026-11-03", "2026-11-01T00:00", datetime(2026, 11, 4, tzinfo=UTC), 3),
        ("from=2026-08-01&to=2026-11-03", "2026-08-01T00:00", datetime(2026, 11, 4, tzinfo=UTC), 15),
        ("from=2026-11-03&to=2026-11-01", "2026-11-05T00:00", NOW, 14),
        ("from=1900-01-01&to=2026-11-01", "2026-11-05T00:00", NOW, 14),
        ("from=2026-13-99&to=x&range=nonsense", "2026-11-05T00:00", NOW, 14),
    ],
)
def test_the_time_is_what_the_address_says(query: str, since: str, until: datetime, bars: int) -> None:
    found = chosen(query)
    assert found.since == datetime.fromisoformat(since).replace(tzinfo=UTC)
    assert found.until == until
    assert len(found.buckets) == bars
    assert found.buckets[0] <= found.since < found.buckets[0] + found.step


def test_a_week_begins_on_monday() -> None:
    assert {bar.weekday() for bar in chosen("from=2026-08-01&to=2026-11-03").buckets} == {0}


@pytest.mark.django_db
def test_filters_leave_what_they_name(ledger: Ledger) -> None:
    one, other = ledger.run("One"), ledger.run("Other")
    ledger.call(one, "1")
    ledger.call(one, "2", model="gpt-5")
    ledger.call(other, "4")
    ledger.call(other, "8", simulated=True)
    ledger.call(other, "16", at=NOW - timedelta(days=20))
    assert costs(ledger).total.cost == 7
    assert costs(ledger, f"team={one.team_version.team_id}").total.cost == 3
    assert costs(ledger, "model=openai/gpt-5").total.cost == 2
    assert costs(ledger, "mode=rehearsal").total.cost == 8
    assert costs(ledger, "range=30d").total.cost == 23
    assert costs(ledger, "team=nonsense&by=nonsense").total.cost == 7


# ── sums that agree ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
@pytest.mark.parametrize("by", ["team", "agent", "model"])
@pytest.mark.parametrize("time", ["", "range=24h", "range=7d", "from=2026-08-01&to=2026-11-18"])
def test_bars_tables_and_classes_come_to_what_the_ledger_says(ledger: Ledger, by: str, time: str) -> None:
    ledger.week()
    found = costs(ledger, f"{time}&by={by}")
    whole = in_the_ledger(found.chosen.apply(LedgerEntry.objects.all()))
    rows = rows_of(found, url)
    tables = tables_of(found, "/runs/")
    assert found.total.cost == whole > 0
    assert sum(sum(one.bars.values()) for one in found.bars) == whole
    assert sum(together for _, _, together, _ in rows) == whole
    assert sum(cost for *_, cost in found.classes) == whole
    for name in ("agent_table", "team_table"):
        table = tables[name]
        shown = sum((line.group.sums.cost for line in table.lines), Decimal(0))  # type: ignore[union-attr]
        assert shown + table.rest.cost == whole  # type: ignore[union-attr]


@pytest.mark.django_db
def test_an_unknown_price_is_counted_and_in_no_sum(ledger: Ledger) -> None:
    run = ledger.run()
    ledger.call(run, None)
    assert costs(ledger).total.known is None
    ledger.call(run, "0.5")
    total = costs(ledger).total
    assert (total.known, total.unknown, total.calls) == (Decimal("0.5"), 1, 2)


@pytest.mark.django_db
def test_classes_are_disjoint_and_priced(ledger: Ledger) -> None:
    tokens: dict[str, Any] = {
        "input_tokens": 1000,
        "cached_tokens": 400,
        "output_tokens": 300,
        "reasoning_tokens": 100,
    }
    prices: dict[str, Any] = {
        "input_price": Decimal(10),
        "cached_price": Decimal(1),
        "output_price": Decimal(20),
    }
    ledger.call(ledger.run(), "0.0124", **tokens, **prices)
    found = {name: (count, cost) for name, _, count, cost in costs(ledger).classes}
    assert found == {
        "Input, new": (600, Decimal("0.006")),
        "Input, cached": (400, Decimal("0.0004")),
        "Output": (200, Decimal("0.004")),
        "Reasoning": (100, Decimal("0.002")),
    }
    assert costs(ledger).cached_share == 40


@pytest.mark.django_db
def test_a_cost_without_its_prices_is_not_given_to_a_class(ledger: Ledger) -> None:
    ledger.call(ledger.run(), "0.25", input_tokens=100)
    assert costs(ledger).classes[-1] == ("Not told apart", 6, 0, Decimal("0.25"))


@pytest.mark.django_db
def test_more_groups_than_colours_are_put_together(ledger: Ledger) -> None:
    ledger.week()
    names = [one.name for one in costs(ledger).bars]
    assert names == ["Team 7", "Team 6", "Team 5", "Team 4", "Team 3", "3 others"]


@pytest.mark.django_db
def test_the_stretch_before_is_as_long_as_what_has_passed(ledger: Ledger) -> None:
    run = ledger.run()
    ledger.call(run, "3")
    ledger.call(run, "2", at=chosen("range=7d").since - timedelta(days=6))
    ledger.call(run, "7", at=chosen("range=7d").since - timedelta(days=6, hours=13))
    found = costs(ledger, "range=7d")
    assert found.before == 2
    assert found.change == 50


# ── runs, percentiles ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_the_spread_is_of_runs(ledger: Ledger) -> None:
    for cost in ("0.001", "0.01", "0.02", "5"):
        run = ledger.run(status="failed" if cost == "5" else "done")
        ledger.call(run, cost)
        ledger.call(run, "0")
    ledger.call(ledger.run(), "0")
    ledger.call(ledger.run(), None)
    spread = spread_of(ledger.world.viewer, chosen())
    assert (spread.runs, spread.failed, spread.free, spread.unknown) == (6, 1, 1, 1)
    assert spread.priced == 4
    assert spread.median == Decimal("0.01")
    assert spread.p95 == 5
    assert spread.bars == {-12: 1, -8: 1, -7: 1, 2: 1}


@pytest.mark.django_db
def test_latency_is_that_of_the_calls_in_the_ledger(ledger: Ledger) -> None:
    run = ledger.run()
    for seconds in (1, 2, 9):
        entry = ledger.call(run)
        Span.objects.create(
            run=run,
            key=f"{entry.call}#1",
            kind="model",
            path="clerk",
            name="m",
            status="done",
            started_at=NOW - timedelta(seconds=seconds),
            ended_at=NOW,
        )
    (found,) = latency_of(ledger.world.viewer, chosen(), 3).items()
    assert found[0] == NOW.replace(hour=0, minute=0)
    assert (found[1].p50, found[1].calls) == (2, 3)
    assert latency_of(ledger.world.viewer, chosen("mode=rehearsal"), 3) == {}
    assert latency_of(ledger.world.viewer, chosen(), 10_000_000) == {}
