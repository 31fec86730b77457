"""The page that forks a run, what pages say of forks, and a run as it was at one of its events."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from runs.actions.fork import Wanted, fork_run
from runs.models import Run, Tombstone
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, signed_in


@pytest.fixture
def parent(world: World) -> Run:
    return scenes.done(Script(world.workspace, world.owner.user)).commit()


@pytest.fixture
def browser(world: World) -> Client:
    return signed_in(world.designer)


def at(run: Run, name: str) -> str:
    return reverse(name, args=[run.workspace.slug, run.pk])


def sent(browser: Client, run: Run, **changed: Any) -> dict[str, Any]:
    """What a browser sends when nothing but `changed` was touched: a new line is two characters then."""
    form = browser.get(at(run, "run_fork")).context["form"]
    fields = [field for part in [form, *form.parts] for field in part]
    values = {field.html_name: field.value() for field in fields if field.value() is not None}
    data = {
        name: value.replace("\n", "\r\n") if isinstance(value, str) else value
        for name, value in values.items()
    }
    return data | {"effects": "live", "at": 9} | changed


def test_the_form_shows_what_would_be_kept_and_what_can_be_different(browser: Client, parent: Run) -> None:
    page = browser.get(at(parent, "run_fork") + "?at=9").content.decode()
    assert "After event 9" in page
    assert "Still to come" in page
    for title in ("Reply writer", "Policy checker", "Input"):
        assert title in page
    assert not re.search(r'name="effects"[^>]* checked', page), "how calls behave is never chosen for people"


def test_another_event_shows_another_cut_without_the_rest_of_the_page(browser: Client, parent: Run) -> None:
    part = browser.get(at(parent, "run_fork") + "?at=2", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="fork-cut"') or 'id="fork-cut"' in part
    assert "<html" not in part
    beyond = browser.get(at(parent, "run_fork") + "?at=99999", headers={"HX-Request": "true"})
    assert f"has the events 1 to {parent.seq}" in beyond.content.decode()


def test_an_untouched_form_forks_without_changes(browser: Client, parent: Run) -> None:
    answer = browser.post(at(parent, "run_fork"), sent(browser, parent))
    made = Run.objects.get(forked_from=parent)
    assert answer.status_code == 302
    assert answer["Location"] == at(made, "run")
    assert made.team_version == parent.team_version
    assert made.input_digest == parent.input_digest
    assert (made.fork_seq, made.effects) == (9, "live")


def test_what_was_typed_is_what_is_different(browser: Client, parent: Run) -> None:
    changed = {
        "agent-writer-instructions": "Write in verse.",
        "agent-writer-temperature": "0",
        "node-writer-description": "Write the reply, shorter.",
        "effects": "simulated",
        "cost": "0.5",
    }
    browser.post(at(parent, "run_fork"), sent(browser, parent, **changed))
    made = Run.objects.get(forked_from=parent)
    team = made.team_version.parsed()
    spec = team.agents["writer"].spec
    assert (spec.instructions, spec.parameters.temperature) == ("Write in verse.", 0)
    node = next(node for node in team.graph.nodes if node.id == "writer")
    assert node.config["task"] == {"description": "Write the reply, shorter."}
    assert (made.mode, str(made.cost_limit)) == ("simulated", "0.5000000000")
    assert team.agents["policy"] == parent.team_version.parsed().agents["policy"]


def test_a_second_click_forks_nothing_more(browser: Client, parent: Run) -> None:
    data = sent(browser, parent, key="0195f2c4-7f3c-7000-8000-000000000001")
    first, second = (browser.post(at(parent, "run_fork"), data) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Run.objects.filter(forked_from=parent).count() == 1


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"effects": ""}, 422, "Choose how its calls behave"),
        ({"effects": "perhaps"}, 422, "perhaps"),
        ({"at": ""}, 422, "required"),
        ({"at": "99999"}, 409, "there is no 99999"),
        ({"at": "-1"}, 422, "greater than or equal to 1"),
        ({"agent-writer-temperature": "9"}, 422, "less than or equal to 2"),
        ({"node-writer-description": "{{ nodes.nowhere.output }}"}, 422, "nowhere"),
    ],
)
def test_a_form_that_cannot_be_used_comes_back_with_its_reasons(
    browser: Client, parent: Run, wrong: dict[str, str], status: int, words: str
) -> None:
    answer = browser.post(at(parent, "run_fork"), sent(browser, parent) | wrong)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert not Run.objects.filter(forked_from=parent).exists()


def test_operators_fork_but_change_no_agent(world: World, parent: Run) -> None:
    browser = signed_in(world.operator)
    page = browser.get(at(parent, "run_fork")).content.decode()
    assert "takes a designer" in page
    assert "agent-writer-instructions" not in page
    browser.post(
        at(parent, "run_fork"), sent(browser, parent, **{"agent-writer-instructions": "Write in verse."})
    )
    assert Run.objects.get(forked_from=parent).team_version == parent.team_version


def test_a_fork_and_its_parent_link_to_each_other(world: World, browser: Client, parent: Run) -> None:
    wanted = Wanted(at=9, effects="recorded")
    made = fork_run(actor=world.owner, run=parent, wanted=wanted)
    mine, theirs = (browser.get(at(run, "run")).content.decode() for run in (made, parent))
    assert f"{at(parent, 'run')}?at=9" in mine
    assert "its calls answered as recorded" in mine
    assert at(made, "run") in theirs


def test_a_forks_log_content_and_events_are_one(world: World, browser: Client, parent: Run) -> None:
    made = fork_run(actor=world.owner, run=parent, wanted=Wanted(at=9, effects="live"))
    events = browser.get(at(made, "run_events")).json()
    assert [event["seq"] for event in events["events"]] == list(range(1, made.seq + 1))
    assert events["head"] == made.seq
    content = reverse("run_content", args=[made.workspace.slug, made.pk, parent.input_digest])
    assert browser.get(content).json() == scenes.TICKET
    assert browser.get(at(made, "run_cost")).json()["total"]["calls"] == 0


# ── a run as it was ─────────────────────────────────────────────────────────────────────────────────
def trace_in(page: str) -> dict[str, Any]:
    found = re.search(r'id="run-trace-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    trace: dict[str, Any] = json.loads(found[1])
    return trace


def test_a_run_can_be_seen_as_it_was(browser: Client, parent: Run) -> None:
    page = browser.get(at(parent, "run") + "?at=12").content.decode()
    assert re.search(rf"event <b[^>]*>12</b> of {parent.seq}", page)
    assert trace_in(page)["until"] == 12
    assert "?at=11" in page
    assert "?at=13" in page
    assert "data-run-page" not in page, "nothing of it is kept up to date"
    assert ">Stop<" not in page


@pytest.mark.parametrize("moment", ["0", "-1", "x", "1e3", "99999", "9999999999999999999999", "²"])
def test_a_moment_that_never_was_is_now(browser: Client, parent: Run, moment: str) -> None:
    page = browser.get(at(parent, "run"), {"at": moment}).content.decode()
    assert trace_in(page)["until"] == 0


def test_viewers_are_offered_no_fork(world: World, parent: Run) -> None:
    page = signed_in(world.viewer).get(at(parent, "run")).content.decode()
    assert at(parent, "run_fork") not in page


# ── deleting ────────────────────────────────────────────────────────────────────────────────────────
def test_an_admin_deletes_a_run_that_is_over(world: World, parent: Run) -> None:
    browser = signed_in(world.admin)
    assert at(parent, "run_delete") in browser.get(at(parent, "run")).content.decode()
    answer = browser.post(at(parent, "run_delete"), follow=True)
    assert "is deleted" in answer.content.decode()
    assert Tombstone.objects.get().run == parent.pk


def test_a_run_that_others_begin_with_is_kept_and_says_why(world: World, parent: Run) -> None:
    fork_run(actor=world.owner, run=parent, wanted=Wanted(at=9, effects="live"))
    answer = signed_in(world.admin).post(at(parent, "run_delete"), follow=True)
    assert "1 fork begins with events of this run" in answer.content.decode()
    assert Run.objects.filter(pk=parent.pk).exists()
