"""Two real workers at one endpoint: they keep its limits together, leave it alone together, and fall back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from agents.endpoint_state import read
from agents.models import Team
from runs.actions import cancel_run, start_run
from runs.models import Event, Run
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
SPARE = {"endpoint": "spare", "model": "rehearsal"}


def single(**spec: Any) -> Any:
    return team({"input": IN, "a": agent(), "output": OUT}, ["input>a", "a>output"], agents={"writer": spec})


def wide(branches: int) -> Any:
    names = [f"w{n}" for n in range(branches)]
    nodes = {"input": IN, **{name: agent() for name in names}, "join": ("join", {}), "output": OUT}
    edges = [edge for name in names for edge in (f"input>{name}", f"{name}>join")]
    return team(nodes, [*edges, "join>output"])


@pytest.fixture
def actor() -> Member:
    return owner()


@pytest.fixture
def two(fleet: Fleet) -> Fleet:
    fleet.worker("w1")
    fleet.worker("w2")
    fleet.sweeper()
    return fleet


Launch = Callable[..., list[Run]]


@pytest.fixture
def launch(actor: Member, two: Fleet) -> Launch:
    """So many runs of a graph, each with an input of its own unless it is given."""
    made: dict[int, Team] = {}

    def start(pinned: Any, number: int = 1, value: Any = None) -> list[Run]:
        known = made.setdefault(id(pinned), published(actor, pinned))
        inputs = [value or {"topic": f"tea {n}"} for n in range(number)]
        return [start_run(actor=actor, team=known, value=one) for one in inputs]

    return start


def all_ended(runs: list[Run], status: str = "done") -> None:
    def there() -> bool:
        rows = Run.objects.filter(pk__in=[run.pk for run in runs]).values_list("status", "error")
        wrong = [row for row in rows if row[0] in Run.ENDED and row[0] != status]
        assert not wrong, wrong
        return all(row[0] == status for row in rows)

    wait_until(there, f"{len(runs)} runs to be {status}", 60)
    for run in runs:
        assert problems(run) == []


def events(runs: list[Run], kind: str) -> list[dict[str, Any]]:
    rows = Event.objects.filter(run__in=[run.pk for run in runs], type=kind).order_by("at")
    return [json.loads(body) for body in rows.values_list("body", flat=True)]


def test_two_workers_keep_one_limit_and_use_all_of_it(
    launch: Launch, actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    profile = f"{own_profile},latency=150"
    endpoint(actor, rehearsal.url(profile), concurrency=5)
    runs = launch(single(), 40)
    all_ended(runs)
    totals = rehearsal.ledger(profile)["totals"]
    assert totals["started"] == totals["completed"] == 40
    assert totals["most_in_flight"] == 5
    owners = set(Run.objects.values_list("owner", flat=True))
    assert owners == {""}


def test_a_run_with_many_calls_does_not_starve_a_run_with_one(
    launch: Launch, actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    endpoint(actor, rehearsal.url(f"{own_profile},latency=500"), concurrency=2)
    (big,) = launch(wide(60))
    wait_until(lambda: Event.objects.filter(run=big, type="ModelCallStarted").count() >= 2, "it to begin")
    small = launch(single(), 3)
    all_ended(small)
    ahead = [event["at"] for event in events([big], "ModelCallStarted")]
    for run in small:
        (asked,) = [event["at"] for event in events([run], "NodeStarted") if event["path"] == "a"]
        (begun,) = [event["at"] for event in events([run], "ModelCallStarted")]
        overtaken = sum(asked < at < begun for at in ahead)
        assert overtaken <= 6, "sixty calls wait, and a few may go before that of another run"
    assert cancel_run(actor=actor, run=big)
    all_ended([big], "cancelled")


def test_waiting_for_a_slot_holds_no_money_and_can_be_stopped(
    launch: Launch, actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    profile = f"{own_profile},hang"
    made = endpoint(actor, rehearsal.url(profile), concurrency=1)
    first, second = launch(single(), 2)
    wait_until(lambda: read([made.pk])[made.pk].waiting == 1, "one call to wait for the other")
    wait_until(lambda: len(events([first, second], "ModelCallHeld")) == 1, "the wait to be told")
    (held,) = events([first, second], "ModelCallHeld")
    assert (held["code"], held.get("after_s")) == ("queued", None)
    assert "1 calls at once" in held["message"]
    started = events([first, second], "ModelCallStarted")
    assert len(started) == 1, "what waits has reserved nothing"
    for run in (first, second):
        cancel_run(actor=actor, run=run)
    all_ended([first, second], "cancelled")
    assert rehearsal.ledger(profile)["totals"]["started"] == 1
    wait_until(lambda: read([made.pk])[made.pk].in_flight == 0, "the slots to be free")


def test_slots_of_a_killed_worker_are_used_again(
    launch: Launch, actor: Member, two: Fleet, rehearsal: RehearsalServer, own_profile: str
) -> None:
    profile = f"{own_profile},latency=400"
    endpoint(actor, rehearsal.url(profile), concurrency=2)
    runs = launch(single(), 12)
    wait_until(lambda: len(events(runs, "ModelCallCompleted")) >= 2, "work to be under way")
    two.kill("w1")
    all_ended(runs)


def test_an_endpoint_that_fails_is_left_alone_and_runs_fall_back(
    launch: Launch, actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    broken, spare = f"{own_profile},error=500", f"{own_profile},times=1"
    made = endpoint(actor, rehearsal.url(broken), concurrency=4)
    endpoint(actor, rehearsal.url(spare), name="spare")
    runs = launch(single(fallbacks=[SPARE]), 30)
    all_ended(runs)
    asked = rehearsal.ledger(broken)["totals"]["started"]
    assert asked < 30 * 3 / 2, "without a breaker each run would have asked three times"
    hops = events(runs, "FellBack")
    assert {hop["to_model"] for hop in hops} == {"rehearsal at spare"}
    assert "breaker_open" in {hop["because"] for hop in hops}
    assert rehearsal.ledger(spare)["totals"]["completed"] == 30
    assert read([made.pk])[made.pk].breaker
    for run in runs[:3]:
        assert {row.endpoint for row in run.ledger.all()} == {"spare"}, "priced as the model really asked"


def test_one_call_tries_and_when_it_is_answered_the_others_follow(
    launch: Launch, actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    profile = f"{own_profile},error=503,times=7"
    made = endpoint(actor, rehearsal.url(profile), concurrency=2)
    runs = launch(single(limits={"retries": 10}), 6, {"topic": "the same for all"})
    all_ended(runs)
    held = events(runs, "ModelCallHeld")
    codes = {event["code"] for event in held}
    assert codes  # whether they come while it is open or while one call tries, is luck
    assert codes <= {"breaker_open", "probing"}
    assert all(event.get("after_s", 0) > 0 for event in held if event["code"] == "breaker_open")
    totals = rehearsal.ledger(profile)["totals"]
    assert (totals["failed"], totals["completed"]) == (7, 6)
    wait_until(lambda: not read([made.pk])[made.pk].breaker, "the breaker to be closed")


def test_a_retry_after_is_obeyed_by_all_runs(
    launch: Launch, actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    profile = f"{own_profile},rate_limit=1,retry_after=3"
    endpoint(actor, rehearsal.url(profile), concurrency=8)
    pinned, value = single(), {"topic": "the same for all"}
    first = launch(pinned, 1, value)
    wait_until(lambda: events(first, "ModelCallFailed"), "the first call to be refused")
    (failed,) = events(first, "ModelCallFailed")
    others = launch(pinned, 6, value)
    all_ended([*first, *others])
    later = [
        event["at"] for event in events([*first, *others], "ModelCallStarted") if event["at"] > failed["at"]
    ]
    assert len(later) == 7
    assert min(later) >= failed["at"] + 3_000_000 - 100_000
    assert {event["code"] for event in events(others, "ModelCallHeld")} == {"rate_limited"}
    assert rehearsal.ledger(profile)["totals"]["failed"] == 1


def test_while_it_pauses_no_worker_is_held(
    launch: Launch, actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    endpoint(actor, rehearsal.url(f"{own_profile},rate_limit=1,retry_after=50"), concurrency=8)
    (run,) = launch(single())
    wait_until(lambda: events([run], "TimerSet"), "the back-off")
    (other,) = launch(single(), value={"topic": "another"})
    wait_until(lambda: events([other], "ModelCallHeld"), "the other run to be held")
    for one in (run, other):
        wait_until(lambda one=one: Run.objects.get(pk=one.pk).lease_until is None, "the run to be parked")  # type: ignore[misc]
        assert Run.objects.get(pk=one.pk).status == "running"
        assert cancel_run(actor=actor, run=one)
    all_ended([run, other], "cancelled")


def test_requests_a_minute_hold_over_both_workers(
    launch: Launch, actor: Member, rehearsal: RehearsalServer, own_profile: str
) -> None:
    profile = f"{own_profile},latency=20"
    made = endpoint(actor, rehearsal.url(profile), concurrency=50, requests_per_minute=9)
    runs = launch(single(), 14)
    wait_until(lambda: len(events(runs, "ModelCallCompleted")) == 9, "nine calls to be answered")
    wait_until(lambda: len(events(runs, "ModelCallHeld")) == 5, "the other five to say that they wait")
    assert rehearsal.ledger(profile)["totals"]["started"] == 9
    assert read([made.pk])[made.pk].waiting == 5
    rest = [run for run in runs if not Run.objects.get(pk=run.pk).has_ended]
    assert len(rest) == 5
    for run in rest:
        assert cancel_run(actor=actor, run=run)
    all_ended(rest, "cancelled")
