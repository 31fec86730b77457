"""The list of teams, new ones by hand, pattern and file, and what is done with a team as a whole."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.actions.teams import create_team, rename_team, save_draft
from agents.formats.team_file import parse
from agents.models import Agent, Team, Tool
from agents.presets.registry import presets
from agents.topology.graph import Edge
from runs.models import Run
from tests.agents.pages import HTMX, text, url
from tests.runs.factory import Script
from tests.runs.scenes import at_the_gate, done
from tests.world import World, signed_in

BROKEN = """\
format: troupe.team/v1
name: Broken
agents:
  reader: {name: Reader, roel: typo, model: {endpoint: rehearsal, model: rehearsal}}
graph:
  nodes:
    - {id: Input, kind: input}
"""


@pytest.fixture
def designer(world: World) -> Client:
    return signed_in(world.designer)


def names(response: Any) -> list[str]:
    """The teams that a page shows, in its order."""
    return [card.team.name for card in response.context["cards"]]


# ── the list ────────────────────────────────────────────────────────────────────────────────────────
def test_the_list_shows_each_team_with_its_version_pattern_and_drawing(
    world: World, designer: Client
) -> None:
    page = designer.get(url(world, "teams"))
    assert set(names(page)) == {"Blog pipeline", "Support triage", "Market brief"}
    said = text(page)
    assert "Sequential pipeline" in said
    assert "Never run" in said
    assert said.count('class="thumb"') == 3 + len(presets())  # one for each team and each pattern


def test_viewers_see_teams_but_nothing_they_may_not_do(world: World) -> None:
    said = text(signed_in(world.viewer).get(url(world, "teams")))
    assert "Blog pipeline" in said
    for word in ("Start from a pattern", "New team", "Duplicate", "Archive", "Rename", ">Run<"):
        assert word not in said


def test_an_empty_workspace_teaches_what_a_team_is(world: World) -> None:
    said = text(signed_in(world.stranger).get(reverse("teams", args=[world.stranger.workspace.slug])))
    assert "No team yet" in said
    assert "Start from a pattern" in said


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("triage", ["Support triage"]),  # its name
        ("record_refund", ["Support triage"]),  # a tool of one of its agents
        ("billing spec", ["Support triage"]),  # one of its agents
        ("nothing of the kind", []),
    ],
)
def test_search_finds_teams_by_name_agent_and_tool(
    world: World, designer: Client, word: str, found: list[str]
) -> None:
    page = designer.get(url(world, "teams"), {"q": word})
    assert names(page) == found
    assert found or "No team fits these filters" in text(page)


def test_filters_and_order_stand_in_the_address(world: World, designer: Client) -> None:
    create_team(actor=world.designer, name="Aardvark")
    newest = designer.get(url(world, "teams"), {"sort": "new"})
    assert names(newest)[0] == "Aardvark"
    by_name = designer.get(url(world, "teams"), {"sort": "name", "pattern": "Router", "view": "list"})
    assert names(by_name) == ["Support triage"]
    assert "teams-table" in text(by_name)
    fragment = designer.get(url(world, "teams"), {"q": "blog"}, headers=HTMX)
    assert text(fragment).lstrip("\n").startswith("\n<section") or "<html" not in text(fragment)


def test_a_card_tells_how_its_runs_went(world: World, designer: Client) -> None:
    for _ in range(2):
        done(Script(world.workspace, world.owner.user)).commit()
    waiting = at_the_gate(Script(world.workspace, world.owner.user)).commit()
    Run.objects.filter(pk=waiting.pk).update(created_at=timezone.now() + timedelta(minutes=1))
    page = designer.get(url(world, "teams"), {"run": "waiting"})
    [card] = page.context["cards"]
    assert card.team.name == "Support desk"
    assert card.last.run == waiting.pk
    assert card.last.runs == 3
    assert card.cost_words.startswith("$")
    assert card.time_words
    assert "3 runs" in text(page)
    never = designer.get(url(world, "teams"), {"run": "never", "sort": "name"})
    assert names(never) == ["Blog pipeline", "Market brief", "Support triage"]


def test_a_card_marks_unpublished_changes_and_counts_problems(world: World, designer: Client) -> None:
    team = world.team()
    graph = team.parsed_draft()
    loose = graph.model_copy(
        update={"edges": [*graph.edges[1:], Edge(id="x", source="input", target="gone")]}
    )
    save_draft(actor=world.designer, team=team, graph=loose, revision=team.draft_revision)
    page = designer.get(url(world, "teams"), {"q": "blog"})
    [card] = page.context["cards"]
    assert "draft v2" in text(page)
    assert len(card.problems) >= 2
    assert f"{len(card.problems)} problems" in text(page)


# ── new teams ───────────────────────────────────────────────────────────────────────────────────────
def test_a_pattern_makes_a_team_and_opens_it(world: World, designer: Client) -> None:
    answer = designer.post(url(world, "team_new"), {"start": "one_agent"})
    team = Team.objects.get(workspace=world.workspace, name="Ask an assistant")
    assert answer["Location"] == url(world, "team_canvas", team.pk)
    assert team.pattern == "Single agent"


def test_a_blank_team_takes_the_name_it_is_given_or_a_free_one(world: World, designer: Client) -> None:
    designer.post(url(world, "team_new"), {"start": "blank", "name": "Mine"})
    for _ in range(2):
        answer = designer.post(url(world, "team_new"), {"start": "blank"}, headers=HTMX)
        assert answer["HX-Redirect"].startswith("/w/acme/teams/")
    made = Team.objects.filter(workspace=world.workspace, pattern="").values_list("name", flat=True)
    assert set(made) == {"Mine", "Untitled team", "Untitled team 2"}


def test_a_new_team_that_cannot_be_keeps_what_was_entered(world: World, designer: Client) -> None:
    answer = designer.post(url(world, "team_new"), {"start": "nothing", "name": "Kept"}, headers=HTMX)
    assert answer.status_code == 422
    assert 'value="Kept"' in text(answer)
    assert "<html" not in text(answer)
    whole = designer.post(url(world, "team_new"), {"name": "x" * 90})
    assert whole.status_code == 422
    assert "<html" in text(whole)
    assert not Team.objects.filter(name="Kept").exists()


# ── files ───────────────────────────────────────────────────────────────────────────────────────────
def exported(world: World, client: Client, team: Team, **query: str | int) -> str:
    answer = client.get(url(world, "team_export", team.pk), query)
    assert answer.status_code == 200
    return text(answer)


def test_every_problem_of_a_file_is_listed_with_its_line_and_nothing_is_saved(
    world: World, designer: Client
) -> None:
    answer = designer.post(url(world, "team_import"), {"text": BROKEN, "name": "Kept"}, headers=HTMX)
    assert answer.status_code == 422
    said = text(answer)
    assert "There is no field called roel." in said
    assert "line 4" in said
    assert "line 7" in said
    assert "name: Broken" in said  # what was pasted is still there
    assert 'value="Kept"' in said
    assert not Team.objects.filter(name__in=["Broken", "Kept"]).exists()
    assert not Agent.objects.filter(key="reader").exists()


def test_a_file_comes_in_and_the_report_says_what_became_of_each_name(world: World, designer: Client) -> None:
    source = exported(world, designer, world.team("Support triage"))
    changed = source.replace("Be exact with amounts", "Be very exact with amounts")
    upload = SimpleUploadedFile("triage.yaml", changed.encode())
    answer = designer.post(url(world, "team_import"), {"file": upload, "name": "Second desk"}, headers=HTMX)
    assert answer.status_code == 200
    said = text(answer)
    assert "Second desk" in said
    agents = {one["name"]: one["what"] for one in answer.context["agents"]}
    assert agents["triage_lead"] == "used again"
    assert agents["billing_specialist_2"] == "renamed"
    assert {one["what"] for one in answer.context["tools"]} == {"used again"}
    assert Team.objects.get(name="Second desk").current is None


def test_a_graph_with_problems_comes_in_only_as_a_draft(world: World, designer: Client) -> None:
    source = "format: troupe.team/v1\nname: Half\ngraph: {nodes: [{id: input, kind: input}]}\n"
    assert designer.post(url(world, "team_import"), {"text": source}).status_code == 422
    answer = designer.post(url(world, "team_import"), {"text": source, "as_draft": "on"})
    assert answer.status_code == 200
    assert "no output" in text(answer)
    assert Team.objects.filter(name="Half").exists()


def test_nothing_chosen_too_large_and_no_text_are_refused_in_words(world: World, designer: Client) -> None:
    nothing = designer.post(url(world, "team_import"), {"text": " "})
    assert "Choose a file, or paste its text." in text(nothing)
    large = SimpleUploadedFile("x.yaml", b"a" * 1_000_001)
    assert "larger than 1 MB" in text(designer.post(url(world, "team_import"), {"file": large}))
    binary = SimpleUploadedFile("x.yaml", b"\xff\xfe\x00")
    assert "not UTF-8" in text(designer.post(url(world, "team_import"), {"file": binary}))


def test_drafts_and_versions_leave_as_files_that_can_be_read_again(world: World, designer: Client) -> None:
    team = world.team()
    graph = team.parsed_draft()
    moved = graph.model_copy(update={"nodes": graph.nodes[:-1]})
    save_draft(actor=world.designer, team=team, graph=moved, revision=team.draft_revision)
    draft = parse(exported(world, designer, team))
    version = parse(exported(world, designer, team, version=1, format="json"))
    assert len(version.graph.nodes) == len(draft.graph.nodes) + 1
    assert set(draft.agents) <= set(version.agents)
    wanted: dict[str, str | int] = {"version": 1, "format": "json"}
    answer = designer.get(url(world, "team_export", team.pk), wanted)
    assert answer["Content-Disposition"] == 'attachment; filename="blog-pipeline-v1.json"'
    assert json.loads(answer.content)["format"] == "troupe.team/v1"


@pytest.mark.parametrize("query", [{"version": "2"}, {"version": "-1"}, {"version": "x"}, {"format": "exe"}])
def test_files_that_are_not_there(world: World, designer: Client, query: dict[str, str]) -> None:
    assert designer.get(url(world, "team_export", world.team().pk), query).status_code == 404


def test_versions_are_listed_with_who_published_them(world: World) -> None:
    said = text(signed_in(world.viewer).get(url(world, "team_versions", world.team().pk)))
    assert "Example" in said
    assert "by Olga" in said
    assert "version=1" in said


# ── a team as a whole ───────────────────────────────────────────────────────────────────────────────
def test_renaming_asks_in_a_dialog_and_refuses_what_is_no_name(world: World, designer: Client) -> None:
    team = world.team()
    asked = designer.get(url(world, "team_rename", team.pk), headers=HTMX)
    assert 'value="Blog pipeline"' in text(asked)
    assert "data-open" in text(asked)
    refused = designer.post(url(world, "team_rename", team.pk), {"name": " "}, headers=HTMX)
    assert refused.status_code == 422
    designer.post(url(world, "team_rename", team.pk), {"name": "Blog", "description": "a\r\nb"})
    team.refresh_from_db()
    assert (team.name, team.description) == ("Blog", "a\nb")


def test_duplicating_makes_a_draft_and_archiving_takes_it_out(world: World, designer: Client) -> None:
    team = world.team()
    designer.post(url(world, "team_duplicate", team.pk))
    copy = Team.objects.get(workspace=world.workspace, name="Blog pipeline copy")
    assert copy.draft == team.draft
    assert copy.current is None
    answer = designer.post(url(world, "team_delete", copy.pk), follow=True)
    assert "has been archived" in text(answer)
    assert "Blog pipeline copy" not in names(answer)
    assert designer.get(url(world, "team_versions", copy.pk)).status_code == 404
    assert Tool.objects.filter(workspace=world.workspace).exists()


def test_names_cannot_break_out_of_the_page(world: World, designer: Client) -> None:
    rename_team(actor=world.designer, team=world.team(), name="<script>alert(1)</script>")
    said = text(designer.get(url(world, "teams")))
    assert "<script>alert" not in said
    assert "&lt;script&gt;alert" in said
