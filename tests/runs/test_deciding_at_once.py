"""Two people at the same moment, and a decision racing the deadline: one winner, nothing lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from runs.actions import decide_approval
from runs.actions.errors import Refused
from runs.engine import events as ev
from runs.models import Approval, Event, Run
from runs.verify import problems
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Membership, User
from tests.runs import approval_scenes
from tests.runs.factory import Script
from tests.runs.live_team import owner

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4


@pytest.fixture
def people() -> list[Member]:
    """An owner and two operators."""
    first = owner()
    found = [first]
    for name in ("ann", "bob"):
        user = User.objects.create_user(f"{name}@example.org", name=name.title())
        Membership.objects.create(workspace=first.workspace, user=user, role=Role.OPERATOR)
        found.append(Member(user, first.workspace, Role.OPERATOR))
    return found


@pytest.fixture
def together() -> Iterator[Callable[..., list[Any]]]:
    """Calls functions at the same moment, each on a connection of its own; gives what they gave or raised."""
    with ThreadPoolExecutor(4) as pool:

        def run(*functions: Callable[[], Any]) -> list[Any]:
            start = threading.Barrier(len(functions))

            def one(function: Callable[[], Any]) -> Any:
                start.wait(10)
                try:
                    return function()
                except (Refused, RuntimeError) as error:
                    return error
                finally:
                    connection.close()

            return [future.result(30) for future in [pool.submit(one, function) for function in functions]]

        yield run


def waiting(people: list[Member], **policy: Any) -> tuple[Script, Approval]:
    script = Script(people[0].workspace, people[0].user)
    plain = {"people": (), "groups": (), "deadline_s": None, "remind_after_s": (), "escalation": ()}
    approval_scenes.asks(script, **(plain | {"on_expiry": "reject"} | policy))
    return script, Approval.objects.get(run=script.commit(), status="pending")


def decides(who: Member, approval: Approval, decision: str) -> Callable[[], Any]:
    return lambda: decide_approval(
        actor=who, approval=approval, decision=decision, digest=approval.digest, comment="Because."
    )


def said(approval: Approval) -> list[str]:
    kinds = ("ApprovalVoted", "ApprovalDecided", "ApprovalExpired")
    found = Event.objects.filter(run=approval.run_id, path="gate", type__in=kinds).order_by("seq")
    return list(found.values_list("type", flat=True))


def test_of_two_opposite_decisions_one_counts_and_the_other_hears_of_it(
    people: list[Member], together: Callable[..., list[Any]]
) -> None:
    _, ann, bob = people
    for _ in range(ROUNDS):
        _, approval = waiting(people, quorum=1)
        answers = together(decides(ann, approval, "approve"), decides(bob, approval, "reject"))
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        assert said(approval) == ["ApprovalDecided"]
        assert len(refused) == 1
        winner = Approval.objects.get(pk=approval.pk).decided_by
        assert f"{winner} has already" in refused[0].sentence
        assert problems(Run.objects.get(pk=approval.run_id)) == []


def test_two_votes_at_once_are_one_vote_and_the_decision(
    people: list[Member], together: Callable[..., list[Any]]
) -> None:
    _, ann, bob = people
    for _ in range(ROUNDS):
        _, approval = waiting(people, quorum=2)
        together(decides(ann, approval, "approve"), decides(bob, approval, "approve"))
        assert said(approval) == ["ApprovalVoted", "ApprovalDecided"]
        assert Approval.objects.get(pk=approval.pk).status == "approved"


def test_one_person_who_presses_twice_has_one_vote(
    people: list[Member], together: Callable[..., list[Any]]
) -> None:
    _, ann, _ = people
    for _ in range(ROUNDS):
        _, approval = waiting(people, quorum=2)
        together(*[decides(ann, approval, "approve")] * 3)
        assert said(approval) == ["ApprovalVoted"]
        assert Approval.objects.get(pk=approval.pk).status == "pending"


def test_a_decision_racing_the_expiry_has_one_winner_and_leaves_the_run_awake(
    people: list[Member], together: Callable[..., list[Any]]
) -> None:
    _, ann, _ = people
    for _ in range(ROUNDS):
        script, approval = waiting(people, quorum=1, deadline_s=3_600.0)
        Run.objects.filter(pk=approval.run_id).update(runnable=False)
        script.add(ev.ApprovalExpired(path="gate", key="ask"))
        decided, expired = together(decides(ann, approval, "approve"), script.commit)
        assert len(said(approval)) == 1
        assert isinstance(decided, Refused) != isinstance(expired, RuntimeError)
        if isinstance(expired, RuntimeError):
            assert Run.objects.get(pk=approval.run_id).runnable
        assert problems(Run.objects.get(pk=approval.run_id)) == []


def test_many_pending_at_once_are_answered_together_each_once(
    people: list[Member], together: Callable[..., list[Any]]
) -> None:
    _, ann, bob = people
    script = Script(people[0].workspace, people[0].user)
    approval_scenes.asks(script, people=(), groups=(), quorum=1, deadline_s=None, on_expiry="reject")
    for number in range(2, 5):
        subject = approval_scenes.SUBJECT | {"value": number}
        script.request_approval("facts", f"other{number}", "gate", f"Question {number}", subject)
    run = script.commit()
    waits = list(Approval.objects.filter(run=run, status="pending").order_by("key"))
    together(
        *[decides(who, one, "approve") for one, who in zip(waits, [ann, bob, ann, bob], strict=True)],
    )
    assert Approval.objects.filter(run=run, status="pending").count() == 0
    assert problems(Run.objects.get(pk=run.pk)) == []
