"""Shared budgets on real workers: killed at the worst moments, stopped at limits, asked, raised, woken."""

from __future__ import annotations

import signal
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum

from agents.models import Team
from runs.actions import decide_approval, start_run
from runs.actions.budgets import change_budget, set_budget
from runs.budgets.models import Budget, BudgetHold
from runs.models import Approval, Event, LedgerEntry, Run
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

PIPELINE = team({"input": IN, "a": agent(), "b": agent(), "output": OUT}, ["input>a", "a>b", "b>output"])
WIDE = team(
    {"input": IN, **{f"w{n}": agent() for n in range(12)}, "join": ("join", {}), "output": OUT},
    [edge for n in range(12) for edge in (f"input>w{n}", f"w{n}>join")] + ["join>output"],
)


@pytest.fixture
def actor() -> Member:
    return owner()


@pytest.fixture
def launch(actor: Member, rehearsal: RehearsalServer, own_profile: str, fleet: Fleet) -> Callable[..., Run]:
    def start(pinned: Any, trouble: str = "") -> Run:
        made = Team.objects.filter(workspace=actor.workspace).first()
        if made is None:
            endpoint(actor, rehearsal.url(f"{own_profile},{trouble}" if trouble else own_profile))
            made = published(actor, pinned)
        fleet.sweeper()
        return start_run(actor=actor, team=made, value={"topic": "tea"})

    return start


def reaches(run: Run, status: str, fleet: Fleet) -> None:
    def there() -> bool:
        run.refresh_from_db()
        if run.has_ended and run.status != status:
            pytest.fail(f"the run ended as {run.status}: {run.error}")
        return run.status == status

    wait_until(there, f"run {run.pk} to be {status}; log:\n{fleet.log('w1')[-3000:]}")


def happened(run: Run, kind: str) -> int:
    return Event.objects.filter(run=run, type=kind).count()


def of_workspace(actor: Member, **fields: Any) -> Budget:
    return set_budget(actor=actor, budget=Budget(**fields))


def adds_up(one: Budget) -> None:
    """Nothing is held any more, and what is booked is what was used, or assumed of calls nobody knows."""
    wait_until(lambda: not BudgetHold.objects.exists(), "the last hold to be released")
    one.refresh_from_db()
    used = LedgerEntry.objects.aggregate(cost=Sum("cost"), i=Sum("input_tokens"), o=Sum("output_tokens"))
    assert one.spent_cost - one.assumed_cost == used["cost"]
    assert one.spent_tokens - one.assumed_tokens == used["i"] + used["o"]
    assert one.spent_calls == LedgerEntry.objects.count()
    assert one.reserved_cost == one.reserved_tokens == one.reserved_calls == 0
    assert abs(one.reserved_seconds) < 1e-6


@pytest.mark.parametrize(
    ("moment", "event"),
    [
        ("before commit", "ModelCallStarted"),  # held, but never started
        ("after commit", "ModelCallStarted"),  # started, but never sent
        ("before the result's commit", "ModelCallCompleted"),  # answered, but not recorded
        ("after commit", "ModelCallCompleted"),  # recorded, but not settled
    ],
)
def test_a_worker_killed_around_a_call_leaves_nothing_held_and_every_sum_right(
    launch: Callable[..., Run], actor: Member, fleet: Fleet, moment: str, event: str, tmp_path: Path
) -> None:
    one = of_workspace(actor, cost_limit=Decimal(10), token_limit=10**6)
    if "w1" in fleet.processes:
        fleet.kill("w1")
    dying = fleet.worker("w1", TROUPE_FAILPOINTS=str(tmp_path))
    fleet.kill("w1", signal.SIGSTOP)
    run = launch(PIPELINE)
    (tmp_path / f"{run.pk} {event} {moment}").write_text("kill")
    fleet.kill("w1", signal.SIGCONT)
    dying.wait(60)
    assert (tmp_path / f"{run.pk} {event} {moment}.hit").exists()
    fleet.worker()
    reaches(run, "done", fleet)
    assert problems(run) == []
    adds_up(one)
    assert one.spent_calls == happened(run, "ModelCallStarted")


def test_branches_throttle_below_a_shared_limit_instead_of_stopping_at_it(
    launch: Callable[..., Run], actor: Member, fleet: Fleet
) -> None:
    fleet.worker()
    one = of_workspace(
        actor, cost_limit=Decimal("0.0105")
    )  # a call may cost 0.003, and costs a tenth of that
    run = launch(WIDE)
    reaches(run, "done", fleet)
    assert happened(run, "BudgetExceeded") == 0
    adds_up(one)
    assert one.spent_calls == 12


def test_a_run_stopped_by_a_shared_limit_parks_says_why_and_goes_on_when_it_is_raised(
    launch: Callable[..., Run], actor: Member, fleet: Fleet
) -> None:
    fleet.worker()
    one = of_workspace(actor, call_limit=1)
    runs = [launch(PIPELINE) for _ in range(3)]
    for run in runs:
        reaches(run, "waiting", fleet)
        words = "The workspace's budget for today: the limit of 1 model call is reached."
        assert run.activity.startswith(words)
    change_budget(actor=actor, budget=one, call_limit=100)
    for run in runs:
        reaches(run, "done", fleet)
        assert problems(run) == []
    adds_up(one)
    assert one.spent_calls == 6


def test_a_shared_soft_limit_asks_in_one_run_and_its_answer_lets_all_go_on(
    launch: Callable[..., Run], actor: Member, fleet: Fleet
) -> None:
    fleet.worker()
    one = of_workspace(actor, call_limit=100, soft_percent=1)
    runs = [launch(PIPELINE) for _ in range(3)]
    for run in runs:
        reaches(run, "waiting", fleet)
    asked = wait_until(lambda: Approval.objects.filter(kind="budget").first(), "somebody to be asked")
    decide_approval(actor=actor, approval=asked, decision="approve", digest=asked.digest)
    for run in runs:
        reaches(run, "done", fleet)
        assert problems(run) == []
    assert Approval.objects.count() == 1
    adds_up(one)


def test_a_budget_set_while_a_run_is_at_work_is_kept_within_a_heartbeat(
    launch: Callable[..., Run], actor: Member, fleet: Fleet
) -> None:
    fleet.worker()
    run = launch(PIPELINE, "latency=1500")
    wait_until(lambda: happened(run, "ModelCallStarted"), "the first call to start")
    one = of_workspace(actor, call_limit=1)
    reaches(run, "waiting", fleet)
    assert happened(run, "ModelCallStarted") == 1
    wait_until(lambda: not BudgetHold.objects.exists(), "nothing to be held")
    assert Budget.objects.get(pk=one.pk).call_limit == 1
