"""Pause, resume, retry, skip and webhooks: on a real worker, through the actions, the API and the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from runs import children, steering
from runs.actions import give_output, pause_run, resume_run, retry_node, start_run
from runs.actions.appending import plan_of
from runs.actions.errors import Refused
from runs.models import Run
from runs.verify import problems
from studio.workspaces.access import Member
from tests.engine.teams import IN, OUT, agent, team
from tests.rehearsal import RehearsalServer
from tests.runs.live_team import endpoint, owner, published
from tests.workers import Fleet, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.worker,
    pytest.mark.xdist_group("worker"),
]

PAIR = team({"input": IN, "a": agent(), "b": agent(), "output": OUT}, ["input>a", "a>b", "b>output"])
HOOKED = team(
    {"input": IN, "hold": ("wait", {"wait_for": "webhook"}), "a": agent(), "output": OUT},
    ["input>hold", "hold>a", "a>output"],
)


@pytest.fixture
def actor() -> Member:
    return owner()


@pytest.fixture
def launch(actor: Member, rehearsal: RehearsalServer, own_profile: str, fleet: Fleet) -> Callable[..., Run]:
    def start(pinned: Any, trouble: str = "") -> Run:
        endpoint(actor, rehearsal.url(f"{own_profile},{trouble}" if trouble else own_profile))
        team_ = published(actor, pinned)
        fleet.sweeper()
        fleet.worker()
        return start_run(actor=actor, team=team_, value={"topic": "tea"})

    return start


def status(run: Run) -> str:
    run.refresh_from_db()
    return str(run.status)


def test_a_paused_run_holds_no_worker_and_goes_on_where_it_was(
    launch: Callable[..., Run], actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    run = launch(PAIR, "latency=300")
    wait_until(lambda: Run.objects.get(pk=run.pk).seq > 3, "the first call")
    assert pause_run(actor=actor, run=run)
    wait_until(lambda: Run.objects.get(pk=run.pk).owner == "", "the lease to be given up")
    assert status(run) == "waiting"
    assert run.activity.startswith("Paused by")
    assert not pause_run(actor=actor, run=run), "once is enough"
    assert resume_run(actor=actor, run=run)
    wait_until(lambda: status(run) == "done", "the run to end")
    assert problems(run) == []


def test_a_pause_stands_although_sub_teams_cannot_be_told_right_away(
    actor: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(run: Any) -> None:
        raise OperationalError("The server closed the connection.")

    endpoint(actor, "http://127.0.0.1:9/v1")
    run = start_run(actor=actor, team=published(actor, PAIR), value={"topic": "tea"})
    monkeypatch.setattr(children, "care", away)
    assert pause_run(actor=actor, run=run)
    run.refresh_from_db()
    assert run.activity.startswith("Paused by")


def test_a_failed_node_is_taken_up_without_repeating_what_had_finished(
    launch: Callable[..., Run], actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    run = launch(PAIR, "error=400,times=1")  # each request fails the first time it is made
    wait_until(lambda: status(run) == "failed", "the run to fail")
    failed = steering.failed_nodes(run, plan_of(run.team_version))
    assert [node.path for node in failed] == ["a"]
    give_output(actor=actor, run=run, path="a", value="by hand", comment="known anyway")
    wait_until(lambda: status(run) == "failed" and run.seq > 12, "the next node to fail")
    assert [node.path for node in steering.failed_nodes(run, plan_of(run.team_version))] == ["b@2"]
    assert retry_node(actor=actor, run=run, path="b@2")
    assert not retry_node(actor=actor, run=run, path="b@2"), "the same request twice"
    wait_until(lambda: status(run) == "done", "the run to end")
    assert run.ledger.count() == 1, "only the call that was answered was billed"
    assert problems(run) == []
    with pytest.raises(Refused, match="is done"):
        retry_node(actor=actor, run=run, path="b@3")


def test_a_webhook_wakes_the_run_that_waits_for_it_once(launch: Callable[..., Run], client: Client) -> None:
    run = launch(HOOKED)
    wait_until(lambda: status(run) == "waiting" and run.owner == "", "the run to wait")
    (hook,) = steering.webhooks(run, plan_of(run.team_version))
    address = "/" + hook.url.split("/", 3)[3]
    assert client.post("/hooks/forged/", {}).status_code == 404
    big = client.post(address, data="x" * 300_000, content_type="text/plain")
    assert big.status_code == 413
    first = client.post(address, data='{"paid": true}', content_type="application/json")
    second = client.post(address, data='{"paid": false}', content_type="application/json")
    assert (first.status_code, second.status_code) == (202, 409)
    wait_until(lambda: status(run) == "done", "the run to end")
    assert problems(run) == []
