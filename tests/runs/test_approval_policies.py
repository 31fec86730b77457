"""Quorums, groups, edits and sending back, decided by several people: by action, API and pages."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from runs.actions import decide_approval
from runs.actions.errors import BadInput, Refused
from runs.approvals.eligible import may_decide
from runs.models import Approval, Event
from studio.workspaces.access import Member, Role
from studio.workspaces.groups import create_group
from studio.workspaces.models import Membership
from tests.runs import approval_scenes
from tests.runs.factory import Script
from tests.runs.inbox_pages import Inbox, asked, content
from tests.runs.test_api_runs import Caller
from tests.world import World

pytestmark = pytest.mark.django_db


def group(world: World, *people: str, name: str = "Finance") -> None:
    rows = [Membership.objects.get(workspace=world.workspace, user=world.people[who].user) for who in people]
    create_group(actor=world.owner, name=name, members=rows)


def gate(world: World, by: Member | None = None, **policy: Any) -> Approval:
    """The gate asks two of Finance, whoever started the run barred, unless said otherwise."""
    script = Script(world.workspace, (by or world.owner).user)
    plain = {"people": (), "groups": ("Finance",), "deadline_s": None, "remind_after_s": (), "escalation": ()}
    approval_scenes.asks(script, **(plain | {"on_expiry": "reject"} | policy))
    return Approval.objects.get(run=script.commit(), status="pending")


def says(member: Member, approval: Approval, decision: str = "approve", **more: Any) -> Approval:
    digest = more.pop("digest", "") or Approval.objects.get(pk=approval.pk).digest
    return decide_approval(actor=member, approval=approval, decision=decision, digest=digest, **more)


def events(approval: Approval, kind: str) -> int:
    return Event.objects.filter(run=approval.run, type=kind, path="gate").count()


# ── quorum ──────────────────────────────────────────────────────────────────────────────────────────
def test_as_many_distinct_people_as_the_quorum_asks_for_approve(world: World) -> None:
    group(world, "operator", "designer")
    approval = gate(world)
    first = says(world.operator, approval, comment="Fine.")
    assert (first.status, [vote["name"] for vote in first.votes]) == ("pending", ["Operator"])
    assert says(world.operator, approval).status == "pending"
    assert events(approval, "ApprovalVoted") == 1
    last = says(world.designer, approval)
    assert (last.status, str(last.decided_by)) == ("approved", "Designer")
    assert says(world.operator, approval).status == "approved"  # the same again returns the first one
    assert events(approval, "ApprovalDecided") == 1


def test_one_rejection_rejects_whoever_has_approved(world: World) -> None:
    group(world, "operator", "designer")
    approval = gate(world)
    says(world.operator, approval)
    assert says(world.designer, approval, "reject", comment="No.").status == "rejected"
    with pytest.raises(Refused, match="Designer has already rejected"):
        says(world.operator, approval, "reject", comment="No.")


def test_a_vote_of_somebody_who_left_the_group_does_not_count(world: World) -> None:
    group(world, "operator", "designer", "admin")
    approval = gate(world)
    says(world.operator, approval)
    row = Membership.objects.get(workspace=world.workspace, user=world.operator.user)
    row.approver_groups.clear()
    assert says(world.designer, approval).status == "pending"
    assert says(world.admin, approval).status == "approved"


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("admin", "Only Finance may decide this"),  # a high role is not enough where people are named
        ("owner", "Whoever started this run may not decide this"),
        ("viewer", "needs the role Operator"),
    ],
)
def test_who_is_not_asked_may_not_decide(world: World, who: str, why: str) -> None:
    group(world, "operator", "owner", "viewer")
    approval = gate(world)
    with pytest.raises(PermissionDenied, match=why):
        says(world.people[who], approval)
    with pytest.raises(PermissionDenied):
        says(world.people[who], approval, digest="0" * 64)


def test_escalation_lets_others_decide_from_then_on(world: World) -> None:
    from runs.engine import events as ev
    from runs.engine.approval_events import EscalationStep

    group(world, "operator")
    script = Script(world.workspace, world.operator.user)
    chain = (EscalationStep(after_s=60.0, least_role=50),)
    approval_scenes.asks(script, people=(), quorum=1, escalation=chain, on_expiry="reject")
    approval = Approval.objects.get(run=script.commit(), status="pending")
    with pytest.raises(PermissionDenied):
        says(world.owner, approval)
    script.add(ev.ApprovalEscalated(path="gate", key="ask", step=0, because="time")).commit()
    assert says(world.owner, approval).status == "approved"


# ── lists and badge ─────────────────────────────────────────────────────────────────────────────────
def test_lists_and_badge_know_who_is_asked(world: World) -> None:
    group(world, "operator")
    gate(world)
    gate(world, people=("DESIGNER@example.org",), groups=())
    gate(world, people=(), groups=(), least_role=40)
    gate(world, by=world.operator)
    counts = {
        who: Approval.objects.filter(may_decide(world.people[who]), status="pending").count()
        for who in ("viewer", "operator", "designer", "admin", "owner")
    }
    assert counts == {"viewer": 0, "operator": 1, "designer": 1, "admin": 1, "owner": 0}


def test_who_has_approved_is_no_longer_needed_until_it_is_changed(world: World) -> None:
    group(world, "operator", "designer", "admin")
    approval = gate(world)
    says(world.operator, approval)
    mine = Inbox(world.operator).page().split("Waiting for others")
    assert f"row-{approval.id}" not in mine[0]
    assert f"row-{approval.id}" in mine[1]
    says(world.designer, approval, "edit", edited="Dear Ada")
    assert f"row-{approval.id}" in Inbox(world.operator).page().split("Waiting for others")[0]


# ── edits ───────────────────────────────────────────────────────────────────────────────────────────
def test_an_edit_is_a_new_question_for_the_others(world: World) -> None:
    group(world, "operator", "designer", "admin")
    approval = gate(world)
    old = approval.digest
    says(world.operator, approval)
    changed = says(world.designer, approval, "edit", edited="Dear Ada")
    assert (changed.status, [vote["name"] for vote in changed.votes]) == ("pending", ["Designer"])
    assert json.loads(content(approval.run, changed.digest))["value"] == "Dear Ada"
    assert says(world.designer, approval, "edit", edited="Dear Ada", digest=old).digest == changed.digest
    with pytest.raises(Refused, match="not what is asked now"):
        says(world.admin, approval, digest=old)
    last = says(world.admin, approval)
    assert last.status == "edited"
    assert json.loads(content(approval.run, last.edited_digest)) == "Dear Ada"
    page = Inbox(world.viewer).page(f"{approval.id}/")
    assert re.search(r'<del class="was">Dear customer\s*</del>.*<ins class="now">Dear Ada\s*</ins>', page)


def quorum_on_the_refund(world: World, monkeypatch: pytest.MonkeyPatch) -> Approval:
    """The tool call of the support desk, with two needed."""
    from tests.runs import scenes

    plain = Script.request_approval

    def two(self: Script, *args: Any, **more: Any) -> Script:
        return plain(self, *args, quorum=2, **more)

    monkeypatch.setattr(Script, "request_approval", two)
    script = Script(world.workspace, world.owner.user)
    scenes.running(script)
    return Approval.objects.get(run=script.commit(), status="pending")


def test_an_edited_call_is_ruled_on_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.runs import scenes

    approval = quorum_on_the_refund(world, monkeypatch)
    still = says(world.operator, approval, "edit", edited=scenes.REFUND | {"amount": 390})
    assert (still.status, len(still.votes)) == ("pending", 1)
    small = says(world.designer, approval, "edit", edited=scenes.REFUND | {"amount": 90})
    assert small.status == "edited"  # the rule no longer asks for anybody


def test_an_edit_at_a_gate_has_to_fit_what_its_agent_must_answer(world: World) -> None:
    from agents.topology.graph import PinnedTeam
    from tests.runs.team import SUPPORT_DESK, publish

    desk = json.loads(json.dumps(SUPPORT_DESK)) | {"name": "Typed desk"}
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    desk["agents"]["writer"]["spec"]["output"] = {"kind": "json", "schema": schema}
    version = publish(world.workspace, PinnedTeam.model_validate(desk))
    from tests.runs.inbox_pages import gate as holding

    approval = holding(world, {"text": "Dear customer"}, version)
    with pytest.raises(BadInput):
        says(world.operator, approval, "edit", edited={"words": 3})
    assert says(world.operator, approval, "edit", edited={"text": "Dear Ada"}).status == "edited"


# ── sending back ────────────────────────────────────────────────────────────────────────────────────
def test_sending_back_needs_a_comment_and_ends_this_question(world: World) -> None:
    group(world, "operator")
    approval = gate(world, quorum=1)
    with pytest.raises(BadInput, match="what should change"):
        says(world.operator, approval, "send_back")
    assert says(world.operator, approval, "send_back", comment="Shorter.").status == "sent_back"
    with pytest.raises(Refused, match="has already sent back"):
        says(world.operator, approval, comment="")


def test_what_cannot_be_sent_back_is_not_offered_and_refused(world: World) -> None:
    group(world, "operator")
    approval = gate(world, quorum=1, may_send_back=False)
    shown = Caller(world.operator).get(f"/approvals/{approval.id}").json()
    assert shown["decisions"] == ["approve", "edit", "reject"]
    with pytest.raises(Refused, match="cannot be sent back"):
        says(world.operator, approval, "send_back", comment="Shorter.")


# ── deadline ────────────────────────────────────────────────────────────────────────────────────────
def test_a_passed_deadline_is_refused_unless_it_only_escalates(world: World) -> None:
    from runs.engine.approval_events import EscalationStep

    group(world, "operator")
    script = Script(world.workspace, world.owner.user, ago_s=900)
    approval_scenes.asks(script, people=(), quorum=1, deadline_s=1.0, escalation=(), on_expiry="reject")
    late = Approval.objects.get(run=script.commit(), status="pending")
    with pytest.raises(Refused, match="deadline for this decision has passed"):
        says(world.operator, late)
    chain = (EscalationStep(least_role=50),)
    script = Script(world.workspace, world.owner.user, ago_s=900)
    approval_scenes.asks(script, people=(), quorum=1, deadline_s=1.0, escalation=chain, on_expiry="escalate")
    open_still = Approval.objects.get(run=script.commit(), status="pending")
    assert says(world.operator, open_still).status == "approved"


# ── as people and programs see it ───────────────────────────────────────────────────────────────────
def test_the_page_says_who_is_asked_who_has_approved_and_what_comes(world: World) -> None:
    from runs.engine import events as ev
    from runs.engine.approval_events import EscalationStep

    group(world, "operator", "designer")
    script = Script(world.workspace, world.owner.user)
    chain = (EscalationStep(after_s=86_400.0, least_role=40),)
    approval_scenes.asks(script, people=("boss@example.org",), escalation=chain, remind_after_s=(60.0,))
    script.add(ev.ApprovalReminded(path="gate", key="ask", number=1))
    approval = Approval.objects.get(run=script.commit(), status="pending")
    inbox = Inbox(world.operator)
    said = inbox.decide(approval, "approve", {"comment": "Looks right."})
    assert said.status_code == 302
    page = inbox.page(f"{approval.id}/")
    for words in (
        "Approved. 1 more person has to approve it.",
        '1</b> <span class="text-dim">of 2 approved',
        "“Looks right.”",
        "Finance, boss@example.org",
        "You have approved; 1 more has to.",
        "Reminded",
        "Admins and above as well",
        'value="send_back"',
    ):
        assert words in page, words
    assert 'value="approve"' not in page
    row = Inbox(world.designer).page()
    assert "1 of 2" in row
    home = Inbox(world.designer).client.get(f"/w/{world.workspace.slug}/").content.decode()
    assert "1 of 2 approved · reminded" in home
    run = Inbox(world.designer).client.get(f"/w/{world.workspace.slug}/runs/{approval.run_id}/")
    assert "1 of 2: Operator approved" in run.content.decode()


def test_a_quorum_out_of_reach_says_so_and_what_to_do(world: World) -> None:
    group(world, "operator", "owner")
    approval = gate(world)
    shown = Caller(world.viewer).get(f"/approvals/{approval.id}").json()
    assert shown["able"] == ["Operator"]
    assert shown["problem"].startswith("2 people have to approve this, and only Operator may")
    assert "put people into Finance" in shown["problem"]
    assert "2 people have to approve this" in Inbox(world.viewer).page(f"{approval.id}/")


def test_what_was_sent_back_is_shown_with_what_is_different_now(world: World) -> None:
    script = Script(world.workspace, world.owner.user)
    approval_scenes.everything(script).commit()
    approval = Approval.objects.get(run=script.run, path="gate", status="approved")
    history = Inbox(world.viewer).page(f"{approval.id}/")
    for words in ("sent it back", "“Shorter, please.”", "Ann approved", "Reminded", "Escalated"):
        assert words in history, words
    assert approval.decided_by == world.owner.user


def test_pages_answer_403_to_who_is_not_asked_and_keep_what_was_typed(world: World) -> None:
    group(world, "operator")
    approval = gate(world)
    for htmx in (False, True):
        refused = Inbox(world.admin).decide(approval, "approve", {"comment": "My words"}, htmx=htmx)
        assert refused.status_code == 403
        assert "Only Finance may decide this" in refused.content.decode()
        assert "My words" in refused.content.decode()
    assert Inbox(world.viewer).decide(approval, "approve").status_code == 403


def test_programs_get_403_whatever_else_is_wrong(world: World) -> None:
    group(world, "operator")
    approval = gate(world)
    body = {"decision": "approve", "digest": "0" * 64}
    for caller in (
        Caller(world.admin),
        Caller(world.viewer),
        Caller(world.owner),
        Caller(world.owner, Role.VIEWER),
    ):
        assert caller.post(f"/approvals/{approval.id}/decide", body).status_code == 403
    assert Caller(world.operator).post(f"/approvals/{approval.id}/decide", body).status_code == 409


def test_programs_see_the_votes_so_far(world: World) -> None:
    group(world, "operator", "designer")
    approval = gate(world)
    body = {"decision": "approve", "digest": approval.digest, "comment": "Fine."}
    shown = Caller(world.operator).post(f"/approvals/{approval.id}/decide", body).json()
    assert (shown["status"], shown["quorum"], shown["who"]) == ("pending", 2, "Finance")
    assert [(vote["by"], vote["comment"]) for vote in shown["votes"]] == [("Operator", "Fine.")]
    assert shown["decisions"] == ["edit", "send_back", "reject"]


def test_a_call_nobody_named_is_for_any_operator_as_before(world: World) -> None:
    approval = asked(world)
    assert says(world.operator, approval).status == "approved"
