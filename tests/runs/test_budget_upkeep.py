"""What the sweeper does for shared budgets: orphans by the log, sums by the ledger, runs woken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from runs.actions.budgets import change_budget, remove_budget, set_budget, try_again
from runs.actions.errors import BadInput, Refused
from runs.budgets import upkeep
from runs.budgets.models import Budget, BudgetHold, BudgetWait
from runs.budgets.sums import count_anew
from runs.engine import events as ev
from runs.models import Event, Run
from runs.verify import problems
from studio.workspaces.access import Member
from tests.runs.factory import Script, charge
from tests.runs.scenes import opening
from tests.world import World

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def hold(one: Budget, run: Run, call: str, attempt: int = 1, epoch: int = 1, cost: str = "0.004") -> None:
    """As a worker makes one."""
    amount = Decimal(cost)
    BudgetHold.objects.create(
        budget=one,
        run_id=run.pk,
        call=call,
        attempt=attempt,
        epoch=epoch,
        cost=amount,
        tokens=4_000,
        seconds=60,
    )
    Budget.objects.filter(pk=one.pk).update(
        reserved_cost=one.reserved_cost + amount,
        reserved_tokens=one.reserved_tokens + 4_000,
        reserved_calls=one.reserved_calls + 1,
        reserved_seconds=one.reserved_seconds + 60,
    )
    one.refresh_from_db()


def of_workspace(member: Member, **fields: Any) -> Budget:
    return set_budget(actor=member, budget=Budget(**({"cost_limit": Decimal(5)} | fields)))


def script_of(world: World) -> Script:
    return Script(world.workspace, world.owner.user, ago_s=5)


def reserved(one: Budget) -> tuple[Any, ...]:
    one.refresh_from_db()
    return one.reserved_cost, one.reserved_tokens, one.reserved_calls, one.reserved_seconds


# ── orphans ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_call_that_ended_in_the_log_is_settled_by_its_ledger_row(world: World) -> None:
    one, script = of_workspace(world.admin), script_of(world)
    opening(script).node("policy")
    call = script.ask("policy", script.prompt("policy"))
    run = script.answer("policy", call, "x", 2, charge=charge(1_000, 100)).commit()
    Budget.objects.update(spent_cost=0, spent_tokens=0, spent_calls=0)
    one.refresh_from_db()
    hold(one, run, call)
    upkeep.settle_orphans(0)
    assert reserved(one) == (0, 0, 0, 0)
    assert (one.spent_cost, one.spent_tokens, one.spent_calls) == (Decimal("0.00045"), 1_100, 1)
    assert 1.9 < one.spent_seconds < 2.1


def test_an_abandoned_call_is_booked_with_its_bound_and_stays_so(world: World) -> None:
    one, script = of_workspace(world.admin), script_of(world)
    script.start({}).node("policy")
    call = script.ask("policy", script.prompt("policy"))
    run = script.add(ev.CallAbandoned(path="policy", call=call, charge=ev.Charge(status="unknown"))).commit()
    hold(one, run, call)
    upkeep.settle_orphans(0)
    count_anew(one.pk)
    assert reserved(one) == (0, 0, 0, 0)
    assert (one.spent_cost, one.spent_tokens, one.unknown_calls) == (Decimal("0.004"), 4_000, 1)


def test_a_call_in_flight_keeps_its_hold(world: World) -> None:
    one, script = of_workspace(world.admin), script_of(world)
    script.start({}).node("policy")
    call = script.ask("policy", script.prompt("policy"))
    hold(one, script.commit(), call)
    upkeep.settle_orphans(0)
    assert reserved(one)[2] == 1


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"owner": "w1", "epoch": 1, "lease_until": timedelta(seconds=15)}, True),
        ({"owner": "w1", "epoch": 1, "lease_until": timedelta(seconds=-15)}, True),
        ({"owner": "w1", "epoch": 1, "lease_until": timedelta(minutes=-5)}, False),
        ({"owner": "w2", "epoch": 2, "lease_until": timedelta(seconds=15)}, False),
        ({"owner": "", "epoch": 1}, False),
        ({"owner": "w1", "epoch": 1, "ended_at": timedelta()}, False),
    ],
)
def test_a_hold_whose_call_never_started_is_released_once_nobody_can_start_it(
    world: World, fields: dict[str, Any], kept: bool
) -> None:
    one = of_workspace(world.admin)
    run = script_of(world).start({}).commit()
    now = timezone.now()  # not when the tests were collected, minutes ago
    at = {name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    Run.objects.filter(pk=run.pk).update(**at)
    hold(one, run, "policy/m1")
    upkeep.settle_orphans(0)
    assert reserved(one)[2] == int(kept)
    assert one.spent_cost == 0


def test_a_young_hold_is_left_to_its_own_worker(world: World) -> None:
    one = of_workspace(world.admin)
    run = script_of(world).start({}).commit()
    hold(one, run, "policy/m1")
    upkeep.settle_orphans()
    assert reserved(one)[2] == 1


# ── sums ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_new_budget_knows_what_its_period_has_used(world: World) -> None:
    script = opening(script_of(world))
    run = script.commit()
    rows = list(run.ledger.all())
    one = of_workspace(world.admin)
    assert one.spent_cost == sum(row.cost or 0 for row in rows) > 0
    assert one.spent_tokens == sum(row.input_tokens + row.output_tokens for row in rows)
    assert one.spent_calls == len(rows)
    assert one.spent_seconds > 0
    clerk = rows[-1].agent_key
    world.owner.workspace.agents.create(key=clerk, name="Clerk")
    agent = world.owner.workspace.agents.get(key=clerk)
    mine = of_workspace(world.admin, scope="agent", agent=agent)
    assert mine.spent_calls == sum(row.agent_key == clerk for row in rows) < len(rows)
    team = of_workspace(world.admin, scope="team", team=run.team_version.team)
    assert team.spent_calls == len(rows)
    assert of_workspace(world.admin, scope="team", team=world.team()).spent_calls == 0


def test_calls_that_nobody_held_are_counted_and_held_ones_are_not_counted_twice(world: World) -> None:
    one = of_workspace(world.admin)
    run = opening(script_of(world)).commit()
    first, second = run.ledger.order_by("at")
    hold(one, run, first.call)
    count_anew(one.pk)
    one.refresh_from_db()
    assert one.spent_cost == second.cost
    upkeep.settle_orphans(0)
    one.refresh_from_db()
    assert one.spent_cost == (first.cost or 0) + (second.cost or 0)
    count_anew(one.pk)
    one.refresh_from_db()
    assert one.spent_cost == (first.cost or 0) + (second.cost or 0)


# ── stopped runs ────────────────────────────────────────────────────────────────────────────────────
def stopped(world: World, one: Budget, *, cost: str | None = "0.5", limit: str = "cost") -> Run:
    script = script_of(world).start({}, cost_limit=None).node("policy")
    exceeded = ev.BudgetExceeded(
        path="policy",
        limit=limit,  # type: ignore[arg-type]
        message="No room.",
        scope=str(one.pk),
        need_cost=cost,
        need_tokens=10,
    )
    return script.add(exceeded).commit()


def reopenings(run: Run) -> list[str]:
    bodies = (
        Event.objects.filter(run=run, type="BudgetReopened").order_by("seq").values_list("body", flat=True)
    )
    return [getattr(ev.decode(body), "because", "") for body in bodies]


def test_a_raise_wakes_what_fits_and_no_more(world: World, django_capture_on_commit_callbacks: Any) -> None:
    one = of_workspace(world.admin, cost_limit=Decimal("0.1"))
    runs = [stopped(world, one) for _ in range(3)]
    upkeep.wake()
    assert [reopenings(run) for run in runs] == [[], [], []]
    with django_capture_on_commit_callbacks(execute=True):
        change_budget(actor=world.admin, budget=one, cost_limit=Decimal("1.2"))
    assert [reopenings(run) for run in runs] == [["changed"], ["changed"], []]
    for run in runs:
        run.refresh_from_db()
    assert [run.runnable for run in runs] == [True, True, False]
    assert [run.status for run in runs] == ["running", "running", "waiting"]
    assert problems(runs[0]) == []
    assert BudgetWait.objects.get(open=True).run_id == runs[2].pk


def test_removing_a_budget_wakes_all_of_its_runs(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    one = of_workspace(world.admin, cost_limit=Decimal("0.1"))
    run = stopped(world, one, cost=None, limit="price")
    with django_capture_on_commit_callbacks(execute=True):
        remove_budget(actor=world.admin, budget=one)
    assert reopenings(run) == ["removed"]


def test_a_new_period_wakes_runs(world: World) -> None:
    one = of_workspace(world.admin, cost_limit=Decimal("0.6"))
    run = stopped(world, one)
    Budget.objects.update(window_start=TODAY - timedelta(days=1), spent_cost=Decimal("0.6"))
    BudgetWait.objects.update(at=TODAY - timedelta(hours=2))
    upkeep.keep_up()
    assert reopenings(run) == ["new period"]
    one.refresh_from_db()
    assert one.window_start == TODAY


def test_of_runs_at_a_soft_limit_one_is_woken_to_ask(world: World) -> None:
    one = of_workspace(world.admin, cost_limit=Decimal(1), soft_percent=10)
    runs = [stopped(world, one, limit="soft") for _ in range(3)]
    upkeep.wake()
    assert sum(len(reopenings(run)) for run in runs) == 1


def test_an_answer_given_in_a_run_that_ended_since_counts_all_the_same(world: World) -> None:
    one = of_workspace(world.admin, cost_limit=Decimal(1), soft_percent=10)
    key = f"soft/{one.pk}/cost/1"
    script = script_of(world).start({}, cost_limit=None).node("policy")
    script.request_approval("policy", key, "budget", "Go on?", {"kind": "budget"}, least_role=40)
    script.commit()
    Budget.objects.update(asked_run=script.run.pk, asked_key=f"policy\n{key}", asked_at=timezone.now())
    waiting = stopped(world, one, limit="soft")
    upkeep.keep_up()
    assert reopenings(waiting) == []
    subject = script.state.node("policy").approvals[key].subject
    by = str(world.owner.user.pk)
    script.add(
        ev.ApprovalDecided(path="policy", key=key, decision="approve", subject=subject, by=by, by_name="Olga")
    )
    script.add(ev.CancelRequested(by=by)).add(ev.RunCancelled()).commit()
    upkeep.keep_up()
    one.refresh_from_db()
    assert (one.passed, one.asked_run) == ("cost", None)
    assert reopenings(waiting) == ["decided"]


def test_a_person_lets_a_run_try_again_once(world: World) -> None:
    one = of_workspace(world.admin)
    run = stopped(world, one, cost=None, limit="price")
    upkeep.wake()
    assert reopenings(run) == []
    try_again(actor=world.operator, run=run)
    assert reopenings(run) == ["asked to"]
    with pytest.raises(Refused, match="does not wait for a shared budget"):
        try_again(actor=world.operator, run=run)


# ── what it costs where there are none ──────────────────────────────────────────────────────────────
def test_without_budgets_a_sweep_asks_one_question(world: World) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        upkeep.keep_up()
    assert len(queries) == 1


def test_a_budget_needs_a_limit_and_is_the_only_one_of_its_kind(world: World) -> None:
    with pytest.raises(BadInput, match="limits nothing"):
        set_budget(actor=world.admin, budget=Budget(soft_percent=80))
    of_workspace(world.admin)
    of_workspace(world.admin, period="month")
    with pytest.raises(BadInput, match="already"):
        of_workspace(world.admin)


def test_removed_budgets_take_their_holds_along(world: World) -> None:
    one = of_workspace(world.admin)
    BudgetHold.objects.create(
        budget=one, run_id=uuid4(), call="a", attempt=1, epoch=1, cost=1, tokens=1, seconds=1
    )
    remove_budget(actor=world.admin, budget=one)
    assert BudgetHold.objects.count() == 0
