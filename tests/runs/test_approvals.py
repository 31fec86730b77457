"""The inbox and its decisions, as pages: with and without htmx, and nothing that was typed is lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from agents.models import TeamVersion
from agents.topology.graph import PinnedTeam
from runs.engine import events as ev
from runs.models import Approval, Blob, Event, Run
from runs.text_diff import pieces
from studio.workspaces.access import Member
from tests.runs import scenes
from tests.runs.factory import Script
from tests.runs.team import SUPPORT_DESK, publish
from tests.world import World, signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Inbox:
    """A browser in which a member has the inbox open."""

    def __init__(self, member: Member) -> None:
        self.client = signed_in(member)
        self.root = f"/w/{member.workspace.slug}/approvals/"

    def page(self, path: str = "", headers: dict[str, str] | None = None) -> str:
        response = self.client.get(self.root + path, headers=headers or {})
        assert response.status_code == 200, response.content[:400]
        return response.content.decode()

    def decide(
        self, approval: Approval, decision: str, fields: dict[str, str] | None = None, *, htmx: bool = False
    ) -> Any:
        data = {"decision": decision, "digest": approval.digest, "comment": ""} | (fields or {})
        path = f"{self.root}{approval.id}/decide/"
        return self.client.post(path, data, headers=HTMX if htmx else {})


@pytest.fixture
def inbox(world: World) -> Inbox:
    return Inbox(world.operator)


def asked(world: World, name: str = "running", member: Member | None = None) -> Approval:
    script = Script(world.workspace, (member or world.owner).user)
    scenes.SCENES[name](script)
    script.commit()
    return Approval.objects.get(run=script.run, status="pending")


def gate(world: World, value: Any, version: TeamVersion | None = None, **more: Any) -> Approval:
    """A gate that holds `value`, as the reply writer wrote it."""
    script = Script(world.workspace, world.owner.user, version)
    scenes.branches_done(script).say("writer", "ok", 2, output=value).node("gate")
    subject = {
        "kind": "gate",
        "title": "Send it?",
        "instructions": "",
        "value": value,
        "from": ["Reply writer"],
    }
    script.request_approval("gate", "ask", "gate", "Send it?", subject, **more)
    return Approval.objects.get(run=script.commit(), status="pending")


def edits(**values: str) -> dict[str, str]:
    """The fields of an edit of the refund, as the form sends them."""
    fields = {"order": "A-10511", "amount": "412.6", "reason": "Charged twice on 3 Nov"} | values
    return {f"edit-{name}": value for name, value in fields.items()}


# ── the list ────────────────────────────────────────────────────────────────────────────────────────
def test_what_a_person_may_decide_stands_apart_from_what_others_may(world: World, inbox: Inbox) -> None:
    asked(world)
    gate(world, "Text", least_role=50)
    page = inbox.page()
    mine, others = page.split("Waiting for others")
    assert "wants to call issue_refund" in mine
    assert "Send it?" in others
    assert "Owners" in others


def test_the_segments_count_what_the_badge_counts(world: World, inbox: Inbox) -> None:
    asked(world)
    asked(world, "gate")
    gate(world, "Text", least_role=50)
    page = inbox.page()
    assert page.count("data-approvals-badge>2<") == 2
    assert 'For you <b class="num font-semibold">2</b>' in page
    assert 'Others <b class="num font-semibold">1</b>' in page


def test_the_soonest_deadline_comes_first(world: World, inbox: Inbox) -> None:
    late, soon = asked(world, "gate"), asked(world, "running")
    page = inbox.page()
    assert page.index(f"row-{soon.id}") < page.index(f"row-{late.id}")


def test_two_calls_of_one_tool_are_told_apart(world: World, inbox: Inbox) -> None:
    asked(world)
    assert "A-10511 · 412.6 · Charged twice on 3 Nov" in inbox.page()


@pytest.mark.parametrize("text", ["refund clerk", "Support", "issue_refund"])
def test_the_list_is_filtered_by_text(world: World, inbox: Inbox, text: str) -> None:
    tool, other = asked(world), asked(world, "gate")
    page = inbox.page(f"list/?q={text}")
    assert f"row-{tool.id}" in page
    assert (f"row-{other.id}" in page) is (text == "Support")
    nothing = inbox.page("list/?q=<script>")
    assert "Nothing here is called “&lt;script&gt;”" in nothing


def test_filtering_keeps_the_address_true(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    headers = HTMX | {"HX-Source": "form#approvals-filter"}
    found = inbox.client.get(f"{inbox.root}list/?q=refund&current={approval.id}", headers=headers)
    assert found["HX-Replace-Url"] == f"{inbox.root}{approval.id}/?q=refund"
    assert "HX-Replace-Url" not in inbox.client.get(f"{inbox.root}list/", headers=HTMX)


def test_the_list_takes_the_same_queries_however_long(
    world: World, inbox: Inbox, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        asked(world)
    with django_assert_max_num_queries(18):
        inbox.page("list/")


def test_an_empty_inbox_teaches(inbox: Inbox) -> None:
    page = inbox.page()
    assert "Nothing waits for you" in page
    assert "approval gate of its team" in page


def test_what_was_decided_says_by_whom_and_when(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    inbox.decide(approval, "reject", {"comment": "Too much."})
    script = Script(world.workspace, world.owner.user)
    scenes.done(script).commit()
    page = inbox.page("?show=decided")
    assert "Rejected" in page
    assert "you, <time" in page
    assert "Olga" in page


def test_strangers_and_others_workspaces_find_nothing(world: World) -> None:
    approval = asked(world)
    stranger = signed_in(world.stranger)
    assert stranger.get(f"/w/{world.workspace.slug}/approvals/{approval.id}/").status_code == 404
    assert stranger.get(f"/w/elsewhere/approvals/{approval.id}/").status_code == 404
    assert str(approval.id) not in stranger.get("/w/elsewhere/approvals/").content.decode()
    posted = stranger.post(f"/w/elsewhere/approvals/{approval.id}/decide/", {"decision": "approve"})
    assert posted.status_code == 404


# ── one decision ────────────────────────────────────────────────────────────────────────────────────
def test_a_call_is_shown_as_a_form_with_its_risks_and_reasons(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    page = inbox.page(f"{approval.id}/")
    for part in (
        "Not idempotent: a repeat does it twice",
        "Rule: args.amount &gt; 100",
        "Refund clerk, in its own words",
        "not checked by Troupe",
        "Paid twice; policy 4.2 applies.",
        "orders_get",
        "Case clerk",
        "Charged twice on 3 Nov",
        f"sha256 {approval.digest[:4]} {approval.digest[4:8]} … {approval.digest[-4:]}",
        "If nobody decides, the call is not made, and Refund clerk is told so.",
        "Operators and above",
    ):
        assert part in page, part
    assert "Order</label>" in page
    assert "{&quot;" not in page  # no JSON


def test_the_cost_so_far_is_the_ledgers(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    spent = sum(entry.cost or 0 for entry in approval.run.ledger.all())
    assert f"${spent:.4f}" in inbox.page(f"{approval.id}/")


def test_a_gates_text_is_rendered_and_can_do_no_harm(world: World, inbox: Inbox) -> None:
    approval = gate(
        world, "**Bold** <script>alert(1)</script> [x](javascript:alert(1)) ![i](https://a.example/i)"
    )
    page = inbox.page(f"{approval.id}/")
    assert "<strong>Bold</strong>" in page
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page
    assert "<img" not in page


def test_what_an_agent_says_of_itself_is_no_markup(world: World, inbox: Inbox) -> None:
    script = Script(world.workspace, world.owner.user)
    scenes.policy(scenes.opening(script)).node("refund")
    call = script.ask("refund", script.prompt("refund"))
    arguments = {"order": "<b>x</b>", "amount": 500, "</dd>": "<img src=x>"}
    script.answer("refund", call, "", 2, tools=[("issue_refund", arguments)])
    subject = {
        "kind": "tool",
        "tool": "issue_refund",
        "effect": "writes",
        "arguments": arguments,
        "rule": "<i>",
    }
    title = "<u>Pay</u>"
    script.vet("refund", f"{call}/t0", "issue_refund", arguments, ask="<i>")
    script.request_approval("refund", f"{call}/t0/ask", "tool", title, subject, call=f"{call}/t0")
    approval = Approval.objects.get(run=script.commit(), status="pending")
    page = inbox.page(f"{approval.id}/")
    assert "&lt;u&gt;Pay&lt;/u&gt;" in page
    for tag in ("<b>x", "<img src=x", "<i>", "<u>Pay"):
        assert tag not in page


def test_an_objects_values_are_fields_by_the_schema_of_the_agent_that_wrote_it(
    world: World, inbox: Inbox
) -> None:
    document = json.loads(json.dumps(SUPPORT_DESK))
    schema = {
        "type": "object",
        "required": ["tone"],
        "properties": {
            "tone": {"enum": ["warm", "plain"], "title": "Tone of voice"},
            "text": {"type": "string"},
        },
    }
    document["agents"]["writer"]["spec"]["output"] = {"kind": "json", "schema": schema}
    version = publish(world.workspace, PinnedTeam.model_validate(document), number=9)
    approval = gate(world, {"tone": "warm", "text": "Dear customer"}, version)
    page = inbox.page(f"{approval.id}/")
    assert "Tone of voice" in page
    wrong = inbox.decide(approval, "edit", {"edit-tone": '"rude"', "edit-text": "Dear customer"})
    assert wrong.status_code == 422
    inbox.decide(approval, "edit", {"edit-tone": '"plain"', "edit-text": "Dear customer"})
    decided = ev.decode(Event.objects.filter(run=approval.run, type="ApprovalDecided").last().body)  # type: ignore[union-attr]
    assert json.loads(_content(approval.run, decided.edited)) == {"tone": "plain", "text": "Dear customer"}  # type: ignore[union-attr]


def _content(run: Run, digest: str) -> str:
    return Blob.objects.get(workspace=run.workspace_id, digest=digest).content


def test_a_viewer_reads_and_is_told_who_may_decide(world: World) -> None:
    approval = asked(world)
    page = Inbox(world.viewer).page(f"{approval.id}/")
    assert "Operators and above may decide this; you are viewer." in page
    assert 'name="decision"' not in page


def test_whoever_started_it_is_told_why_somebody_else_has_to_decide(world: World) -> None:
    approval = gate(world, "Text", launcher_may_decide=False)
    page = Inbox(world.owner).page(f"{approval.id}/")
    assert "You started this run, so somebody else has to decide." in page
    assert 'name="decision"' not in page
    assert 'name="decision"' in Inbox(world.admin).page(f"{approval.id}/")


def test_a_gate_says_which_way_an_expiry_leads(world: World, inbox: Inbox) -> None:
    approval = gate(world, "Text", deadline_s=600)
    assert "the run takes the error edge to Hand to a person" in inbox.page(f"{approval.id}/")


def test_content_that_is_no_longer_stored_is_said_to_be_gone(world: World, inbox: Inbox) -> None:
    approval = asked(world)
    Blob.objects.filter(digest=approval.digest).delete()
    assert "no longer stored" in inbox.page(f"{approval.id}/")


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
    assert json.loads(_content(approval.run, stored.edited_digest)) == scenes.REFUND | {"amount": 390}


def test_an_edit_that_changes_nothing_is_sent_back(world: World, inbox: Inbox) -> None:
    response = inbox.decide(asked(world), "edit", edits())
    assert response.status_code == 422
    assert "Nothing was changed" in response.content.decode()


def test_a_gates_text_can_be_changed(world: World, inbox: Inbox) -> None:
    approval = gate(world, "Dear customer")
    assert inbox.decide(approval, "edit", {"edit-value": "Dear Ada,\r\nhello"}).status_code == 302
    stored = Approval.objects.get(pk=approval.pk)
    assert json.loads(_content(approval.run, stored.edited_digest)) == "Dear Ada,\nhello"


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
    assert response.status_code == 409
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
