"""Runs on a real Celery worker against a real endpoint: finished, parked, killed, fenced, stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import redis
from django.db.models import Sum

from agents.models import Team
from runs.actions import cancel_run, decide_approval, start_run
from runs.models import Approval, Event, Run
from runs.sweeper import sweep
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

PIPELINE = team(
    {"input": IN, "a": agent(), "b": agent(), "c": agent(), "output": OUT},
    ["input>a", "a>b", "b>c", "c>output"],
)
GATED = team(
    {"input": IN, "a": agent(), "gate": ("approval", {}), "b": agent(), "output": OUT},
    ["input>a", "a>gate", "gate>b", "b>output"],
)


@pytest.fixture
def actor() -> Member:
    return owner()


@pytest.fixture
def launch(actor: Member, rehearsal: RehearsalServer, own_profile: str, fleet: Fleet) -> Callable[..., Run]:
    """Start a run of a graph on an endpoint with the given troubles."""

    def start(pinned: Any, trouble: str = "", **fields: Any) -> Run:
        profile = f"{own_profile},{trouble}" if trouble else own_profile
        endpoint(actor, rehearsal.url(profile))
        made: Team = published(actor, pinned)
        fleet.sweeper()
        return start_run(actor=actor, team=made, value={"topic": "tea"}, **fields)

    return start


def ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.has_ended


def reaches(run: Run, status: str, fleet: Fleet) -> None:
    def there() -> bool:
        run.refresh_from_db()
        if run.has_ended and run.status != status:
            pytest.fail(f"the run ended as {run.status}: {run.error}")
        return run.status == status

    wait_until(there, f"run {run.pk} to be {status}; log:\n{fleet.log('w1')[-3000:]}")


def happened(run: Run, kind: str, path: str) -> bool:
    return Event.objects.filter(run=run, type=kind, path=path).exists()


def counts(rehearsal: RehearsalServer, profile: str) -> Any:
    return rehearsal.ledger(profile)["totals"]


def test_a_run_ends_with_an_output_a_verified_log_and_a_ledger_that_adds_up(
    launch: Callable[..., Run], fleet: Fleet, rehearsal: RehearsalServer, own_profile: str
) -> None:
    fleet.worker()
    run = launch(PIPELINE)
    reaches(run, "done", fleet)
    assert problems(run) == []
    assert run.output_digest
    assert (run.owner, run.lease_until, run.runnable) == ("", None, False)
    rows = run.ledger.all()
    assert len(rows) == 3
    spent = sum((row.cost or Decimal(0) for row in rows), Decimal(0))
    by_hand = Decimal(0)
    for row in rows:
        assert row.input_price is not None
        assert row.cached_price is not None
        assert row.output_price is not None
        by_hand += (row.input_tokens - row.cached_tokens) * row.input_price
        by_hand += row.cached_tokens * row.cached_price + row.output_tokens * row.output_price
    by_hand /= 1_000_000
    assert spent == by_hand == rows.aggregate(total=Sum("cost"))["total"]
    totals = counts(rehearsal, own_profile)
    assert totals["prompt_tokens"] == rows.aggregate(n=Sum("input_tokens"))["n"]
    assert totals["completion_tokens"] == rows.aggregate(n=Sum("output_tokens"))["n"]


def test_branches_that_end_at_the_same_moment_are_all_recorded(
    launch: Callable[..., Run], fleet: Fleet
) -> None:
    names = [f"w{n}" for n in range(20)]
    wide = team(
        {"input": IN, **{name: agent() for name in names}, "join": ("join", {}), "output": OUT},
        [edge for name in names for edge in (f"input>{name}", f"{name}>join")] + ["join>output"],
    )
    fleet.worker()
    run = launch(wide)
    reaches(run, "done", fleet)
    assert problems(run) == []
    assert Event.objects.filter(run=run, type="ModelCallCompleted").count() == 20


def test_a_parked_run_holds_no_worker_and_goes_on_when_decided(
    launch: Callable[..., Run], fleet: Fleet, actor: Member
) -> None:
    fleet.worker()
    run = launch(GATED)
    reaches(run, "waiting", fleet)
    wait_until(lambda: Run.objects.get(pk=run.pk).lease_until is None, "the lease to be given up")
    approval = Approval.objects.get(run=run)
    assert approval.status == "pending"
    decide_approval(actor=actor, approval=approval, decision="approve", digest=approval.digest)
    reaches(run, "done", fleet)
    assert problems(run) == []


def test_a_worker_killed_in_mid_run_costs_seconds_and_repeats_no_finished_call(
    launch: Callable[..., Run], fleet: Fleet, rehearsal: RehearsalServer, own_profile: str
) -> None:
    fleet.worker()
    run = launch(PIPELINE, "latency=400")
    wait_until(lambda: happened(run, "ModelCallStarted", "b"), "the second call to start")
    fleet.kill("w1")
    fleet.worker()
    reaches(run, "done", fleet)
    assert problems(run) == []
    started = list(Event.objects.filter(run=run, type="ModelCallStarted").values_list("call", flat=True))
    assert started.count("a/m1") == started.count("c/m1") == 1
    assert started.count("b/m1") == 2
    assert Event.objects.filter(run=run, type="CallAbandoned").count() == 1
    unknown = run.ledger.get(status="unknown")
    assert unknown.cost is None, "what the lost attempt cost is unknown, not zero"


def test_a_worker_killed_on_the_sweepers_machine_is_not_waited_for(
    launch: Callable[..., Run], fleet: Fleet
) -> None:
    """Its lease would last longer than this test may."""
    fleet.worker("w1", LEASE_SECONDS="3600", HEARTBEAT_SECONDS="1200")
    run = launch(PIPELINE, "latency=400")
    wait_until(lambda: happened(run, "ModelCallStarted", "b"), "the second call to start")
    fleet.kill("w1")
    fleet.worker("w1")
    reaches(run, "done", fleet)
    assert problems(run) == []
    assert run.epoch == 2


def test_a_zombie_is_fenced(launch: Callable[..., Run], fleet: Fleet) -> None:
    """A worker that is paused beyond its lease and wakes must neither append nor dispatch."""
    fleet.worker("w1")
    run = launch(PIPELINE, "latency=300")
    wait_until(lambda: happened(run, "ModelCallStarted", "a"), "the first call to start")
    fleet.kill("w1", signal.SIGSTOP)
    fleet.worker("w2")
    wait_until(lambda: Run.objects.get(pk=run.pk).epoch == 2, "the other worker to take over")
    fleet.kill("w1", signal.SIGCONT)
    wait_until(lambda: ended(run), "the run to end")
    assert run.status == "done"
    assert problems(run) == []
    assert run.epoch == 2
    completed = Event.objects.filter(run=run, type="ModelCallCompleted").values_list("call", flat=True)
    assert sorted(completed) == ["a/m1", "b/m1", "c/m1"]
    fleet.kill("w2")


def test_stop_aborts_the_request_in_flight(
    launch: Callable[..., Run], fleet: Fleet, actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    fleet.worker()
    run = launch(PIPELINE, "hang")
    wait_until(lambda: happened(run, "ModelCallStarted", "a"), "the call to start")
    profile = f"{own_profile},hang"
    wait_until(lambda: counts(rehearsal, profile)["started"], "the endpoint to have the request")
    assert cancel_run(actor=actor, run=run)
    reaches(run, "cancelled", fleet)
    wait_until(lambda: counts(rehearsal, profile)["aborted"] == 1, "the connection to be closed")
    assert counts(rehearsal, profile)["started"] == 1
    assert problems(run) == []
    assert cancel_run(actor=actor, run=run) is False


def test_messages_do_not_pile_up_while_no_worker_has_room(
    launch: Callable[..., Run], actor: Member, fleet: Fleet, redis_url: str
) -> None:
    _nobody_works(fleet)
    first = launch(PIPELINE)
    _nobody_works(fleet)
    again = partial(start_run, actor=actor, team=first.team_version.team, value={"topic": "tea"})
    runs = [first, again(), again()]
    with redis.Redis.from_url(redis_url) as client:
        client.delete("runs")
        assert set(sweep()) == {run.pk for run in runs}  # they were lost
        for _ in range(5):
            assert sweep() == []
        assert client.llen("runs") == 3
        client.rpop("runs")
        assert set(sweep()) == {run.pk for run in runs}  # which one of them was lost is not known
        assert client.llen("runs") == 5
    fleet.worker()
    for run in runs:
        reaches(run, "done", fleet)


def _nobody_works(fleet: Fleet) -> None:
    for name in list(fleet.processes):
        fleet.kill(name)


def test_lost_messages_change_nothing(
    launch: Callable[..., Run], fleet: Fleet, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.worker()
    monkeypatch.setattr("runs.actions.appending.offer", lambda run: None)
    run = launch(PIPELINE, "latency=200")
    wait_until(lambda: happened(run, "ModelCallStarted", "b"), "the sweeper to offer the run")
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    reaches(run, "done", fleet)
    assert problems(run) == []


def test_doubled_messages_change_nothing(launch: Callable[..., Run], fleet: Fleet) -> None:
    from runs.tasks import advance

    fleet.worker()
    run = launch(PIPELINE, "latency=100")
    for _ in range(20):
        advance.delay(str(run.pk))
    reaches(run, "done", fleet)
    assert problems(run) == []
    assert Event.objects.filter(run=run, type="ModelCallStarted").count() == 3


def test_a_warm_shutdown_lets_the_call_finish_and_parks(launch: Callable[..., Run], fleet: Fleet) -> None:
    fleet.worker()
    run = launch(PIPELINE, "latency=400")
    wait_until(lambda: happened(run, "ModelCallStarted", "a"), "the first call to start")
    fleet.kill("w1", signal.SIGTERM)
    assert happened(run, "ModelCallCompleted", "a")
    run.refresh_from_db()
    assert run.lease_until is None
    fleet.worker()
    reaches(run, "done", fleet)
    assert Event.objects.filter(run=run, type="ModelCallStarted").count() == 3
    assert problems(run) == []


def test_a_deadline_passes_while_nobody_holds_the_run(launch: Callable[..., Run], fleet: Fleet) -> None:
    fleet.worker()
    expiring = GATED.model_copy(deep=True)
    gate = next(node for node in expiring.graph.nodes if node.id == "gate")
    gate.config["deadline_s"] = 1.0
    run = launch(expiring)
    reaches(run, "failed", fleet)
    assert Approval.objects.get(run=run).status == "expired"
    assert problems(run) == []


def test_rate_limits_and_server_errors_are_retried(launch: Callable[..., Run], fleet: Fleet) -> None:
    fleet.worker()
    run = launch(PIPELINE, "rate_limit=1")
    reaches(run, "done", fleet)
    assert Event.objects.filter(run=run, type="ModelCallFailed").count() == 3
    assert problems(run) == []


@pytest.mark.parametrize("trouble", ["cut", "garbage", "bad_schema", "error=500"])
def test_a_broken_endpoint_fails_the_run_within_bounds_and_says_why(
    launch: Callable[..., Run], fleet: Fleet, trouble: str
) -> None:
    fleet.worker()
    run = launch(PIPELINE, trouble)
    wait_until(lambda: ended(run), "the run to end")
    assert problems(run) == []
    if run.status == "failed":
        assert run.error
