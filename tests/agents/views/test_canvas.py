"""The canvas' page and data, and saving, checking and publishing over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from agents.actions.teams import create_team, save_draft
from agents.models import Team
from agents.topology.graph import Graph, dump
from agents.topology.registry import kinds
from studio.web.icons import names as icon_names
from studio.workspaces.access import Member
from tests.world import World, signed_in

pytestmark = pytest.mark.django_db


def url(world: World, team: Team, verb: str = "") -> str:
    return f"/w/{world.workspace.slug}/teams/{team.pk}/" + (f"{verb}/" if verb else "")


def post(member: Member, address: str, body: Any) -> Any:
    return signed_in(member).post(address, json.dumps(body), content_type="application/json")


def data(world: World, member: Member, team: Team) -> dict[str, Any]:
    answer = signed_in(member).get(url(world, team, "graph"))
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def graph_of(team: Team) -> dict[str, Any]:
    return dump(team.parsed_draft())


# ── page and data ───────────────────────────────────────────────────────────────────────────────────
def test_the_page_says_where_its_data_is(world: World) -> None:
    team = world.team()
    page = signed_in(world.viewer).get(url(world, team))
    assert page.status_code == 200
    assert f'data-source="{url(world, team, "graph")}"' in page.content.decode()


def test_the_data_holds_everything_the_canvas_draws(world: World) -> None:
    team = world.team("Support triage")
    found = data(world, world.designer, team)
    assert found["team"]["name"] == "Support triage"
    assert found["team"]["version"] == 1
    assert found["team"]["changed"] is False
    assert found["graph"] == graph_of(team)
    assert [kind["name"] for kind in found["kinds"]] == list(kinds())
    assert {agent["key"] for agent in found["agents"]} >= {"writer", "editor"}
    assert {tool["name"] for tool in found["tools"]} >= {"calculator"}
    assert {"endpoint", "model", "price"} == set(found["models"][0])
    assert found["problems"] == []
    assert found["patterns"]
    assert found["csrf"]


def test_what_a_configuration_leaves_out_is_told_by_the_kind(world: World) -> None:
    facts = {kind["name"]: kind for kind in data(world, world.viewer, world.team())["kinds"]}
    assert "properties" in facts["input"]["defaults"]["schema"]


def test_every_icon_the_canvas_is_told_of_is_in_the_sprite(world: World) -> None:
    found = data(world, world.viewer, world.team())
    used = {item["icon"] for part in ("kinds", "tools", "patterns") for item in found[part]}
    assert used <= icon_names(), f"add to static/icons.json: {sorted(used - icon_names())}"


def test_a_viewer_may_look_and_not_launch_or_edit(world: World) -> None:
    found = data(world, world.viewer, world.team())
    assert found["can_edit"] is False
    assert found["urls"]["launch"] == ""
    assert data(world, world.designer, world.team())["can_edit"] is True


def test_nobody_else_sees_it(world: World) -> None:
    team = world.team()
    for verb in ("", "graph"):
        assert signed_in(world.stranger).get(url(world, team, verb)).status_code == 404
        assert Client().get(url(world, team, verb)).status_code == 302


# ── saving ──────────────────────────────────────────────────────────────────────────────────────────
def test_saving_stores_graph_and_name_and_gives_the_next_revision(world: World) -> None:
    team = world.team()
    graph = graph_of(team)
    graph["nodes"][1]["name"] = "Reading"
    body = {"revision": team.draft_revision, "graph": graph, "name": "Blog"}
    answer = post(world.designer, url(world, team, "save"), body)
    assert answer.status_code == 200
    assert answer.json()["revision"] == team.draft_revision + 1
    saved = Team.objects.get(pk=team.pk)
    assert saved.name == "Blog"
    assert saved.parsed_draft().nodes[1].name == "Reading"
    assert data(world, world.designer, saved)["team"]["changed"] is True


def test_a_draft_with_problems_is_saved_and_they_are_told(world: World) -> None:
    team = world.team()
    body = {
        "revision": team.draft_revision,
        "graph": {"nodes": [{"id": "a", "kind": "agent"}]},
        "name": team.name,
    }
    answer = post(world.designer, url(world, team, "save"), body)
    assert answer.status_code == 200
    assert {problem["code"] for problem in answer.json()["problems"]} >= {"graph.no_input", "graph.no_output"}
    assert [node.id for node in Team.objects.get(pk=team.pk).parsed_draft().nodes] == ["a"]


def test_who_saves_second_is_told_who_was_faster_and_overwrites_nothing(world: World) -> None:
    team = world.team()
    theirs = graph_of(team)
    theirs["nodes"][1]["name"] = "Theirs"
    save_draft(actor=world.admin, team=team, graph=Graph.model_validate(theirs), revision=team.draft_revision)
    mine = {"revision": team.draft_revision, "graph": graph_of(team), "name": "Mine"}
    answer = post(world.designer, url(world, team, "save"), mine)
    assert answer.status_code == 409
    told = answer.json()
    assert told["saved_by"] == str(world.admin.user)
    assert told["revision"] == team.draft_revision + 1
    assert told["graph"]["nodes"][1]["name"] == "Theirs"
    after = Team.objects.get(pk=team.pk)
    assert (after.name, after.parsed_draft().nodes[1].name) == (team.name, "Theirs")


@pytest.mark.parametrize(
    ("body", "field", "node"),
    [
        (b"not json", "", None),
        (b"[]", "", None),
        (b'{"revision": 1}', "graph", None),
        (
            b'{"revision": 1, "graph": {"nodes": [{"id": "a", "kind": "agent", "name": 3}]}}',
            "graph.nodes[0].name",
            "a",
        ),
        (b'{"revision": 1, "graph": {"nodes": [7]}}', "graph.nodes[0]", None),
        (b'{"revision": 1, "graph": {"nodes": 7}}', "graph.nodes", None),
    ],
)
def test_what_is_no_graph_is_refused_with_its_place(
    world: World, body: bytes, field: str, node: str | None
) -> None:
    team = world.team()
    answer = signed_in(world.designer).post(url(world, team, "save"), body, content_type="application/json")
    assert answer.status_code == 422
    (problem, *_) = answer.json()["problems"]
    assert (problem["field"], problem["node"]) == (field, node)
    assert problem["message"]
    assert Team.objects.get(pk=team.pk).draft == team.draft


def test_text_that_the_database_cannot_hold_is_saved_or_refused_with_a_sentence(world: World) -> None:
    team = create_team(actor=world.designer, name="Odd")
    graph = {"nodes": [{"id": "a", "kind": "agent", "config": {"task": {"description": "nul \u0000 here"}}}]}
    answer = post(world.designer, url(world, team, "save"), {"revision": 1, "graph": graph, "name": "Odd"})
    assert answer.status_code in {200, 422}


# ── checking and publishing ─────────────────────────────────────────────────────────────────────────
def test_checking_stores_nothing(world: World) -> None:
    team = world.team()
    answer = post(world.designer, url(world, team, "validate"), {"graph": {"nodes": []}})
    assert answer.status_code == 200
    assert {problem["code"] for problem in answer.json()["problems"]} == {"graph.no_input", "graph.no_output"}
    assert Team.objects.get(pk=team.pk).draft == team.draft


def test_publishing_makes_the_next_version(world: World) -> None:
    team = world.team()
    graph = graph_of(team)
    graph["nodes"][1]["name"] = "Reading"
    revision = post(
        world.designer,
        url(world, team, "save"),
        {"revision": team.draft_revision, "graph": graph, "name": ""},
    ).json()["revision"]
    answer = post(world.designer, url(world, team, "publish"), {"revision": revision, "note": "Renamed"})
    assert (answer.status_code, answer.json()) == (200, {"version": 2})
    current = Team.objects.get(pk=team.pk).current
    assert current is not None
    assert current.note == "Renamed"


def test_a_team_with_problems_is_not_published(world: World) -> None:
    team = create_team(actor=world.designer, name="New")
    answer = post(world.designer, url(world, team, "publish"), {"revision": 1, "note": ""})
    assert answer.status_code == 422
    assert answer.json()["problems"]
    assert team.versions.count() == 0


def test_what_was_changed_meanwhile_is_not_published(world: World) -> None:
    team = world.team()
    answer = post(
        world.designer, url(world, team, "publish"), {"revision": team.draft_revision - 1, "note": ""}
    )
    assert answer.status_code == 409


@pytest.mark.parametrize("verb", ["save", "validate", "publish"])
def test_only_designers_change_teams(world: World, verb: str) -> None:
    team = world.team()
    body = {"revision": team.draft_revision, "graph": graph_of(team)}
    answers: dict[str, HttpResponse] = {
        name: post(member, url(world, team, verb), body)
        for name, member in (
            ("viewer", world.viewer),
            ("operator", world.operator),
            ("stranger", world.stranger),
        )
    }
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "viewer": 403,
        "operator": 403,
        "stranger": 404,
    }
    assert signed_in(world.designer).get(url(world, team, verb)).status_code == 405
