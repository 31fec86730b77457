"""The list of runs: filtered, sorted and paged by the server, its totals the ledger's, its rows live."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.topology.graph import PinnedTeam
from runs.figures.totals import total
from runs.models import Run
from runs.search import search
from studio.web.figures import money, tokens
from tests.runs import scenes
from tests.runs.factory import Script
from tests.runs.team import SUPPORT_DESK, publish
from tests.world import World, signed_in

LIST = "/w/acme/runs/"


@pytest.fixture
def page(world: World) -> Client:
    return signed_in(world.viewer)


def run_of(world: World, scene: str = "done", **more: Any) -> Run:
    user = more.pop("user", world.owner.user)
    return scenes.SCENES[scene](Script(world.workspace, user, **more)).commit()


def listed(client: Client, query: str = "") -> list[str]:
    """The short ids of the rows, from the top."""
    answer = client.get(f"{LIST}{query}")
    assert answer.status_code == 200
    return re.findall(r'rt-id mono text-dim">(r-\w+)<', answer.content.decode())


def test_newcomers_are_shown_the_first_step(world: World, page: Client) -> None:
    text = page.get(LIST).content.decode()
    assert "Nothing has run yet" in text
    assert "/w/acme/teams/" in text


def test_rows_show_the_ledgers_totals(world: World, page: Client) -> None:
    run = run_of(world)
    sums = total(run.ledger.all())
    text = page.get(LIST).content.decode()
    assert money(sums.real) in text
    assert tokens(sums.tokens) in text


def test_the_newest_run_comes_first(world: World, page: Client) -> None:
    runs = [run_of(world), run_of(world, "failed"), run_of(world, "running")]
    assert listed(page) == [run.short_id for run in reversed(runs)]
    assert listed(page, "?sort=started") == [run.short_id for run in runs]


def test_states_filter_and_are_counted(world: World, page: Client) -> None:
    runs = {name: run_of(world, name).short_id for name in scenes.SCENES}
    expected = {
        "live": {"running", "gate", "budget", "doubt", "unknown"},
        "people": {"gate", "budget", "doubt"},
        "done": {"done"},
        "failed": {"failed"},
        "cancelled": {"cancelled"},
    }
    for group, names in expected.items():
        assert set(listed(page, f"?state={group}")) == {runs[name] for name in names}, group
    text = page.get(f"{LIST}?state=failed").content.decode()
    counts = re.findall(r'>([A-Z][a-z ]+)<span class="num text-dim">(\d+)</span>', text)
    assert dict(counts) == {
        "All": "8",
        "Live": "5",
        "Needs you": "3",
        "Done": "1",
        "Failed": "1",
        "Cancelled": "1",
    }


def test_other_filters_narrow_together(world: World, page: Client) -> None:
    brief = publish(world.workspace, PinnedTeam.model_validate({**SUPPORT_DESK, "name": "Market brief"}), 2)
    mine = run_of(world, user=world.operator.user)
    theirs = run_of(world, version=brief)
    rehearsal = run_of(world, version=brief, mode="simulated")
    old = run_of(world)
    Run.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=9))
    assert listed(page, f"?team={brief.team_id}") == [rehearsal.short_id, theirs.short_id]
    assert listed(page, f"?team={brief.team_id}&mode=live") == [theirs.short_id]
    assert listed(page, f"?who={world.operator.user.pk}") == [mine.short_id]
    assert old.short_id not in listed(page, "?days=7")
    assert listed(page, "?q=market") == [rehearsal.short_id, theirs.short_id]
    assert listed(page, f"?q={mine.short_id}") == [mine.short_id]
    assert listed(page, f"?q={theirs.pk}") == [theirs.short_id]
    assert listed(page, "?q=nothing like it") == []


@pytest.mark.parametrize("query", ["?team=x&who=y&mode=z&days=w&sort=v&state=u&page=t", "?q=%00", "?page=99"])
def test_filters_that_make_no_sense_are_left_out(world: World, page: Client, query: str) -> None:
    run = run_of(world)
    assert listed(page, query) == [run.short_id]


def test_runs_sort_by_cost_time_and_tokens(world: World, page: Client) -> None:
    cheap, dear, unbilled = (
        run_of(world, "failed"),
        run_of(world),
        Script(world.workspace, world.owner.user).run,
    )
    for sort in ("-cost", "-time", "-tokens"):
        assert listed(page, f"?sort={sort}") == [dear.short_id, cheap.short_id, unbilled.short_id], sort


def test_long_lists_come_in_pages_that_keep_the_filters(
    world: World, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.views.runs.PAGE", 2)
    runs = [run_of(world, "failed") for _ in range(3)]
    run_of(world)
    assert listed(page, "?state=failed") == [runs[2].short_id, runs[1].short_id]
    assert listed(page, "?state=failed&page=2") == [runs[0].short_id]
    assert "?state=failed&amp;page=2" in page.get(f"{LIST}?state=failed").content.decode()


def test_a_list_of_many_runs_needs_no_more_queries(world: World, page: Client) -> None:
    run_of(world, "running")
    page.get(LIST)
    with CaptureQueriesContext(connection) as few:
        page.get(LIST)
    for scene in (*scenes.SCENES, *scenes.SCENES):
        run_of(world, scene)
    with CaptureQueriesContext(connection) as many:
        page.get(LIST)
    assert len(many) == len(few) <= 15


def test_htmx_gets_the_list_without_the_frame(world: World, page: Client) -> None:
    run_of(world)
    text = page.get(LIST, headers={"HX-Request": "true"}).content.decode()
    assert text.lstrip().startswith('<section id="runs"')


# ── live ────────────────────────────────────────────────────────────────────────────────────────────
def test_changed_rows_are_given_alone(world: World, page: Client) -> None:
    one, other = run_of(world, "running"), run_of(world)
    text = page.get(f"{LIST}rows/?ids={one.pk},nonsense").content.decode()
    assert f'id="run-{one.pk}"' in text
    assert f'id="run-{other.pk}"' not in text


def test_new_runs_are_counted_as_the_filters_let_them_in(world: World, page: Client) -> None:
    since = timezone.now().isoformat().replace("+", "%2B")
    run_of(world)
    run_of(world, "failed")
    assert 'data-new-runs="2"' in page.get(f"{LIST}rows/?since={since}").content.decode()
    assert 'data-new-runs="1"' in page.get(f"{LIST}rows/?since={since}&state=failed").content.decode()
    for nonsense in ("", "yesterday", "2026-99-99T00:00:00Z"):
        assert 'data-new-runs="0"' in page.get(f"{LIST}rows/?since={nonsense}").content.decode()


# ── elsewhere ───────────────────────────────────────────────────────────────────────────────────────
def test_the_csv_holds_what_the_filters_leave(world: World, page: Client) -> None:
    run = run_of(world)
    run_of(world, "cancelled")
    answer = page.get(f"{LIST}csv/?state=done")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert answer["Content-Type"].startswith("text/csv")
    assert [row["run"] for row in rows] == [str(run.pk)]
    assert rows[0]["cost usd"] == f"{total(run.ledger.all()).real:f}"
    assert rows[0]["team"] == "Support desk"


def test_a_spreadsheet_runs_no_formula_from_a_name(world: World, page: Client) -> None:
    team = PinnedTeam.model_validate({**SUPPORT_DESK, "name": "=HYPERLINK(1)"})
    run_of(world, version=publish(world.workspace, team))
    assert "'=HYPERLINK(1)" in page.get(f"{LIST}csv/").content.decode()


def test_the_palette_finds_runs(world: World) -> None:
    run = run_of(world, "failed")
    assert [hit.title for hit in search(world.viewer, "support")] == [f"Support desk {run.short_id}"]
    assert [hit.href for hit in search(world.viewer, run.short_id)] == [f"{LIST}{run.pk}/"]
    assert list(search(world.stranger, "support")) == []
