"""A run's page with its sub-teams: they lead to each other, and its figures are those of all of them."""

from __future__ import annotations

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client

from runs.figures.of_teams import typical
from runs.figures.totals import Totals, families_of_runs, total
from runs.models import Event, LedgerEntry, Run
from studio.web.figures import money
from tests.runs.scene_of_subteams import FamilyScene
from tests.world import World, bearer, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(world: World) -> Client:
    return signed_in(world.operator)


@pytest.fixture
def scene(world: World) -> FamilyScene:
    return FamilyScene(world.workspace, world.owner.user)


def at(run: Run, what: str = "") -> str:
    return f"/w/acme/runs/{run.pk}/{what}"


def html(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:500]
    return unescape(answer.content.decode())


def ledger(*runs: Run) -> Totals:
    return total(LedgerEntry.objects.filter(run__in=runs))


def family(scene: FamilyScene) -> list[Run]:
    return [scene.parent.run, scene.research.run, scene.numbers.run, scene.sources.run]


# ── what is listed ──────────────────────────────────────────────────────────────────────────────────
def test_sub_teams_are_listed_before_their_runs_are_there(page: Client, scene: FamilyScene) -> None:
    run = scene.begin().run()
    text = html(page, at(run, "live/"))
    wanted = run.child_runs.values_list("child", flat=True)
    assert "2 sub-teams" in text
    assert "Check the numbers" in text
    assert all(str(child) in text.split('data-watched="')[1].split('"')[0] for child in wanted)


def test_a_parent_lists_its_sub_teams_with_state_cost_and_a_link(page: Client, scene: FamilyScene) -> None:
    run = scene.at_work().run()
    text = html(page, at(run, "live/"))
    for child in (scene.research.run, scene.numbers.run):
        assert f'href="{at(child)}"' in text
    assert f'href="{at(scene.sources.run)}"' not in text
    assert "3 sub-teams" in text
    assert money(ledger(scene.research.run, scene.sources.run).real) in text
    assert str(scene.sources.run.pk) in text, "its moves change the figures, too"


def test_a_sub_team_that_ended_is_watched_no_more_and_shows_its_state(
    page: Client, scene: FamilyScene
) -> None:
    run = scene.finished().run()
    listed = html(page, at(run, "live/")).split('id="run-subteams"')[1]
    assert 'data-watched=""' in listed
    assert listed.count("s-done") >= 2
    assert "s-running" not in listed


def test_a_sub_team_leads_back_to_the_node_it_works_for(page: Client, scene: FamilyScene) -> None:
    run = scene.at_work().run()
    text = html(page, at(scene.research.run))
    assert "Sub-team of run" in text
    assert f'href="{at(run)}?select=node:research"' in text
    assert "node Research" in text
    assert "Sub-team of run" not in html(page, at(run))


def test_a_deleted_sub_team_is_not_listed(world: World, page: Client, scene: FamilyScene) -> None:
    run = scene.finished().run()
    assert signed_in(world.admin).post(at(scene.numbers.run, "delete/")).status_code == 302
    text = html(page, at(run, "live/"))
    assert str(scene.numbers.run.pk) not in text
    assert Decimal(page.get(at(run, "cost/")).json()["total"]["cost"]) == ledger(*family(scene)).real


def test_nobody_else_sees_a_sub_team(world: World, scene: FamilyScene) -> None:
    scene.at_work()
    assert signed_in(world.stranger).get(at(scene.research.run)).status_code == 404


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("stage", ["at_work", "finished"])
def test_the_parents_figures_are_the_ledgers_over_all(page: Client, scene: FamilyScene, stage: str) -> None:
    getattr(scene, stage)()
    sums = ledger(*family(scene))
    text = html(page, at(scene.run(), "live/"))
    assert sums.real > ledger(scene.parent.run).real
    assert money(sums.real) in text
    for count in (sums.tokens, sums.fresh_input_tokens, sums.cached_tokens, sums.answer_tokens):
        assert f"{count:,}" in text
    assert f"{sums.calls + (stage == 'at_work')} model" in text


def test_the_parts_of_the_costs_add_up_to_the_whole(page: Client, scene: FamilyScene) -> None:
    run = scene.finished().run()
    costs = page.get(at(run, "cost/")).json()
    sums = ledger(*family(scene))
    assert Decimal(costs["total"]["cost"]) == sums.real
    for groups in ("agents", "models", "nodes"):
        assert added(costs[groups]) == (sums.real, sums.calls, sums.tokens), groups
    assert added([costs["own"], *costs["parts"]]) == (sums.real, sums.calls, sums.tokens)
    by_node = {group["key"][0]: group for group in costs["nodes"]}
    inside = ledger(scene.research.run, scene.sources.run)
    assert Decimal(by_node["research"]["cost"]) == inside.real
    assert [(part["title"], part["status"]) for part in costs["parts"]] == [
        ("Market research", "done"),
        ("Number check", "done"),
    ]


def added(groups: list[dict[str, Any]]) -> tuple[Decimal, int, int]:
    return (
        sum((Decimal(group["cost"]) for group in groups), Decimal(0)),
        sum(group["calls"] for group in groups),
        sum(group["input"] + group["output"] for group in groups),
    )


def test_what_a_sub_team_reserves_is_reserved_on_the_parents_page(page: Client, scene: FamilyScene) -> None:
    run = scene.at_work().run()
    assert "+ $0.0040 reserved" in html(page, at(run, "live/"))
    assert page.get(at(run, "cost/")).json()["reserved"] == "0.004"


def test_lists_show_each_runs_own_cost_and_that_of_its_sub_teams_beside(
    page: Client, scene: FamilyScene
) -> None:
    run = scene.finished().run()
    row = html(page, "/w/acme/runs/").split(f'id="run-{run.pk}"')[1].split("</tr>")[0]
    below = ledger(*family(scene)[1:])
    assert f"+ {money(below.real)}" in row
    assert money(ledger(run).real) in row


def test_families_are_found_at_any_depth_in_a_few_queries(
    scene: FamilyScene, django_assert_max_num_queries: Any
) -> None:
    scene.at_work()
    with django_assert_max_num_queries(3):
        found = families_of_runs([scene.parent.run.pk, scene.research.run.pk])
    assert set(found[scene.parent.run.pk].members) == {run.pk for run in family(scene)}
    assert found[scene.research.run.pk].sub_teams == 1
    assert found[scene.parent.run.pk].totals == ledger(*family(scene))
    assert found[scene.parent.run.pk].own == ledger(scene.parent.run)


def test_what_a_team_typically_costs_includes_its_sub_teams(scene: FamilyScene) -> None:
    run = scene.finished().run()
    found = typical([run.team_version.team_id])[run.team_version.team_id]
    assert found.cost == (ledger(*family(scene)).real,) * 2


# ── the API and the list as a file ──────────────────────────────────────────────────────────────────
def test_the_api_tells_a_runs_own_totals_from_those_with_its_sub_teams(
    world: World, scene: FamilyScene
) -> None:
    api, token = Client(), bearer(world.operator)
    run = scene.finished().run()
    found = api.get(f"/api/v1/runs/{run.pk}", headers=token).json()
    sums, own = ledger(*family(scene)), ledger(run)
    assert Decimal(found["totals"]["cost"]) == own.real
    assert Decimal(found["totals_with_sub_teams"]["cost"]) == sums.real
    assert found["totals_with_sub_teams"]["calls"] == sums.calls
    assert found["sub_teams"] == 3
    assert [(child["node"], child["status"]) for child in found["children"]] == [
        ("research", "done"),
        ("numbers", "done"),
    ]
    child = api.get(f"/api/v1/runs/{scene.research.run.pk}", headers=token).json()
    assert child["parent"] == {"run": str(run.pk), "node": "research"}
    assert found["parent"] is None


def test_the_list_as_a_file_counts_nothing_twice(page: Client, scene: FamilyScene) -> None:
    run = scene.finished().run()
    body = page.get("/w/acme/runs/csv/").content.decode()
    head, *rows = [line.split(",") for line in body.strip().splitlines()]
    own, whole, parent = (head.index(name) for name in ("cost usd", "cost with sub-teams usd", "sub-team of"))
    assert sum((Decimal(row[own]) for row in rows), Decimal(0)) == ledger(*family(scene)).real
    (mine,) = [row for row in rows if row[0] == str(run.pk)]
    assert Decimal(mine[whole]) == ledger(*family(scene)).real
    assert mine[parent] == ""
    assert {row[parent] for row in rows if row is not mine} == {str(run.pk), str(scene.research.run.pk)}


# ── its limits ──────────────────────────────────────────────────────────────────────────────────────
def test_a_sub_team_at_its_limit_says_how_far_it_can_be_raised(page: Client, scene: FamilyScene) -> None:
    child = scene.at_its_limit().numbers
    text = html(page, at(child.run))
    assert "which has $0.06 left for it" in text
    assert 'value="0.06' in text  # twice what it was
    refused = page.post(at(child.run, "limits/"), {"cost": ""})
    assert (refused.status_code, "This field is required" in refused.content.decode()) == (422, True)
    answer = page.post(at(child.run, "limits/"), {"cost": "0.07"}, follow=True)
    assert "has $0.06 left for it. Enter at most that, or raise the cost limit of run" in unescape(
        answer.content.decode()
    )
    page.post(at(child.run, "limits/"), {"cost": "0.05"})
    assert html(page, at(scene.parent.run)).count("Stopped at a limit") == 0
    held = Event.objects.get(run=scene.parent.run, type="ChildLimitsRaised")
    assert '"cost_limit":"0.05"' in held.body
