"""Shared budgets in PostgreSQL: never more spent and reserved than the limit, however many call at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Team
from runs.budgets import upkeep
from runs.budgets.models import Budget, BudgetHold
from runs.engine import events as ev
from runs.execute.store import Store
from studio.workspaces.access import Member
from tests.runs.budget_calls import Caller
from tests.runs.budget_rows import alone, budget, caller, in_loop, read
from tests.workers import Fleet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor(fleet: Fleet) -> Member:
    return alone(fleet)


# ── one call ────────────────────────────────────────────────────────────────────────────────────────
def test_a_hold_of_every_budget_or_of_none(actor: Member) -> None:
    team = Team.objects.create(workspace=actor.workspace, name="Crowd")
    wide, tight = (
        budget(actor, token_limit=10_000),
        budget(actor, scope="team", team=team, token_limit=150),
    )

    async def work(store: Store) -> Any:
        one = caller(store, actor, wide, tight)
        fits = await one.reserve(one.started("a/m1"))
        return fits, await one.reserve(one.started("a/m2"))

    fits, hindered = in_loop(work)
    assert fits is None
    assert hindered.scope == str(tight.pk)
    assert hindered.message == (
        "The budget of the team Crowd for today: the next call may need 100 tokens; 50 of 150 are left. "
        "Calls in flight have reserved the rest."
    )
    assert (read(wide).reserved_tokens, read(tight).reserved_tokens) == (100, 100)
    assert BudgetHold.objects.count() == 2


def test_a_call_waits_without_an_event_while_its_own_run_has_others_in_flight(actor: Member) -> None:
    tight = budget(actor, token_limit=150)

    async def work(store: Store) -> Any:
        one = caller(store, actor, tight)
        first = one.started("a/m1")
        await one.reserve(first)
        one.add(first)
        return await one.reserve(one.started("a/m2"))

    assert in_loop(work) == "later"


def test_reserving_twice_holds_once(actor: Member) -> None:
    one_budget = budget(actor, token_limit=10_000)

    async def work(store: Store) -> None:
        one = caller(store, actor, one_budget)
        await one.reserve(one.started("a/m1"))
        await one.reserve(one.started("a/m1"))
        again = caller(store, actor, one_budget, run=one.run)  # after an append whose answer was lost
        await again.reserve(again.started("a/m1"))

    in_loop(work)
    assert (read(one_budget).reserved_tokens, read(one_budget).reserved_calls) == (100, 1)


def test_an_answer_that_is_not_committed_yet_makes_room_for_what_follows_it(actor: Member) -> None:
    tight = budget(actor, cost_limit=Decimal("0.15"))

    async def work(store: Store) -> Any:
        one = caller(store, actor, tight)
        first = one.started("a/m1")
        await one.reserve(first)
        one.commit(one.add(first))
        answer = one.add(one.answered("a/m1", "0.02"))
        second = one.started("a/m2")
        hindered = await one.reserve(second, [answer])
        during = await store._one("SELECT reserved_cost FROM runs_budget", {})
        one.commit(answer, one.add(second))
        await one.scopes.settle()
        return hindered, during

    hindered, during = in_loop(work)
    assert hindered is None
    assert during == (Decimal("0.12"),)
    assert (read(tight).spent_cost, read(tight).reserved_cost) == (Decimal("0.02"), Decimal("0.1"))


def test_a_start_that_was_not_made_after_all_gives_its_hold_back(actor: Member) -> None:
    one_budget = budget(actor, token_limit=10_000)

    async def work(store: Store) -> None:
        one = caller(store, actor, one_budget)
        await one.reserve(one.started("a/m1"))
        one.commit(ev.CancelRequested(by="me"))
        await one.scopes.settle()

    in_loop(work)
    assert (read(one_budget).reserved_tokens, read(one_budget).spent_tokens) == (0, 0)


@pytest.mark.parametrize(
    ("charge", "cost", "tokens", "unknown"),
    [
        ({"status": "settled"}, "0.03", 10, 0),
        ({"status": "estimated"}, "0.03", 10, 0),
        ({"status": "settled", "cost": None}, "0", 10, 1),
        ({"status": "unknown", "cost": None}, "0.1", 100, 1),
    ],
)
def test_what_is_booked_of_a_charge(
    actor: Member, charge: dict[str, Any], cost: str, tokens: int, unknown: int
) -> None:
    one_budget = budget(actor, cost_limit=Decimal(5))

    async def work(store: Store) -> None:
        one = caller(store, actor, one_budget)
        await one.reserve(one.started("a/m1"))
        one.commit(one.add(one.started("a/m1")))
        one.commit(one.add(one.answered("a/m1", **({"cost": "0.03"} | charge))))
        await one.scopes.settle()

    in_loop(work)
    read(one_budget)
    assert (one_budget.spent_cost, one_budget.spent_tokens) == (Decimal(cost), tokens)
    assert (one_budget.unknown_calls, one_budget.reserved_cost) == (unknown, Decimal(0))


def test_more_than_the_bound_is_booked_as_it_was_billed(actor: Member) -> None:
    one_budget = budget(actor, cost_limit=Decimal("0.1"))

    async def work(store: Store) -> Any:
        one = caller(store, actor, one_budget)
        await one.reserve(one.started("a/m1"))
        one.commit(one.add(one.started("a/m1")))
        one.commit(one.add(one.answered("a/m1", "0.5")))
        await one.scopes.settle()
        return await one.reserve(one.started("a/m2"))

    assert in_loop(work).limit == "cost"
    assert read(one_budget).spent_cost == Decimal("0.5")


def test_an_unknown_price_stops_under_a_money_limit_unless_it_is_allowed(actor: Member) -> None:
    strict = budget(actor, cost_limit=Decimal(1))

    async def ask(store: Store) -> Any:
        one = caller(store, actor, strict)
        return await one.reserve(one.started("a/m1", reserved_cost=None))

    assert in_loop(ask).limit == "price"
    Budget.objects.update(unknown_prices_allowed=True)
    assert in_loop(ask) is None


def test_simulated_calls_hold_nothing(actor: Member) -> None:
    tiny = budget(actor, token_limit=1)

    async def work(store: Store) -> Any:
        one = caller(store, actor, tiny)
        return await one.reserve(one.started("a/m1", simulated=True))

    assert in_loop(work) is None


def test_where_nobody_set_a_budget_the_database_is_not_asked(actor: Member) -> None:
    class Nowhere:
        @property
        def pool(self) -> Any:
            raise AssertionError("a statement was made")

    async def work() -> None:
        one = Caller(Nowhere(), actor.workspace.pk, actor.workspace.pk, [])  # type: ignore[arg-type]
        started = one.started("a/m1")
        assert await one.reserve(started) is None
        one.commit(one.add(started))
        one.commit(one.add(one.answered("a/m1", "0.01")))
        await one.scopes.settle()

    asyncio.run(work())


def test_a_new_day_begins_with_nothing_spent_and_keeps_what_is_reserved(actor: Member) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    old = budget(
        actor, cost_limit=Decimal("0.25"), window_start=yesterday, spent_cost=Decimal("0.25"), passed="cost"
    )
    Budget.objects.update(reserved_cost=Decimal("0.1"))

    async def work(store: Store) -> Any:
        one = caller(store, actor, old)
        return await one.reserve(one.started("a/m1"))

    assert in_loop(work) is None
    assert (read(old).spent_cost, old.reserved_cost, old.passed) == (Decimal(0), Decimal("0.2"), "")


# ── soft limits ─────────────────────────────────────────────────────────────────────────────────────
def test_a_soft_limit_is_asked_once_by_one_run_and_the_others_wait_for_the_answer(actor: Member) -> None:
    soft = budget(actor, cost_limit=Decimal(1), soft_percent=5)

    async def work(store: Store) -> Any:
        first, second = caller(store, actor, soft), caller(store, actor, soft)
        asks = await first.reserve(first.started("a/m1"))
        return first.run, asks, await second.reserve(second.started("a/m1"))

    run, asks, waits = in_loop(work)
    assert isinstance(asks, ev.ApprovalRequested)
    assert (asks.kind, asks.least_role) == ("budget", 40)
    assert asks.title == (
        "The workspace's budget for today: the soft limit of $0.05 is reached: go on up to $1.00?"
    )
    assert (waits.limit, waits.scope) == ("soft", str(soft.pk))
    assert (read(soft).asked_run, soft.asked_key) == (run, f"a\n{asks.key}")


@pytest.mark.parametrize(("decision", "fits"), [("approve", True), ("reject", False)])
def test_the_answer_holds_for_everybody_this_period(actor: Member, decision: Any, fits: bool) -> None:
    soft = budget(actor, cost_limit=Decimal(1), soft_percent=5)

    async def work(store: Store) -> Any:
        first, second = caller(store, actor, soft), caller(store, actor, soft)
        asks = first.add(await first.reserve(first.started("a/m1")))
        decided = ev.ApprovalDecided(
            path="a", key=asks.key, decision=decision, subject=asks.subject, by="o", by_name="Olga"
        )
        first.add(decided)
        return [await one.reserve(one.started("a/m2")) for one in (first, second)]

    events = in_loop(work)
    assert [event is None for event in events] == [fits, fits]
    read(soft)
    assert (soft.asked_run, soft.passed, soft.refused) == (
        None,
        "cost" if fits else "",
        "" if fits else "Olga",
    )
    if not fits:
        assert events[1].message == (
            "The workspace's budget for today: it ends at the soft limit of $0.05, as Olga decided."
        )


def test_a_question_that_was_never_asked_is_forgotten(actor: Member) -> None:
    soft = budget(actor, cost_limit=Decimal(1), soft_percent=5)

    async def work(store: Store) -> None:
        one = caller(store, actor, soft)
        await one.reserve(one.started("a/m1"))

    in_loop(work)
    upkeep.hear_answers()
    assert read(soft).asked_run is not None
    Budget.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    upkeep.hear_answers()
    assert read(soft).asked_run is None
