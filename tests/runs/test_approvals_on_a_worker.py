"""Approvals on a real worker: reminded, escalated and sent back while nobody holds the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents.models import Team
from runs.actions import decide_approval, start_run
from runs.models import Approval, Event, Run
from runs.verify import problems
from studio.workspaces.access import Member, Role
from studio.workspaces.groups import create_group
from studio.workspaces.models import Membership, User
from tests.engine.teams import IN, OUT, agent, team
from tests.rehearsal import RehearsalServer
from tests.runs.live_team import endpoint, owner, published
from tests.workers import Fleet, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.worker,
    pytest.mark.xdist_group("worker"),
]


@pytest.fixture
def boss() -> Member:
    return owner()


@pytest.fixture
def ann(boss: Member) -> Member:
    """An operator, alone in the group Finance."""
    user = User.objects.create_user("ann@example.org", name="Ann")
    row = Membership.objects.create(workspace=boss.workspace, user=user, role=Role.OPERATOR)
    create_group(actor=boss, name="Finance", members=[row])
    return Member(user, boss.workspace, Role.OPERATOR)


@pytest.fixture
def launch(boss: Member, rehearsal: RehearsalServer, own_profile: str, fleet: Fleet) -> Callable[..., Run]:
    def start(**gate: Any) -> Run:
        graph = team(
            {"input": IN, "a": agent(), "gate": ("approval", gate), "output": OUT},
            ["input>a", "a>gate", "gate>output"],
        )
        endpoint(boss, rehearsal.url(own_profile))
        made: Team = published(boss, graph)
        fleet.worker()
        fleet.sweeper()
        return start_run(actor=boss, team=made, value={"topic": "tea"})

    return start


def happened(run: Run, kind: str, times: int = 1) -> bool:
    return Event.objects.filter(run=run, type=kind).count() >= times


def pending(run: Run) -> Approval:
    found: Approval = wait_until(
        lambda: Approval.objects.filter(run=run, status="pending").first(), f"run {run.pk} to ask somebody"
    )
    return found


def is_parked(run: Run) -> bool:
    run.refresh_from_db()
    return run.lease_until is None and not run.runnable


def ended(run: Run) -> str:
    def there() -> bool:
        run.refresh_from_db()
        return run.has_ended

    wait_until(there, f"run {run.pk} to end")
    assert problems(run) == []
    return run.status


def decide(who: Member, approval: Approval, decision: str = "approve", comment: str = "") -> Approval:
    approval = Approval.objects.get(pk=approval.pk)
    return decide_approval(
        actor=who, approval=approval, decision=decision, digest=approval.digest, comment=comment
    )


def test_a_parked_run_reminds_escalates_and_is_answered_by_who_came_in_addition(
    launch: Callable[..., Run], boss: Member, ann: Member
) -> None:
    chain = [{"after_s": 1.2, "least_role": "owner"}]
    run = launch(groups=["Finance"], reminders=[{"seconds": 0.5}], escalation=chain)
    approval = pending(run)
    with pytest.raises(PermissionDenied):
        decide(boss, approval)
    wait_until(lambda: happened(run, "ApprovalReminded"), "the reminder")
    wait_until(lambda: happened(run, "ApprovalEscalated"), "the escalation")
    wait_until(lambda: is_parked(run), "the run to be parked")
    approval.refresh_from_db()
    assert (approval.reminded, approval.escalated) == (1, 1)
    assert approval.reminded_at is not None
    decide(boss, approval)
    assert ended(run) == "done"


def test_a_deadline_that_escalates_waits_on_and_ends_when_nobody_is_left(
    launch: Callable[..., Run], ann: Member
) -> None:
    run = launch(
        groups=["Finance"], deadline_s=0.6, on_expiry="escalate", escalation=[{"least_role": "owner"}]
    )
    wait_until(lambda: happened(run, "ApprovalEscalated"), "the escalation")
    assert ended(run) == "failed"
    kinds = Event.objects.filter(run=run, path="gate").order_by("seq").values_list("type", flat=True)
    assert [kind for kind in kinds if kind.startswith("Approval")] == [
        "ApprovalRequested",
        "ApprovalEscalated",
        "ApprovalExpired",
    ]
    assert Approval.objects.get(run=run).status == "expired"


def test_timers_of_a_wait_survive_the_worker_that_set_them(
    launch: Callable[..., Run], fleet: Fleet, boss: Member
) -> None:
    run = launch(reminders=[{"seconds": 0.8}], quorum=1)
    approval = pending(run)
    fleet.kill("w1")
    fleet.worker()
    wait_until(lambda: happened(run, "ApprovalReminded"), "the reminder on another worker")
    decide(boss, approval)
    assert ended(run) == "done"
    assert Event.objects.filter(run=run, type="ApprovalReminded").count() == 1


def test_what_is_sent_back_is_done_again_and_asked_anew(
    launch: Callable[..., Run], boss: Member, ann: Member
) -> None:
    run = launch(quorum=2)
    first = pending(run)
    assert first.may_send_back
    decide(ann, first)
    decide(boss, first, "send_back", "Shorter, please.")
    wait_until(lambda: happened(run, "ApprovalRequested", 2), "the gate to ask anew")
    second = pending(run)
    assert (second.votes, second.digest != first.digest) == ([], True)
    calls = Event.objects.filter(run=run, type="ModelCallCompleted").values_list("call", flat=True)
    assert list(calls.order_by("seq")) == ["a/m1", "a/m2"]
    decide(ann, second)
    decide(boss, second)
    assert ended(run) == "done"
