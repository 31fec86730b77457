"""The page that forks a run, what pages say of forks, and a run as it was at one of its events."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from runs.actions.fork import Wanted, fork_run
from runs.models import Blob, Run, Tombstone
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
    assert chosen(page, "effects") == ["recorded"], "it has ended: nothing has to be paid or done twice"


def chosen(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([a-z_]*)" checked', page)


def test_how_the_calls_of_a_run_at_work_shall_behave_is_for_people_to_say(
    world: World, browser: Client
) -> None:
    run = scenes.at_the_gate(Script(world.workspace, world.owner.user)).commit()
    assert chosen(browser.get(at(run, "run_fork")).content.decode(), "effects") == []


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────
def asking(run: Run, kind: str) -> int:
    """The event with which the run asks something of this kind."""
    asked = run.log.filter(type="ApprovalRequested", body__contains=f'"kind":"{kind}"').order_by("seq")
    return asked.values_list("seq", flat=True)[0]


def answered(browser: Client, run: Run, seq: int, **given: str) -> dict[str, Any]:
    """The form as sent with `given` for the one thing that is asked there."""
    form = browser.get(at(run, "run_fork") + f"?at={seq}").context["form"]
    (part,) = form.answers
    named = {f"{part.prefix}-{name}": value for name, value in given.items()}
    return sent(browser, run, at=seq) | named


def test_what_is_asked_there_can_be_answered_and_each_choice_is_explained(
    browser: Client, parent: Run
) -> None:
    seq = asking(parent, "gate")
    page = browser.get(at(parent, "run_fork") + f"?at={seq}").content.decode()
    assert "What it asks" in page
    for words in ("It goes on with what was asked", "It is not done; your comment is the reason"):
        assert words in page
    assert "What it asks" not in browser.get(at(parent, "run_fork") + "?at=2").content.decode()
    part = browser.get(at(parent, "run_fork") + f"?at={seq}", headers={"HX-Request": "true"})
    assert "What it asks" in part.content.decode()


def test_an_answer_is_given_with_the_fork(browser: Client, parent: Run) -> None:
    seq = asking(parent, "gate")
    browser.post(
        at(parent, "run_fork"), answered(browser, parent, seq, decision="reject", comment="Too curt.")
    )
    made = Run.objects.get(forked_from=parent)
    asked = made.approvals.get(path="gate")
    assert (asked.status, asked.comment) == ("rejected", "Too curt.")


def test_what_is_not_answered_is_asked_again(browser: Client, parent: Run) -> None:
    browser.post(at(parent, "run_fork"), answered(browser, parent, asking(parent, "gate")))
    assert Run.objects.get(forked_from=parent).approvals.get(path="gate").status == "pending"


def test_an_answer_without_its_reason_forks_nothing_and_keeps_what_was_chosen(
    browser: Client, parent: Run
) -> None:
    data = answered(browser, parent, asking(parent, "gate"), decision="reject")
    answer = browser.post(at(parent, "run_fork"), data)
    assert answer.status_code == 422
    assert "Say why you reject it." in answer.content.decode()
    assert 'value="reject" checked' in answer.content.decode()
    assert not Run.objects.filter(forked_from=parent).exists()


def test_a_changed_value_goes_on_in_the_fork(browser: Client, parent: Run) -> None:
    seq = asking(parent, "tool")
    form = browser.get(at(parent, "run_fork") + f"?at={seq}").context["form"]
    (part,) = [one for one in form.answers if one.asked.approval.kind == "tool"]
    values = {field.html_name: field.value() for field in part.values}
    values |= {f"{part.prefix}-decision": "edit"}
    same = browser.post(at(parent, "run_fork"), sent(browser, parent, at=seq) | values)
    assert "Nothing was changed." in same.content.decode()
    values[f"{part.prefix}-value-amount"] = "12"
    assert browser.post(at(parent, "run_fork"), sent(browser, parent, at=seq) | values).status_code == 302
    assert Run.objects.get(forked_from=parent).approvals.get(path=part.asked.approval.path).status == "edited"


def test_a_question_is_answered_with_its_own_form(world: World, browser: Client) -> None:
    script = Script(world.workspace, world.owner.user)
    scenes.opening(script).node("gate")
    schema = {"type": "object", "properties": {"when": {"type": "string"}}, "required": ["when"]}
    subject = {"question": "When?", "schema": schema}
    run = script.request_approval("gate", "when", "question", "When shall it go out?", subject).commit()
    missing = browser.post(at(run, "run_fork"), answered(browser, run, run.seq, decision="answer"))
    assert missing.status_code == 422
    given = {"decision": "answer", "value-when": "On Monday"}
    assert browser.post(at(run, "run_fork"), answered(browser, run, run.seq, **given)).status_code == 302
    made = Run.objects.get(forked_from=run)
    asked = made.approvals.get(path="gate")
    assert asked.status == "edited"
    body = made.events.get(type="ApprovalDecided").body
    (digest,) = [value for value in json.loads(body).values() if value == asked.edited_digest]
    assert "On Monday" in Blob.objects.get(workspace=world.workspace, digest=digest).content


def test_whoever_forks_cannot_answer_what_the_launcher_may_not(world: World, browser: Client) -> None:
    script = Script(world.workspace, world.owner.user)
    scenes.opening(script).node("gate")
    run = script.request_approval(
        "gate", "gate", "gate", "Send it?", {"value": "x"}, launcher_may_decide=False
    ).commit()
    page = browser.get(at(run, "run_fork")).content.decode()
    assert "Whoever starts a run may not decide this" in page
    data = answered(browser, run, run.seq, decision="approve")
    assert browser.post(at(run, "run_fork"), data).status_code == 422


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
