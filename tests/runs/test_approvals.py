"""The inbox and what it shows of one decision, as pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.topology.graph import PinnedTeam
from runs.approvals.asked import Asked
from runs.engine import events as ev
from runs.models import Approval, Blob, Event
from tests.engine.teams import IN, OUT, agent, team
from tests.runs import scenes
from tests.runs.factory import Script
from tests.runs.inbox_pages import HTMX, Inbox, asked, content, gate
from tests.runs.team import SUPPORT_DESK, publish
from tests.world import World, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(world: World) -> Inbox:
    return Inbox(world.operator)


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
    assert json.loads(content(approval.run, decided.edited)) == {"tone": "plain", "text": "Dear customer"}  # type: ignore[union-attr]


def test_a_viewer_reads_and_is_told_who_may_decide(world: World) -> None:
    approval = asked(world)
    page = Inbox(world.viewer).page(f"{approval.id}/")
    assert "Operators and above may decide this; your role is viewer." in page
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


def test_a_questions_fields_stay_in_the_order_they_were_drawn_in(world: World) -> None:
    fields = {name: {"type": "string"} for name in ("size", "count", "address")}
    schema = {"type": "object", "properties": fields}
    node = ("question", {"title": "What?", "schema": schema})
    asking = team({"input": IN, "ask": node, "output": OUT}, ["input>ask", "ask>output"])
    script = Script(world.workspace, world.owner.user, version=publish(world.workspace, asking))
    script.start({"topic": "tea"}).node("ask")
    subject = {"kind": "question", "title": "What?", "schema": schema}
    about: dict[str, Any] = {"key": "question", "kind": "question", "title": "What?"}
    script.add(ev.ApprovalRequested(path="ask", subject=script.put(subject), **about))
    run = script.commit()
    assert list(Asked(run.approvals.get(), world.owner).schema["properties"]) == ["size", "count", "address"]


def test_a_decision_rests_on_what_a_person_gave_for_a_node(world: World) -> None:
    nodes = {"input": IN, "write": agent(), "gate": ("approval", {}), "output": OUT}
    gated = team(nodes, ["input>write", "write>gate", "gate>output"])
    script = Script(world.workspace, world.owner.user, version=publish(world.workspace, gated))
    script.start({"topic": "tea"}).node("write")
    script.add(ev.NodeFailed(path="write", code="bad", message="No."))
    script.add(ev.RunFailed(code="bad", message="No.", node="write"))
    by: dict[str, Any] = {"by": str(world.owner.user.pk), "by_name": "Olga"}
    script.add(ev.OutputGiven(path="write", output=script.put("by hand"), nodes=(), **by))
    script.add(ev.NodeStarted(path="gate", sources=("write",)))
    script.request_approval("gate", "ask", "gate", "Send it?", {"kind": "gate", "value": "by hand"})
    approval = script.commit().approvals.get()
    assert [one.path for one in Asked(approval, world.owner).basis] == ["write"]
