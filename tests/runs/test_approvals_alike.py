"""Like approvals decided together: each as it was shown, those that changed meanwhile left out."""

from __future__ import annotations

from typing import Any

import pytest

from runs.models import Approval
from tests.runs.inbox_pages import Inbox, asked, gate
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(world: World) -> Inbox:
    return Inbox(world.operator)


def send(inbox: Inbox, one: Approval, decision: str, *picked: str, comment: str = "") -> Any:
    data = {"decision": decision, "comment": comment, "pick": list(picked)}
    return inbox.client.post(f"{inbox.root}{one.id}/alike/", data)


def pick(approval: Approval) -> str:
    return f"{approval.id}:{approval.digest}"


def statuses() -> list[str]:
    return sorted(Approval.objects.exclude(kind="doubt").values_list("status", flat=True))


def test_what_asks_the_same_is_offered_together_and_shown_in_full(world: World, inbox: Inbox) -> None:
    first, second, other = gate(world, "One"), gate(world, "Two"), asked(world)
    hidden = gate(world, "Three", least_role=50)
    assert "1 more asks the same" in inbox.page(f"{first.id}/")
    assert "ask the same" not in inbox.page(f"{other.id}/")
    page = inbox.page(f"{first.id}/alike/")
    for shown in ("One", "Two", pick(first), pick(second)):
        assert shown in page, shown
    assert pick(other) not in page
    assert pick(hidden) not in page


def test_those_that_were_ticked_are_approved_and_no_others(world: World, inbox: Inbox) -> None:
    approvals = [gate(world, text) for text in ("One", "Two", "Three")]
    assert send(inbox, approvals[0], "approve", *map(pick, approvals[:2])).status_code == 302
    assert [Approval.objects.get(pk=one.pk).status for one in approvals] == [
        "approved",
        "approved",
        "pending",
    ]
    assert "2 approved." in inbox.page()


def test_one_that_changed_meanwhile_stops_no_other_and_says_why(world: World, inbox: Inbox) -> None:
    first, second = gate(world, "One"), gate(world, "Two")
    Inbox(world.admin).decide(first, "reject", {"comment": "No."})
    send(inbox, first, "approve", pick(first), pick(second))
    page = inbox.page()
    assert "1 approved." in page
    assert "Admin has already rejected this." in page
    third = gate(world, "Three")
    send(inbox, third, "approve", f"{third.id}:{'0' * 64}")
    assert Approval.objects.get(pk=third.pk).status == "pending"


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        ("reject", "Say why you reject them"),
        ("edit", "Approve or reject them"),
        ("", "Approve or reject them"),
    ],
)
def test_what_cannot_be_done_to_many_is_sent_back_with_the_ticks(
    world: World, inbox: Inbox, decision: str, says: str
) -> None:
    first, second = gate(world, "One"), gate(world, "Two")
    response = send(inbox, first, decision, pick(second))
    page = response.content.decode()
    assert response.status_code == 422
    assert says in page
    assert f'value="{pick(second)}" checked' in page
    assert f'value="{pick(first)}" checked' not in page


def test_nothing_ticked_and_nonsense_decide_nothing(world: World, inbox: Inbox) -> None:
    first = gate(world, "One")
    for picked in ((), ("nonsense",), ("nonsense:digest",)):
        assert send(inbox, first, "approve", *picked).status_code == 422
    assert Approval.objects.get(pk=first.pk).status == "pending"


def test_rejecting_many_takes_the_reason_back_to_each(world: World, inbox: Inbox) -> None:
    approvals = [gate(world, text) for text in ("One", "Two")]
    send(inbox, approvals[0], "reject", *map(pick, approvals), comment="Not this week.")
    for one in approvals:
        now = Approval.objects.get(pk=one.pk)
        assert (now.status, now.comment) == ("rejected", "Not this week.")


def test_others_workspaces_cannot_be_reached_by_a_tick(world: World) -> None:
    first = gate(world, "One")
    stranger = Inbox(world.stranger)
    own = f"/w/{world.workspace.slug}/approvals/{first.id}/alike/"
    assert stranger.client.post(own, {"decision": "approve", "pick": pick(first)}).status_code == 404
    assert stranger.client.get(f"{stranger.root}{first.id}/alike/").status_code == 404
    assert statuses().count("pending") == 1
