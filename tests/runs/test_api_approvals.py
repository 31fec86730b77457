"""Approvals through the API: what is asked, to the byte, and decided once by somebody who may."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import pytest
from django.http import HttpResponse
from kombu.exceptions import OperationalError

from runs.engine.approval_events import ApprovalRequested
from runs.engine.content import canonical
from runs.models import Approval, Event, Run
from runs.tasks import advance
from studio.workspaces.access import Role
from tests.runs import scenes
from tests.runs.factory import Script
from tests.runs.test_api_runs import Caller
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(world: World) -> Caller:
    return Caller(world.operator)


def asked(world: World, name: str = "running", **more: Any) -> Approval:
    """The decision a run waits for, and that run."""
    script = Script(world.workspace, world.owner.user)
    scenes.SCENES[name](script)
    script.commit()
    return Approval.objects.get(run=script.run, status="pending")


def decide(caller: Caller, approval: Approval, decision: str, **more: Any) -> Any:
    body = {"decision": decision, "digest": approval.digest} | more
    return caller.post(f"/approvals/{approval.id}/decide", body)


def error(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["error"]["code"]


def test_the_subject_is_exactly_what_the_digest_covers(world: World, operator: Caller) -> None:
    approval = asked(world)
    shown = operator.get(f"/approvals/{approval.id}").json()
    assert shown["subject"]["arguments"] == scenes.REFUND
    assert shown["digest"] == hashlib.sha256(canonical(shown["subject"]).encode()).hexdigest()
    assert shown["decisions"] == ["approve", "edit", "reject"]


@pytest.mark.parametrize("kind", get_args(get_type_hints(ApprovalRequested)["kind"]))
def test_whatever_is_asked_is_listed(world: World, operator: Caller, kind: str) -> None:
    approval = asked(world, "gate")
    Approval.objects.filter(id=approval.id).update(kind=kind)
    assert [one["kind"] for one in operator.get("/approvals", status="pending").json()["items"]] == [kind]


def test_a_decision_stands_although_no_worker_can_be_told(
    world: World,
    operator: Caller,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    def away(*arguments: Any, **options: Any) -> None:
        raise OperationalError("Connection refused.")

    monkeypatch.setattr(advance, "apply_async", away)
    approval = asked(world, "gate")
    with django_capture_on_commit_callbacks(execute=True):
        response = decide(operator, approval, "approve")
    assert (response.status_code, response.json()["status"]) == (200, "approved")


def test_approvals_are_listed_by_status_and_run(world: World, operator: Caller) -> None:
    gate, tool = asked(world, "gate"), asked(world, "running")
    listed = operator.get("/approvals", status="pending").json()
    assert [one["id"] for one in listed["items"]] == [
        str(tool.id),
        str(gate.id),
    ]  # the one with a deadline first
    assert operator.get("/approvals", run=gate.run_id, status="pending").json()["total"] == 1
    decided = operator.get("/approvals", status="approved").json()
    assert {one["run"] for one in decided["items"]} == {str(gate.run_id)}
    assert operator.get("/approvals").json()["total"] == 3
    assert operator.get("/approvals", limit=1, offset=2).json()["items"][0]["status"] == "approved"


def test_approving_lets_the_run_go_on(world: World, operator: Caller) -> None:
    approval = asked(world)
    response = decide(operator, approval, "approve", comment="Checked.")
    assert response.status_code == 200
    shown = response.json()
    assert (shown["status"], shown["decided_by"], shown["comment"]) == ("approved", "Operator", "Checked.")
    assert Run.objects.get(pk=approval.run_id).runnable
    assert shown["decisions"] == []


def test_the_same_decision_sent_twice_is_one_decision(world: World, operator: Caller) -> None:
    approval = asked(world)
    answers = [decide(operator, approval, "approve").status_code for _ in range(2)]
    assert answers == [200, 200]
    assert Event.objects.filter(run=approval.run, type="ApprovalDecided").count() == 1


def test_another_decision_comes_too_late_and_says_who_was_first(world: World, operator: Caller) -> None:
    approval = asked(world)
    decide(operator, approval, "approve")
    response = decide(Caller(world.admin), approval, "reject", comment="No.")
    assert error(response) == (409, "decided")
    assert "Operator has already approved this" in response.json()["error"]["message"]


def test_a_digest_of_something_else_is_refused(world: World, operator: Caller) -> None:
    approval = asked(world)
    response = decide(operator, approval, "approve", digest="0" * 64)
    assert error(response) == (409, "changed")
    assert decide(operator, approval, "approve", digest="").status_code == 422


def test_an_edit_is_checked_and_shown_beside_what_was_asked(world: World, operator: Caller) -> None:
    approval = asked(world)
    wrong = decide(operator, approval, "edit", edited={"order": "A-10511", "amount": "much"})
    assert wrong.status_code == 422
    assert wrong.json()["error"]["problems"][0]["field"] == "edited"
    assert decide(operator, approval, "edit").status_code == 422
    shown = decide(operator, approval, "edit", edited={**scenes.REFUND, "amount": 390}).json()
    assert (shown["status"], shown["edited"]["amount"]) == ("edited", 390)
    assert shown["subject"]["arguments"] == scenes.REFUND


def test_rejecting_needs_a_reason(world: World, operator: Caller) -> None:
    approval = asked(world)
    response = decide(operator, approval, "reject")
    assert response.status_code == 422
    assert response.json()["error"]["problems"][0]["field"] == "comment"
    assert decide(operator, approval, "reject", comment="Too much.").json()["status"] == "rejected"


def test_a_call_in_doubt_has_its_own_decisions(world: World, operator: Caller) -> None:
    approval = asked(world, "doubt")
    assert operator.get(f"/approvals/{approval.id}").json()["decisions"] == ["retry", "done", "abort"]
    assert error(decide(operator, approval, "approve")) == (409, "decision")
    assert decide(operator, approval, "done", edited={"reference": "R-1"}).json()["status"] == "approved"


@pytest.mark.parametrize("decision", ["maybe", "", None])
def test_a_decision_nobody_knows_is_refused(world: World, operator: Caller, decision: Any) -> None:
    assert decide(operator, asked(world), decision).status_code == 422


def test_who_may_decide_is_kept(world: World) -> None:
    approval = asked(world)
    assert decide(Caller(world.viewer), approval, "approve").status_code == 403
    assert decide(Caller(world.owner, Role.VIEWER), approval, "approve").status_code == 403
    assert decide(Caller(world.stranger), approval, "approve").status_code == 404
    assert Caller(world.stranger).get(f"/approvals/{approval.id}").status_code == 404
    assert Caller(world.stranger).get("/approvals").json()["total"] == 0
    shown = Caller(world.viewer).get(f"/approvals/{approval.id}").json()
    assert (shown["may_decide"], shown["decisions"]) == (False, [])


def test_a_gate_for_owners_is_not_for_operators(world: World, operator: Caller) -> None:
    script = scenes.branches_done(Script(world.workspace, world.operator.user)).node("gate")
    subject = {"kind": "gate", "title": "Send?", "instructions": "", "value": "x", "from": []}
    script.request_approval("gate", "ask", "gate", "Send?", subject, least_role=50, launcher_may_decide=False)
    approval = Approval.objects.get(run=script.commit(), status="pending")
    assert error(decide(operator, approval, "approve")) == (403, "forbidden")
    assert decide(Caller(world.owner), approval, "approve").status_code == 200
