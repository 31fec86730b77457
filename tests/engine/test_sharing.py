"""What sub-teams may use of their run's limits: shares of what is left, held back, grown, given back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agents.topology.graph import PinnedSubteam, RunLimits
from runs.engine import events as ev
from runs.engine import sharing
from runs.engine.budget import Caps
from tests.engine.harness import SECOND, Engine, Says
from tests.engine.invariants import violations
from tests.engine.teams import AGENT, IN, OUT, agent, team
from tests.engine.test_forked import fork

SUB = ("team", {"team": "Inner"})
NO_LIMITS = RunLimits(model_calls=None)


def engine(nodes: dict[str, Any], edges: list[str], own: RunLimits = NO_LIMITS, **limits: Any) -> Engine:
    """A run whose sub-teams have these limits of their own, up to where nothing goes on by itself."""
    inner = PinnedSubteam(team="t", version="v", number=1, limits=own)
    made = team({"input": IN, **nodes, "output": OUT}, edges, agents={"lead": AGENT, "writer": AGENT})
    run = Engine(made.model_copy(update={"teams": {"Inner": inner}}), lambda prompt, attempt: Says("said"))
    run.start(**limits).think()
    return run


def side_by_side(*names: str, own: RunLimits = NO_LIMITS, **limits: Any) -> Engine:
    nodes = {name: agent() if name == "agent" else SUB for name in names} | {"join": ("join", {})}
    edges = [edge for name in names for edge in (f"input>{name}", f"{name}>join")] + ["join>output"]
    return engine(nodes, edges, own, **limits)


def given(run: Engine) -> dict[str, Caps]:
    """What each sub-team was started with."""
    return {
        event.path: Caps(
            None if event.cost_limit is None else Decimal(event.cost_limit),
            event.token_limit,
            event.call_limit,
            event.seconds_limit,
        )
        for event in run.log
        if isinstance(event, ev.ChildRunStarted)
    }


def ends(run: Engine, path: str, **used: Any) -> Engine:
    output = run.content.put("found")
    run.add(ev.ChildRunEnded(path=path, child="", status="done", output=output, **used))
    run.think()
    return run


def test_where_the_run_has_no_limits_a_sub_team_keeps_to_its_own() -> None:
    own = RunLimits(cost_usd="0.5", tokens=900, model_calls=7, seconds=60)
    run = side_by_side("a", own=own, call_limit=None)
    assert given(run) == {"a": Caps(Decimal("0.5"), 900, 7, 60)}
    assert run.state.budget.reserved["a", 0] == (Decimal(0), 0, 0)


def test_alone_it_may_use_all_that_is_left() -> None:
    run = engine({"a": SUB, "b": SUB}, ["input>a", "a>b", "b>output"], cost_limit="1", call_limit=20)
    assert given(run) == {"a": Caps(Decimal(1), calls=20)}  # the one that comes later does not count
    assert given(ends(run, "a", cost="0.4", calls=5))["b"] == Caps(Decimal("0.6"), calls=15)


def test_side_by_side_they_share_what_is_left_and_stay_under_the_limit_together() -> None:
    run = side_by_side("a", "b", "c", cost_limit="1", token_limit=1_000, call_limit=10)
    shares = given(run).values()
    assert [share.calls for share in shares] == [4, 3, 3]
    assert [share.tokens for share in shares] == [334, 333, 333]
    assert sum(share.cost or 0 for share in shares) == 1
    budget = run.state.budget
    assert (budget.reserved_cost, budget.reserved_tokens, budget.reserved_calls) == (Decimal(1), 1_000, 10)


def test_an_agent_at_work_beside_it_keeps_its_share() -> None:
    run = side_by_side("agent", "a", cost_limit="1", call_limit=10)
    assert given(run) == {"a": Caps(Decimal("0.45"), calls=5)}  # the agent's call holds 0.1 and is one
    assert not run.state.budget.blocked


def test_its_own_smaller_limit_leaves_more_for_the_next() -> None:
    run = side_by_side("a", "b", own=RunLimits(cost_usd="0.1", model_calls=2), cost_limit="1", call_limit=100)
    assert set(given(run).values()) == {Caps(Decimal("0.1"), calls=2)}


def test_one_that_finds_nothing_left_begins_once_another_gives_something_back() -> None:
    run = side_by_side("a", "b", call_limit=1)
    assert given(run) == {"a": Caps(calls=1)}
    assert run.state.node("b").status == "running"
    assert given(ends(run, "a", calls=0))["b"] == Caps(calls=1)


def test_one_that_finds_nothing_left_at_all_begins_and_is_stopped_by_that() -> None:
    run = engine({"a": SUB, "b": SUB}, ["input>a", "a>b", "b>output"], call_limit=3)
    assert given(ends(run, "a", calls=3))["b"] == Caps(calls=0)


def test_calls_of_the_run_itself_wait_for_what_a_sub_team_holds() -> None:
    nodes = {"a": SUB, "first": agent(), "second": agent(), "join": ("join", {})}
    edges = ["input>a", "input>first", "first>second", "second>join", "a>join", "join>output"]
    run = engine(nodes, edges, call_limit=3)
    run.add(ev.ChildLimitsRaised(path="a", child="", by="u", by_name="Ann", call_limit=2))
    run.go()
    budget = run.state.budget
    assert (budget.calls, budget.reserved_calls) == (1, 2)
    assert not budget.blocked  # the second waits; nobody needs to raise anything
    ends(run, "a", calls=1).go()
    assert run.state.ended == "done"
    assert violations(run.log) == []


def test_delegated_sub_teams_share_as_well() -> None:
    nodes = {"lead": agent("lead"), "a": SUB, "b": SUB}
    edges = ["input>lead", "lead>output", "lead:a", "lead:b"]
    inner = PinnedSubteam(team="t", version="v", number=1, limits=NO_LIMITS)
    made = team({"input": IN, **nodes, "output": OUT}, edges, agents={"lead": AGENT})
    asks = [("delegate_to_a", {"task": "one"}), ("delegate_to_b", {"task": "two"})]
    says = [Says(tools=asks), Says("both")]
    run = Engine(made.model_copy(update={"teams": {"Inner": inner}}), lambda prompt, attempt: says.pop(0))
    run.start(call_limit=21).go()
    assert [share.calls for share in given(run).values()] == [10, 10]


def test_it_has_as_long_as_the_run_has() -> None:
    nodes = {"agent": agent(), "a": SUB}
    run = engine(nodes, ["input>agent", "agent>a", "a>output"], seconds_limit=60.0)
    run.go()
    assert given(run) == {"a": Caps(seconds=59.0)}  # the agent took one


@pytest.mark.parametrize("restarted", [(), ("a",)])
def test_a_fork_asks_anew_for_those_at_work_under_limits_of_its_own(restarted: tuple[str, ...]) -> None:
    run = side_by_side("a", "b", "c", cost_limit="1", call_limit=30)
    ends(run, "c")
    at = run.state.seq
    made = fork(run, at, cost_limit="0.3", call_limit=7, restarted=restarted)
    made.think()
    again = {one.path: one.call_limit for one in made.log[at:] if isinstance(one, ev.ChildRunStarted)}
    assert again == {"a": 4, "b": 3}
    assert (made.state.budget.reserved_calls, made.state.budget.reserved_cost) == (7, Decimal("0.3"))
    assert violations(made.log) == []


# ── more for one that is at work ────────────────────────────────────────────────────────────────────
def test_what_is_held_back_grows_and_never_shrinks() -> None:
    run = side_by_side("a", "b", own=RunLimits(cost_usd="0.1", model_calls=2), cost_limit="1", call_limit=100)
    for cost, calls in (("0.7", 1), ("0.2", 9)):
        run.add(
            ev.ChildLimitsRaised(path="a", child="", by="u", by_name="Ann", cost_limit=cost, call_limit=calls)
        )
    assert run.state.budget.reserved["a", 0] == (Decimal("0.7"), 0, 9)
    assert ends(run, "a", cost="0.3").state.budget.reserved_cost == Decimal("0.1")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Caps(Decimal("0.9"), calls=98), None),
        (Caps(Decimal("0.9"), calls=99), ("calls", "98 calls")),
        (Caps(Decimal("0.91"), calls=9), ("cost", "$0.90")),
        (Caps(None, calls=9), ("cost", "$0.90")),
        (Caps(Decimal("0.9"), tokens=10**9, calls=9), None),
    ],
)
def test_it_gets_what_others_and_the_run_itself_leave(wanted: Caps, found: Any) -> None:
    run = side_by_side("a", "b", own=RunLimits(cost_usd="0.1", model_calls=2), cost_limit="1", call_limit=100)
    assert sharing.lacks(run.state, "a", wanted) == found


def test_a_raise_for_one_that_has_ended_holds_nothing() -> None:
    run = side_by_side("a", call_limit=10)
    ends(run, "a", calls=1)
    run.add(ev.ChildLimitsRaised(path="a", child="", by="u", by_name="Ann", call_limit=5))
    assert run.state.budget.reserved_calls == 0
    assert run.now >= SECOND
