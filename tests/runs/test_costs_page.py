"""The costs page itself: its words, its charts, its CSV, and where its bars and rows lead."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.http import QueryDict

from runs.costs import ledger_csv
from runs.costs.charts import spend_chart
from runs.costs.plotly_styles import style_ids
from runs.costs.spread import latency_of, spread_of
from runs.costs.sums import costs_of
from runs.costs.tables import tables_of
from runs.forms.calls_filter import CallsFilter
from runs.forms.run_filter import RunFilter
from runs.queries import runs_of
from tests.runs.spent import NOW, Ledger, chosen, costs, url
from tests.world import World, signed_in


@pytest.fixture
def ledger(world: World) -> Ledger:
    return Ledger(world)


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
