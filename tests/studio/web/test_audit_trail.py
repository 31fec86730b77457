"""The audit trail in sentences: every verb has words, and nothing of it is lost or made up."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from agents.actions.teams import publish, rename_team
from studio import audit
from studio.audit import AuditEntry
from studio.web import audit_words
from studio.workspaces.access import Role
from studio.workspaces.actions import invite
from tests.world import World, signed_in

VERB = re.compile(r'"([a-z]+\.[a-z_]+)"')
DECISIONS = {"approve", "edit", "reject", "retry", "done", "abort", "send_back"}


def recorded_verbs() -> set[str]:
    found = {f"approval.{decision}" for decision in DECISIONS}
    for room in ("studio", "agents", "runs"):
        for path in (settings.BASE_DIR / room).rglob("*.py"):
            for call in re.findall(r"audit\.record\((.*?)\)\n", path.read_text(), re.DOTALL):
                found |= set(VERB.findall(call))
    return found


def test_every_verb_has_words_and_every_word_a_verb() -> None:
    assert recorded_verbs() == set(audit_words.SENTENCES)


def page(world: World, query: str = "") -> str:
    """The words of the entries, without the filters."""
    path = f"/w/{world.workspace.slug}/settings/audit/{query}"
    answer = signed_in(world.admin).get(path, headers={"HX-Request": "true"})
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


@pytest.mark.django_db
def test_deeds_read_as_sentences(world: World) -> None:
    rename_team(actor=world.designer, team=world.team(), name="News desk")
    publish(actor=world.designer, team=world.team("News desk"))
    invite(actor=world.admin, email="new@example.org", role=Role.VIEWER)
    words = page(world)
    assert "Designer renamed a team to News desk from Blog pipeline" in words
    assert "Designer published the team News desk as version 2" in words
    assert "Admin invited new@example.org to Acme as Viewer" in words


@pytest.mark.django_db
def test_filters_narrow_by_person_and_deed(world: World) -> None:
    invite(actor=world.admin, email="new@example.org", role=Role.VIEWER)
    mine = page(world, f"?who={world.admin.user.pk}")
    assert "new@example.org" in mine
    assert "made the workspace" not in mine
    assert "made the workspace" in page(world)
    assert "No entry fits" in page(world, f"?who={world.admin.user.pk}&what=team.published")
    assert "new@example.org" in page(world, "?who=nonsense&what=invitation.created")
    assert "No entry fits" in page(world, "?what=%00")


@pytest.mark.django_db
def test_an_entry_nobody_foresaw_is_shown_all_the_same(world: World) -> None:
    audit.record(world.owner, "team.juggled", world.team(), hands={"x": [1]})
    assert "team juggled" in page(world)


@pytest.mark.django_db
def test_what_an_entry_says_is_text_and_no_template(world: World) -> None:
    audit.record(world.owner, "run.cancelled", world.team(), reason="{reason} {0} <script>alert(1)</script>")
    answer = signed_in(world.admin).get(f"/w/{world.workspace.slug}/settings/audit/").content.decode()
    assert "because: {reason} {0} &lt;script&gt;" in answer


@pytest.mark.django_db
def test_autosaves_of_one_person_are_one_line(world: World) -> None:
    for revision in range(5):
        audit.record(world.designer, "team.draft_saved", world.team(), revision=revision)
    entries = AuditEntry.objects.filter(workspace=world.workspace).select_related("actor")
    first = next(audit_words.lines(entries, world.workspace.slug))
    assert (first.did, first.times) == ("edited the team", 5)


@pytest.mark.django_db
def test_long_trails_have_pages(world: World) -> None:
    for _ in range(60):
        audit.record(world.owner, "endpoint.probed", world.endpoint())
    assert "1–50 of" in page(world)
    assert "51–" in page(world, "?page=2")
