"""Decisions as pages: with and without htmx, and nothing that was typed is lost."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from runs.approvals.text_diff import pieces
from runs.engine import events as ev
from runs.models import Approval, Event
from tests.runs import scenes
from tests.runs.factory import Script
from tests.runs.inbox_pages import HTMX, Inbox, asked, content, edits, gate
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(world: World) -> Inbox:
    return Inbox(world.operator)


# ── deciding ────────────────────────────────────────────────────────────────────────────────────────
def test_a_plain_post_decides_and_leads_back_with_a_word(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    response = inbox.decide(approval, "approve", {"comment": "Fine."})
    assert response["Location"] == f"{inbox.root}{approval.id}/"
    page = inbox.page(f"{approval.id}/")
    assert "Approved. The run goes on." in page
    assert "Operator approved" in page
    assert "“Fine.”" in page
    assert 'name="decision"' not in page


def test_from_the_runs_page_it_leads_back_there(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    response = inbox.decide(approval, "approve", {"from": "run"})
    assert response["Location"] == f"/w/{world.workspace.slug}/runs/{approval.run_id}/"


def test_an_htmx_post_answers_with_the_inbox_as_it_is_now(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    response = inbox.decide(approval, "approve", htmx=True)
    page = response.content.decode()
    assert '<div id="inbox"' in page
    assert "<html" not in page
    assert "Nothing waits for you" in page
    assert json.loads(response["HX-Trigger"])["troupe:toast"]["toasts"][0]["level"] == "success"


def test_on_the_runs_page_htmx_gets_the_card(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    page = inbox.decide(approval, "reject", {"from": "run"}, htmx=True)
    assert page.status_code == 422
    assert f'id="decide-{approval.id}"' in page.content.decode()
    done = inbox.decide(approval, "approve", {"from": "run"}, htmx=True).content.decode()
    assert re.search(r"Approved</span>\s+by you", done)
    assert 'name="decision"' not in done


def test_a_rejection_without_a_reason_is_sent_back_with_everything_typed(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    response = inbox.decide(approval, "reject")
    assert response.status_code == 422
    assert "Say why you reject it" in response.content.decode()
    assert Approval.objects.get(pk=approval.pk).status == "pending"


def test_a_wrong_edit_says_what_is_wrong_at_its_field_and_keeps_the_rest(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    typed = edits(amount="many", reason="Half of it")
    response = inbox.decide(approval, "edit", {"comment": "My words"} | typed)
    page = response.content.decode()
    assert response.status_code == 422
    assert "“many” is not a number." in page
    assert 'value="many"' in page
    assert "Half of it</textarea>" in page
    assert "My words</textarea>" in page
    assert "data-editing" in page


def test_an_edit_survives_a_rejection_without_a_reason(world: World, inbox: Inbox) -> None:
    page = inbox.decide(asked(world), "reject", edits(amount="390")).content.decode()
    assert "data-editing" in page
    assert 'value="390"' in page
    assert "data-editing" not in inbox.decide(asked(world), "reject", edits()).content.decode()


def test_an_edit_without_any_values_is_sent_back(world: World, inbox: Inbox) -> None:
    response = inbox.decide(asked(world), "edit")
    assert response.status_code == 422
    assert Approval.objects.filter(status="edited").count() == 0


def test_an_edit_is_sent_with_its_types_and_shown_old_to_new(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    assert inbox.decide(approval, "edit", edits(amount="390")).status_code == 302
    page = inbox.page(f"{approval.id}/")
    assert re.search(r'<del class="was">412\.6\s*</del>', page)
    assert re.search(r'<ins class="now">390\s*</ins>', page)
    assert "Approved with changes" in page
    stored = Approval.objects.get(pk=approval.pk)
    assert json.loads(content(approval.run, stored.edited_digest)) == scenes.REFUND | {"amount": 390}


def test_an_edit_that_changes_nothing_is_sent_back(world: World, inbox: Inbox) -> None:
    response = inbox.decide(asked(world), "edit", edits())
    assert response.status_code == 422
    assert "Nothing was changed" in response.content.decode()


def test_a_gates_text_can_be_changed(world: World, inbox: Inbox) -> None:
    approval = gate(world, "Dear customer")
    assert inbox.decide(approval, "edit", {"edit-value": "Dear Ada,\r\nhello"}).status_code == 302
    stored = Approval.objects.get(pk=approval.pk)
    assert json.loads(content(approval.run, stored.edited_digest)) == "Dear Ada,\nhello"


def test_editing_without_scripts_is_a_page_of_its_own(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    page = inbox.page(f"{approval.id}/")
    assert f'href="{inbox.root}{approval.id}/?edit=1"' in page
    assert "data-editing" not in page
    assert "data-editing" in inbox.page(f"{approval.id}/?edit=1")


@pytest.mark.parametrize("htmx", [False, True])
def test_somebody_else_was_first_and_nothing_typed_is_lost(world: World, inbox: Inbox, htmx: bool) -> None:
    approval = asked(world)
    Inbox(world.admin).decide(approval, "approve")
    response = inbox.decide(approval, "reject", {"comment": "It is too much."}, htmx=htmx)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Admin has already approved this." in page
    assert "It is too much." in page
    assert "Your decision was not sent" in page
    assert 'name="decision"' not in page


def test_a_run_that_was_stopped_needs_no_decision(world: World, inbox: Inbox) -> None:
    script = scenes.at_the_gate(Script(world.workspace, world.owner.user))
    approval = Approval.objects.get(run=script.commit(), status="pending")
    script.add(ev.CancelRequested(by=str(world.owner.user.pk))).add(ev.RunCancelled()).commit()
    response = inbox.decide(approval, "approve")
    assert response.status_code == 409
    assert "The run no longer needs this decision." in response.content.decode()
    assert "No longer needed" in inbox.page(f"{approval.id}/")


def test_what_changed_since_it_was_seen_is_not_approved(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    response = inbox.decide(approval, "approve", {"digest": "f" * 64})
    page = response.content.decode()
    assert response.status_code == 409
    assert "What you saw is not what is asked now" in page
    assert f'value="{approval.digest}"' in page  # the form that is shown now binds to what is asked now


def test_the_same_decision_sent_twice_is_one(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    assert [inbox.decide(approval, "approve").status_code for _ in range(2)] == [302, 302]
    assert Event.objects.filter(run=approval.run, type="ApprovalDecided").count() == 1


def test_a_role_that_is_too_low_gets_the_reason(world: World, inbox: Inbox) -> None:
    approval = gate(world, "Text", least_role=50)
    response = inbox.decide(approval, "approve")
    assert response.status_code == 403
    assert "needs the role Owner" in response.content.decode()
    assert Inbox(world.viewer).decide(approval, "approve").status_code == 403


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        ("retry", "It will be called again."),
        ("done", "Taken as done."),
        ("abort", "Given up."),
    ],
)
def test_a_call_in_doubt_is_settled(world: World, inbox: Inbox, decision: str, says: str) -> None:
    approval = asked(world, "doubt")
    page = inbox.page(f"{approval.id}/")
    assert "In doubt" in page
    assert 'value="approve"' not in page
    assert "Its outcome is unknown" in page
    inbox.decide(approval, decision, {"comment": "Seen in the bank's list."})
    assert says in inbox.page(f"{approval.id}/")


@pytest.mark.parametrize("decision", ["", "maybe", "x" * 500])
def test_a_decision_nobody_knows_is_refused(world: World, inbox: Inbox, decision: str) -> None:
    assert inbox.decide(asked(world), decision).status_code in (409, 422)


def test_decisions_come_by_post_with_the_forms_token(world: World) -> None:
    approval = asked(world)
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.operator.user)
    path = f"/w/{world.workspace.slug}/approvals/{approval.id}/decide/"
    assert client.get(path).status_code == 405
    assert client.post(path, {"decision": "approve", "digest": approval.digest}).status_code == 403
    assert Approval.objects.get(pk=approval.pk).status == "pending"


# ── live ────────────────────────────────────────────────────────────────────────────────────────────
def test_an_open_page_learns_that_it_was_decided_elsewhere(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    assert "data-closed" not in inbox.page(f"{approval.id}/now/")
    Inbox(world.admin).decide(approval, "approve")
    now = inbox.page(f"{approval.id}/now/")
    assert "data-closed" in now
    assert "by Admin" in now


def test_going_back_in_the_browsers_history_gets_the_whole_page(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    part = inbox.page(f"{approval.id}/", HTMX)
    assert "<html" not in part
    assert f"<title>{approval.title} · Troupe</title>" in part
    whole = {"HX-Request": "true", "HX-Request-Type": "full", "HX-History-Restore-Request": "true"}
    assert "<html" in inbox.page(f"{approval.id}/", whole)
    assert "HX-Request" in inbox.client.get(f"{inbox.root}{approval.id}/")["Vary"]


def test_a_changed_text_is_shown_word_by_word(world: World, inbox: Inbox) -> None:
    approval = gate(world, "Dear customer,\n\nyou get 412 euros <now>.")
    inbox.decide(approval, "edit", {"edit-value": "Dear Ada,\r\n\r\nyou get 412 euros <soon>."})
    page = inbox.page(f"{approval.id}/")
    assert (
        'Dear <del class="was">customer,</del><ins class="now">Ada,</ins>\n\nyou get 412 euros '
        '<del class="was">&lt;now&gt;.</del><ins class="now">&lt;soon&gt;.</ins>'
    ) in page


def test_texts_too_long_to_compare_are_shown_whole() -> None:
    old, new = "a " * 15_000, "b"
    assert pieces(old, new) == [("was", old), ("now", new)]
    assert pieces("a  b", "a  b") == [("same", "a  b")]
