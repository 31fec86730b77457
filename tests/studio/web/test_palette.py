"""Find anything: teams, agents, tools, models, runs, decisions, settings and actions, for those who may."""

from __future__ import annotations

import re

import pytest

from studio.workspaces.access import Member
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, signed_in

pytestmark = pytest.mark.django_db
HIT = re.compile(
    r'role="option"[^>]*href="([^"]+)"[^>]*>.*?<span class="flex-1[^"]*">([^<]+)</span>', re.DOTALL
)


def found(member: Member, text: str) -> dict[str, str]:
    """Titles and addresses of what the palette shows."""
    path = f"/w/{member.workspace.slug}/search/"
    answer = signed_in(member).get(path, {"q": text}, headers={"HX-Request": "true"}).content.decode()
    return {title: href for href, title in HIT.findall(answer)}


def test_teams_agents_tools_and_models_are_found_by_name(world: World) -> None:
    assert found(world.viewer, "blog")["Blog pipeline"].endswith(f"/teams/{world.team().pk}/")
    assert found(world.viewer, "writ")["Writer"].endswith(f"/agents/{world.agent().pk}/")
    assert found(world.viewer, "calcul")["calculator"].endswith(f"/tools/{world.tool().pk}/")
    assert found(world.viewer, "rehearsal-plain")["rehearsal"].endswith(f"/models/{world.endpoint().pk}/")


def test_every_hit_leads_somewhere(world: World) -> None:
    client = signed_in(world.owner)
    for text in ("", "e"):
        for title, href in found(world.owner, text).items():
            assert client.get(href).status_code == 200, title


def test_runs_are_found_by_id_and_team_and_decisions_by_title(world: World) -> None:
    script = Script(world.workspace, world.owner.user)
    scenes.at_the_gate(script)
    run = script.commit()
    hits = found(world.viewer, run.short_id)
    assert hits[f"Support desk {run.short_id}"].endswith(f"/runs/{run.pk}/")
    assert "/approvals/" in found(world.viewer, "send this reply")["Send this reply to the customer?"]


def test_actions_are_for_those_who_may(world: World) -> None:
    assert "New team" in found(world.designer, "new team")
    assert "New team" not in found(world.viewer, "new team")
    assert "Launch Blog pipeline" in found(world.operator, "blog")
    assert "Launch Blog pipeline" not in found(world.viewer, "blog")
    assert "Settings: audit trail" in found(world.admin, "audit")
    assert found(world.designer, "audit") == {}


def test_nothing_of_another_workspace_is_found(world: World) -> None:
    script = Script(world.workspace, world.owner.user)
    run = scenes.done(script).commit()
    for text in ("blog", "writer", "calculator", run.short_id, str(run.pk)):
        assert found(world.stranger, text) == {}, text


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "\x00", "r-", "x" * 5000])
def test_odd_texts_do_no_harm(world: World, text: str) -> None:
    assert isinstance(found(world.owner, text), dict)
