"""Limits of a run: reserved before each call, kept over many branches, asked about, raised; its deadlines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runs.engine import budget as budgets
from runs.engine import events as ev
from runs.engine.budget import Amount, Caps, Standing, hindrance
from runs.engine.decide import activity, status
from runs.engine.fold import replay
from runs.projections.base import moment
from tests.engine.harness import SECOND, Engine, Says
from tests.engine.teams import AGENT, IN, OUT, agent, saying, team

DOLLAR = Decimal(1)


def wide(branches: int) -> Any:
    names = [f"w{i}" for i in range(branches)]
    return team(
        {"input": IN, **{n: agent() for n in names}, "join": ("join", {}), "output": OUT},
        [e for n in names for e in (f"input>{n}", f"{n}>join")] + ["join>output"],
    )


def line(**limits: Any) -> Any:
    """Two agents in sequence, the first with these limits of its own."""
    slow = AGENT | {"limits": limits}
    return team(
        {"input": IN, "a": agent("slow"), "b": agent(), "output": OUT},
        ["input>a", "a>b", "b>output"],
        agents={"slow": slow, "writer": AGENT},
    )


def gated() -> Any:
    return team(
        {"input": IN, "a": agent(), "gate": ("approval", {}), "b": agent(), "output": OUT},
        ["input>a", "a>gate", "gate>b", "b>output"],
    )


def held(run: Engine) -> Decimal:
    return run.state.budget.spent_cost + run.state.budget.reserved_cost


def raised(run: Engine, **limits: Any) -> Engine:
    run.add(ev.LimitsRaised(by="me", by_name="Me", **limits))
    return run.go()


# ── the arithmetic (a call of the harness reserves 0.1 dollars and 100 tokens, and costs a tenth of that) ──
@pytest.mark.parametrize(
    ("caps", "spent", "reserved", "need", "how"),
    [
        (Caps(), Amount(DOLLAR), Amount(DOLLAR), Amount(DOLLAR), None),
        (Caps(cost=DOLLAR), Amount(), Amount(), Amount(DOLLAR), None),
        (Caps(cost=DOLLAR), Amount(), Amount(Decimal("0.1")), Amount(DOLLAR), "later"),
        (Caps(cost=DOLLAR), Amount(Decimal("0.1")), Amount(), Amount(DOLLAR), "stop"),
        (Caps(cost=DOLLAR), Amount(), Amount(), Amount(None), "stop"),
        (Caps(tokens=10), Amount(tokens=4), Amount(tokens=3), Amount(tokens=3), None),
        (Caps(tokens=10), Amount(tokens=4), Amount(tokens=3), Amount(tokens=4), "later"),
        (Caps(calls=3), Amount(calls=2), Amount(), Amount(calls=1), None),
        (Caps(calls=3), Amount(calls=2), Amount(calls=1), Amount(calls=1), "later"),
        (Caps(calls=3), Amount(calls=3), Amount(), Amount(calls=1), "stop"),
        (Caps(seconds=9.5), Amount(seconds=4), Amount(seconds=3), Amount(seconds=3), "later"),
        (Caps(cost=DOLLAR, soft_percent=50), Amount(), Amount(), Amount(Decimal("0.5")), None),
        (Caps(cost=DOLLAR, soft_percent=50), Amount(), Amount(), Amount(Decimal("0.6")), "ask"),
        (Caps(tokens=10, soft_percent=50), Amount(tokens=2), Amount(tokens=2), Amount(tokens=2), "later"),
        (Caps(tokens=10, soft_percent=50), Amount(tokens=9), Amount(), Amount(tokens=2), "stop"),
    ],
)
def test_what_fits(caps: Caps, spent: Amount, reserved: Amount, need: Amount, how: str | None) -> None:
    found = hindrance(Standing(caps, spent, reserved), need)
    assert (found and found.how) == how


def test_the_gravest_hindrance_is_told() -> None:
    caps = Caps(cost=DOLLAR, tokens=100, soft_percent=50)
    found = hindrance(Standing(caps, Amount(Decimal("0.4"), 90)), Amount(Decimal("0.2"), 20))
    assert found is not None
    assert (found.how, found.limit) == ("stop", "tokens")
    assert found.message == "The next call may need 20 tokens; 10 of 100 are left."


def test_a_shared_budget_is_named_and_money_keeps_its_digits() -> None:
    standing = Standing(Caps(cost=DOLLAR), Amount(Decimal("0.996000000000")), whose="The workspace's budget")
    found = hindrance(standing, Amount(Decimal("0.0042")))
    assert found is not None
    assert found.message == (
        "The workspace's budget: the next call may cost $0.0042; $0.004 of $1.00 is left."
    )


# ── hard limits ─────────────────────────────────────────────────────────────────────────────────────
def test_fifty_branches_never_hold_more_than_the_limit_and_all_get_their_turn() -> None:
    run = Engine(wide(50), saying("x")).start(cost_limit="1.0")
    most = Decimal(0)
    while run.step():
        most = max(most, held(run))
    assert run.state.ended == "done"
    assert Decimal("0.9") < most <= DOLLAR
    assert run.state.budget.spent_cost == Decimal("0.5")
    assert run.state.budget.reserved == {}


def test_a_limit_that_is_used_up_parks_the_run_once_with_its_reason() -> None:
    run = Engine(wide(50), saying("x")).start(cost_limit="0.3")
    while run.step():
        assert held(run) <= Decimal("0.3")
    assert status(run.state) == "waiting"
    assert run.types().count("BudgetExceeded") == 1
    assert activity(run.state, run.plan).startswith("The next call may cost $0.10; ")


def test_raising_the_limit_lets_the_run_go_on() -> None:
    run = Engine(gated(), saying("x")).start(cost_limit="0.05").go()
    assert run.state.budget.blocked == "cost"
    assert raised(run, cost_limit="9").state.pending_approvals()


def test_an_unknown_price_asks_under_a_money_limit_and_is_never_zero() -> None:
    run = Engine(gated(), saying("x"), price=None).start(cost_limit="5").go()
    assert run.state.budget.blocked == "price"
    run = Engine(gated(), saying("x"), price=None).start().go()
    assert run.state.budget.unknown_costs == 1


# ── soft limits ─────────────────────────────────────────────────────────────────────────────────────
def test_a_soft_limit_asks_once_and_a_yes_goes_up_to_the_hard_one() -> None:
    run = Engine(wide(50), saying("x")).start(cost_limit="1.0", soft_percent=30).go()
    (asked,) = run.state.pending_approvals()
    assert (asked.kind, asked.title) == ("budget", "The soft limit of $0.30 is reached: go on up to $1.00?")
    assert run.content.get(asked.subject)["hard"] == "$1.00"
    assert (status(run.state), run.inflight) == ("waiting", {})
    run.decide("approve").go()
    assert run.types().count("ApprovalRequested") == 1
    assert run.state.budget.spent_cost > Decimal("0.3")


def test_a_no_makes_the_soft_limit_the_hard_one_until_it_is_raised() -> None:
    run = Engine(wide(50), saying("x")).start(cost_limit="1.0", soft_percent=30).go().decide("reject").go()
    assert run.state.budget.blocked == "soft"
    assert activity(run.state, run.plan) == "It ends at the soft limit of $0.30, as Someone decided."
    raised(run, cost_limit="9.0", soft_percent=90)
    assert run.state.ended == "done"


def test_a_raised_limit_asks_anew_at_its_own_soft_limit() -> None:
    run = Engine(wide(50), saying("x")).start(cost_limit="0.4", soft_percent=50).go().decide("approve").go()
    assert run.state.budget.blocked == "cost"
    raised(run, cost_limit="0.9", soft_percent=50)
    assert [one.title for one in run.state.pending_approvals()] == [
        "The soft limit of $0.45 is reached: go on up to $0.90?"
    ]


def test_a_question_that_is_withdrawn_with_its_node_is_asked_by_another() -> None:
    run = Engine(wide(50), saying("x")).start(cost_limit="1.0", soft_percent=30).go()
    asked = run.state.pending_approvals()[0]
    run.add(ev.NodeCancelled(path=asked.path, because="not needed"))
    assert not budgets.is_held(run.state)
    run.go()
    (again,) = run.state.pending_approvals()
    assert again.path != asked.path


# ── shared budgets, as the log knows them ───────────────────────────────────────────────────────────
def test_only_the_budget_that_stopped_a_run_reopens_it() -> None:
    run = Engine(gated(), saying("x")).start()
    run.add(ev.BudgetExceeded(path="a", limit="cost", message="Used up.", scope="one"))
    run.add(ev.BudgetReopened(scope="another", because="changed"))
    run.go()
    assert run.state.budget.blocked == "cost"
    assert run.inflight == {}
    run.add(ev.BudgetReopened(scope="one", because="new period"))
    assert run.go().state.pending_approvals()


# ── time ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_run_that_hangs_notices_its_time_limit_and_a_raise_sets_a_new_one() -> None:
    def forever(prompt: Any, attempt: int) -> Says:
        return Says("late", takes_s=500)

    run = Engine(gated(), forever).start(seconds_limit=60.0)
    run.step()
    assert run.state.budget.blocked == "seconds"
    assert run.now == run.state.started_at + 60 * SECOND
    run.go()
    assert status(run.state) == "waiting"
    raised(run, seconds_limit=5_000.0)
    assert run.state.pending_approvals()


def test_a_parked_run_notices_its_time_limit() -> None:
    run = Engine(gated(), saying("x")).start(seconds_limit=60.0).go()
    assert run.state.budget.blocked == "seconds"
    assert run.state.pending_approvals()


def slow(*seconds: float) -> Any:
    queue = list(seconds)
    return lambda prompt, attempt: Says("x", takes_s=queue.pop(0))


def breaches(run: Engine) -> list[tuple[str, float, float]]:
    return [(e.path, e.limit_s, e.elapsed_s) for e in run.log if isinstance(e, ev.LatencyBudgetExceeded)]


def test_an_agent_that_takes_too_long_is_told_once_and_not_stopped() -> None:
    run = Engine(line(latency_s=5), slow(30, 1)).start().go()
    assert breaches(run) == [("a", 5.0, 5.0)]
    assert run.state.ended == "done"
    assert run.node("a").over_latency
    assert not run.node("b").over_latency
    assert replay(run.log) == run.state


def test_an_agent_in_time_breaches_nothing() -> None:
    assert breaches(Engine(line(latency_s=5), slow(4, 30)).start().go()) == []


def test_a_run_over_its_latency_budget_is_told_once() -> None:
    run = Engine(line(), slow(3, 3)).start(latency_s=5.0).go()
    assert breaches(run) == [("", 5.0, 5.0)]
    assert run.state.ended == "done"


def test_the_time_a_person_takes_does_not_count() -> None:
    run = Engine(gated(), slow(3, 1)).start(latency_s=5.0)
    while not run.state.pending_approvals():
        run.step()
    run.go()
    run.now += 3_600 * SECOND
    assert breaches(run.decide("approve").go()) == []
    late = Engine(gated(), slow(3, 3)).start(latency_s=5.0)
    while not late.state.pending_approvals():
        late.step()
    late.now += 3_600 * SECOND
    assert breaches(late.decide("approve").go()) == [("", 5.0, 5.0)]


def test_time_spent_at_a_limit_does_not_count_either() -> None:
    run = Engine(line(), slow(3, 1)).start(latency_s=5.0, cost_limit="0.105").go()
    assert run.state.budget.blocked == "cost"
    run.now += 3_600 * SECOND
    assert breaches(raised(run, cost_limit="9")) == []
    assert run.state.ended == "done"


def test_a_limit_beyond_the_calendar_is_kept_by_a_timer_that_can_be_stored() -> None:
    run = Engine(gated(), saying("x")).start(seconds_limit=1e15, latency_s=1e15).go()
    timers = [event for event in run.log if isinstance(event, ev.TimerSet)]
    assert {timer.purpose for timer in timers} == {"time limit", "latency"}
    assert all(moment(timer.at + int(timer.after_s * SECOND)).year < 2100 for timer in timers)
