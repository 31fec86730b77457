"""Pages, lists and files speak of instances of nodes by name, however deep their paths go."""

from __future__ import annotations

import csv
from urllib.parse import urlencode

import pytest

from runs.engine import events as ev
from runs.models import Approval, Run
from runs.trace import name_of, titles_of
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, signed_in

TITLES = {"lead": "Lead", "draft": "Draft", "check": "Check it"}
DEEP = "refund@2/m1/t1/" + "clerk/m1/t1/" * 60 + "refund"  # 700 characters


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("draft", "Draft"),
        ("draft@3", "Draft, round 3"),
        ("lead@2/m1/t2/draft", "Draft for Lead"),
        ("lead/m1/t1/check/4/draft", "Draft for Check it"),
        ("gone", "gone"),
    ],
)
def test_an_instance_is_called_by_its_node_and_by_what_tells_it_apart(path: str, name: str) -> None:
    assert name_of(path, TITLES) == name


pytestmark = pytest.mark.django_db


@pytest.fixture(params=["refund@2", DEEP], ids=["round", "deep"])
def asking(request: pytest.FixtureRequest, world: World) -> Run:
    """An instance of the refund clerk waits for a person; another has billed calls."""
    path: str = request.param
    script = Script(world.workspace, world.owner.user)
    scenes.opening(script).add(ev.NodeStarted(path=path, parent="clerk", given=script.put("Pay back.")))
    call = script.ask(path, script.prompt(path))
    script.answer(path, call, "I pay it back.", 1, tools=[("issue_refund", scenes.REFUND)])
    script.vet(path, f"{call}/t0", "issue_refund", scenes.REFUND, ask="args.amount > 100")
    subject = {"kind": "tool", "tool": "issue_refund", "effect": "writes", "arguments": scenes.REFUND}
    asked = f"{call}/t0/ask"
    script.request_approval(path, asked, "tool", "Refund clerk wants to pay", subject, call=f"{call}/t0")
    return script.commit()


def test_pages_say_who_asks_and_decide_it(asking: Run, world: World) -> None:
    approval, owner_client = Approval.objects.get(run=asking), signed_in(world.owner)
    home = f"/w/{world.workspace.slug}/"
    for address in (
        home,
        f"{home}approvals/",
        f"{home}approvals/{approval.id}/",
        f"{home}runs/{asking.pk}/",
        f"{home}runs/{asking.pk}/live/",
        f"{home}runs/{asking.pk}/?{urlencode({'select': f'node:{approval.path}'})}",
        f"{home}runs/",
        f"{home}teams/",
        f"{home}costs/",
    ):
        answer = owner_client.get(address)
        assert answer.status_code == 200, address
    assert "Refund clerk" in owner_client.get(f"{home}approvals/{approval.id}/").content.decode()
    assert name_of(approval.path, titles_of(asking.team_version.parsed())) in (
        owner_client.get(f"{home}runs/{asking.pk}/").content.decode()
    )


def test_the_ledger_names_the_node_and_keeps_its_path(asking: Run, world: World) -> None:
    answer = signed_in(world.owner).get(f"/w/{world.workspace.slug}/costs/csv/")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(text.splitlines()))
    mine = next(row for row in rows if row["path"] == Approval.objects.get(run=asking).path)
    assert mine["node"].startswith("Refund clerk")
