"""The costs page: every figure is a sum over the ledger, and the sums agree with each other."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.db.models import QuerySet, Sum
from django.http import QueryDict

from runs.costs import ledger_csv
from runs.costs.charts import spend_chart
from runs.costs.plotly_styles import style_ids
from runs.costs.spread import latency_of, spread_of
from runs.costs.sums import Costs, costs_of
from runs.costs.tables import rows_of, tables_of
from runs.forms.calls_filter import CallsFilter
from runs.forms.cost_filter import CostFilter
from runs.forms.run_filter import RunFilter
from runs.models import LedgerEntry, Run, Span
from runs.queries import runs_of
from tests.runs.team import publish, support_desk
from tests.world import World, signed_in

NOW = datetime(2026, 11, 18, 12, 20, tzinfo=UTC)
JUST_NOW = NOW - timedelta(minutes=1)


class Ledger:
    """Runs of named teams with calls at given times."""

    def __init__(self, world: World) -> None:
        self.world = world

    def run(self, team: str = "Support desk", status: str = "done", **more: object) -> Run:
        pinned = support_desk().model_copy(update={"name": team})
        version = publish(self.world.workspace, pinned)
        return Run.objects.create(
            workspace=self.world.workspace,
            team_version=version,
            status=status,
            input_digest="",
            runnable=False,
            **more,
        )

    def call(
        self,
        run: Run,
        cost: str | None = "0.01",
        at: datetime = JUST_NOW,
        agent: str = "clerk",
        **more: object,
    ) -> LedgerEntry:
        number = LedgerEntry.objects.filter(run=run).count()
        fields: dict[str, object] = {
            "endpoint": "openai",
            "model": "gpt-5-mini",
            "status": "settled",
            "agent_name": agent.title(),
        }
        return LedgerEntry.objects.create(
            run=run,
            call=f"{agent}/m{number}",
            attempt=1,
            workspace=run.workspace,
            path=agent,
            agent_key=agent,
            cost=None if cost is None else Decimal(cost),
            at=at,
            **(fields | more),
        )

    def week(self) -> None:
        """Eight teams over a week, with a few calls of unknown price."""
        for number in range(8):
            run = self.run(f"Team {number}")
            for day in range(7):
                cost = None if (number, day) == (3, 3) else f"0.0{number + 1}{day}7"
                at = JUST_NOW - timedelta(days=day, hours=number)
                self.call(run, cost, at, agent=f"agent{number % 3}", model=f"m{day % 2}")


@pytest.fixture
def ledger(world: World) -> Ledger:
    return Ledger(world)


def chosen(query: str = "", now: datetime = NOW) -> CostFilter:
    return CostFilter.parse(QueryDict(query), now)


def costs(ledger: Ledger, query: str = "") -> Costs:
    return costs_of(ledger.world.viewer, chosen(query))


def in_the_ledger(entries: QuerySet[LedgerEntry] | None = None) -> Decimal:
    rows = LedgerEntry.objects.all() if entries is None else entries
    return rows.aggregate(sum=Sum("cost"))["sum"] or Decimal(0)


def url(since: datetime, until: datetime) -> str:
    return f"/runs/?{since:%d}-{until:%d}"


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


# ── the page ────────────────────────────────────────────────────────────────────────────────────────
def page(ledger: Ledger, query: str = "") -> str:
    path = f"/w/{ledger.world.workspace.slug}/costs/{query}"
    return signed_in(ledger.world.viewer).get(path).content.decode()


@pytest.mark.django_db
def test_the_page_says_what_was_spent(ledger: Ledger) -> None:
    run = ledger.run("Billing close")
    ledger.call(run, "1.234567891", at=datetime.now(UTC))
    ledger.call(run, None, at=datetime.now(UTC))
    words = page(ledger)
    assert 'title="$1.234567891">$1.23<' in words
    assert "not in any sum" in words
    assert "Billing close" in words
    assert 'data-chart="spend"' in words


@pytest.mark.django_db
def test_an_empty_ledger_teaches_and_empty_filters_lead_back(ledger: Ledger) -> None:
    assert "Nothing has been spent yet" in page(ledger)
    ledger.call(ledger.run(), at=datetime.now(UTC))
    assert "No call fits these filters" in page(ledger, "?mode=rehearsal")
    assert "No call fits these filters" in page(ledger, f"?team={uuid4()}")


@pytest.mark.django_db
def test_calls_that_cost_nothing_draw_an_empty_scale(ledger: Ledger) -> None:
    ledger.call(ledger.run(), "0", at=datetime.now(UTC), input_tokens=10)
    words = page(ledger)
    assert "No run in this time has cost anything that is known." in words
    assert json.loads(re.findall(r'id="charts-data"[^>]*>(.*?)</script>', words)[0])["spend"]


@pytest.mark.django_db
def test_a_team_called_like_markup_is_text_in_page_and_chart(ledger: Ledger) -> None:
    name = '</script><a href="javascript:x">'
    ledger.call(ledger.run(name), at=datetime.now(UTC))
    words = page(ledger)
    assert name not in words
    figure = spend_chart(costs_of(ledger.world.viewer, chosen(now=datetime.now(UTC))), url)
    assert figure["data"][0]["name"] == "&lt;/script&gt;&lt;a href=&quot;javascript:x&quot;&gt;"


@pytest.mark.django_db
def test_the_fragment_is_the_page_without_its_frame(ledger: Ledger) -> None:
    ledger.call(ledger.run(), at=datetime.now(UTC))
    path = f"/w/{ledger.world.workspace.slug}/costs/"
    answer = signed_in(ledger.world.viewer).get(path, headers={"HX-Request": "true"}).content.decode()
    assert answer.strip().startswith("{#") is False
    assert '<div id="costs"' in answer
    assert "<html" not in answer


@pytest.mark.django_db
def test_the_csv_is_the_ledger_as_filtered(ledger: Ledger) -> None:
    run = ledger.run("=cmd()")
    ledger.call(run, "0.000000000001", at=datetime.now(UTC), input_price=Decimal("0.25"))
    ledger.call(run, None, at=datetime.now(UTC))
    ledger.call(run, "9", at=datetime.now(UTC), simulated=True)
    path = f"/w/{ledger.world.workspace.slug}/costs/csv/"
    answer = signed_in(ledger.world.viewer).get(path)
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [row["cost usd"] for row in rows] == ["0.000000000001", ""]
    assert rows[0]["team"] == "'=cmd()"
    assert rows[0]["input price per million"] == "0.25000000"
    assert "attachment" in answer["Content-Disposition"]


@pytest.mark.django_db
def test_a_csv_that_would_be_cut_off_is_refused(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_csv, "MOST", 1)
    for _ in range(2):
        ledger.call(ledger.run(), at=datetime.now(UTC))
    path = f"/w/{ledger.world.workspace.slug}/costs/"
    answer = signed_in(ledger.world.viewer).get(f"{path}csv/?range=7d", follow=True)
    assert answer.redirect_chain == [(f"{path}?range=7d", 302)]
    assert "more than 1 calls. Choose a shorter time." in answer.content.decode()


@pytest.mark.django_db
def test_many_groups_take_no_more_queries(
    ledger: Ledger, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    ledger.week()
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        found = costs_of(ledger.world.viewer, chosen())
        spread_of(ledger.world.viewer, chosen())
        latency_of(ledger.world.viewer, chosen(), 56)
        tables_of(found, "/runs/")


# ── from a chart to its runs ────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_what_a_bar_leads_to_are_the_runs_behind_it(ledger: Ledger) -> None:
    today, before = ledger.run("Today"), ledger.run("Before")
    ledger.call(today)
    ledger.call(before, at=NOW - timedelta(days=1))
    ledger.call(ledger.run("Rehearsal"), simulated=True)
    path = f"/w/{ledger.world.workspace.slug}/costs/"
    text = signed_in(ledger.world.viewer).get(f"{path}?from=2026-11-17&to=2026-11-18").content.decode()
    figure = json.loads(re.findall(r'id="charts-data"[^>]*>(.*?)</script>', text)[0])["spend"]
    links = [link for _, link in figure["data"][0]["customdata"]]
    assert [behind(ledger, link) for link in links] == [{before.pk}, {today.pk}]


@pytest.mark.django_db
def test_what_a_row_leads_to_are_the_runs_of_that_agent_and_model(ledger: Ledger) -> None:
    one, other = ledger.run("One"), ledger.run("Other")
    ledger.call(one, agent="clerk")
    ledger.call(other, agent="writer", model="m2")
    tables = tables_of(costs(ledger, "by=model"), "/runs/")
    by_name = {line.group.name: line.url for line in tables["agent_table"].lines}  # type: ignore[union-attr]
    assert behind(ledger, by_name["Clerk"]) == {one.pk}
    assert behind(ledger, by_name["Writer"]) == {other.pk}
    legend = {line.group.name: line.url for line in tables["legend"]}  # type: ignore[union-attr]
    assert behind(ledger, legend["m2"]) == {other.pk}


def behind(ledger: Ledger, link: str) -> set[object]:
    query = QueryDict(urlsplit(link).query)
    return set(RunFilter.parse(query).apply(runs_of(ledger.world.workspace.pk)).values_list("pk", flat=True))


def test_a_filter_by_calls_survives_its_address() -> None:
    calls = CallsFilter("live", NOW, NOW + timedelta(hours=1), "clerk", "openai/gpt-5 mini")
    query = parse_qs(calls.address(sort="-cost").removeprefix("?"))
    assert CallsFilter.parse(QueryDict(calls.address().removeprefix("?"))) == calls
    assert query["sort"] == ["-cost"]
    assert calls.words == "live calls, 18 Nov 12:20 – 18 Nov 13:20, of clerk, to gpt-5 mini"
    day = CallsFilter(since=datetime(2026, 11, 14, tzinfo=UTC), until=datetime(2026, 11, 15, tzinfo=UTC))
    assert day.words == "calls, 14 Nov"
    assert not CallsFilter.parse(QueryDict("from=nonsense&to=&calls=what"))


# ── Plotly ──────────────────────────────────────────────────────────────────────────────────────────
def test_colours_of_charts_are_names_of_the_theme() -> None:
    from runs.costs.charts import _template

    themes = (settings.BASE_DIR / "static" / "css" / "themes.css").read_text()
    tokens = (settings.BASE_DIR / "static" / "css" / "tokens.css").read_text()
    own = (settings.BASE_DIR / "static" / "css" / "costs.css").read_text()
    named = set(re.findall(r"var\((--[\w-]+)\)", json.dumps(_template().to_plotly_json())))
    assert {"--c1", "--c6", "--grid", "--axis"} <= named
    missing = {name for name in named if f"{name}:" not in themes + tokens + own}
    assert not missing


def test_what_keeps_plotly_from_writing_styles_is_found_in_it() -> None:
    assert style_ids(), "This Plotly guards its styles in another way: see the console of the costs page."
