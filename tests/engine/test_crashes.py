"""Any order of events, any crash: the outcome is the crash-free twin's, and nothing finished is repeated."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.engine import events as ev
from runs.engine.dialects.base import Prompt
from runs.engine.fold import fold, replay
from runs.execute.recover import lost_calls
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, team, tool


def graph() -> Any:
    return team(
        {
            "input": IN,
            "a": agent("a"),
            "b": agent("b"),
            "c": agent("clerk"),
            "join": ("join", {"policy": "all"}),
            "gate": ("approval", {}),
            "end": agent("end"),
            "output": OUT,
        },
        [
            "input>a",
            "input>b",
            "input>c",
            "a>join",
            "b>join",
            "c>join",
            "join>gate",
            "gate>end",
            "end>output",
        ],
        agents={"a": {}, "b": {}, "clerk": {"tools": ["read", "pay"]}, "end": {}},
        tools={"read": tool("reads"), "pay": tool("writes", "args.amount > 100")},
    )


def model(prompt: Prompt, attempt: int) -> Says:
    """Answers by what it is asked, so that the order of events cannot change what it says."""
    if prompt.agent == "b" and attempt == 1:
        return Says(fails="server_error")
    if prompt.agent == "clerk" and not prompt.replies:
        return Says(tools=[("read", {"amount": 1}), ("pay", {"amount": 500})])
    return Says(f"{prompt.agent}: {len(prompt.replies)}")


TOOLS = {"read": lambda arguments: {"is": 1}, "pay": lambda arguments: {"paid": arguments["amount"]}}


def new() -> Engine:
    return Engine(graph(), model, TOOLS).start()


def finish(run: Engine) -> Engine:
    """To the end, with a person who says yes, and knows that what is in doubt has happened."""
    for _ in range(50):
        run.go()
        pending = run.state.pending_approvals()
        if not pending:
            return run
        doubt = pending[0].kind == "doubt"
        run.decide("done" if doubt else "approve", edited={"paid": 500} if doubt else None)
    raise AssertionError("It asks for ever.")


TWIN = finish(new()).output


def facts(run: Engine, kind: type[ev.Event]) -> list[str]:
    return [event.call for event in run.log if isinstance(event, kind)]  # type: ignore[attr-defined]


def check(run: Engine) -> None:
    assert run.output == TWIN
    for finished in (ev.ModelCallCompleted, ev.ToolCallCompleted):
        calls = facts(run, finished)
        assert len(calls) == len(set(calls)), "a finished call ran again"
    assert [name for name, _ in run.ran].count("pay") == 1, "a call that writes ran more than once"
    started, ended = {}, set()
    for event in run.log:
        if isinstance(event, ev.ModelCallStarted | ev.ToolCallStarted):
            started[event.call, event.attempt] = event
        elif isinstance(
            event,
            ev.ModelCallCompleted
            | ev.ModelCallFailed
            | ev.ToolCallCompleted
            | ev.ToolCallFailed
            | ev.CallAbandoned,
        ):
            assert (event.call, event.attempt) in started, "a result without a start"
            assert (event.call, event.attempt) not in ended, "two results of one call"
            ended.add((event.call, event.attempt))
    assert set(run.sent) <= set(started), "dispatched without a committed start"
    assert replay(run.log) == run.state
    budget = run.state.budget
    assert budget.reserved == {}
    settled = [
        Decimal(event.charge.cost or 0)
        for event in run.log
        if isinstance(event, ev.ModelCallCompleted | ev.ModelCallFailed) and event.charge
    ]
    assert budget.spent_cost >= sum(settled)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_interleaving_with_crashes_ends_like_the_twin(data: st.DataObject) -> None:
    run = new()
    crashes = 0
    for _ in range(200):
        run.think()
        if run.state.ended:
            break
        moves: list[tuple[str, Any]] = [("settle", key) for key in run.inflight]
        moves += [("decide", n) for n in range(len(run.state.pending_approvals()))]
        if run.state.open_timers():
            moves.append(("wait", 0))
        if crashes < 4:
            moves.append(("crash", 0))
        what, which = data.draw(st.sampled_from(moves))
        if what == "settle":
            run.settle(which)
        elif what == "decide":
            asked = run.state.pending_approvals()[which]
            doubt = asked.kind == "doubt"
            run.decide("done" if doubt else "approve", at=which, edited={"paid": 500} if doubt else None)
        elif what == "wait":
            run.now = max(timer.due_at for timer in run.state.open_timers())
            run.fire_due()
        else:
            crashes += 1
            run.crash()
    finish(run)
    check(run)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.booleans())
def test_cancel_at_any_moment_ends_the_run_and_sends_nothing_more(steps: int, crash: bool) -> None:
    run = new()
    for _ in range(steps):
        if not run.step() and run.state.pending_approvals():
            run.decide()
    if run.state.ended:
        return
    sent = len(run.sent)
    run.cancel()
    if crash:
        run.crash()
    run.go()
    assert str(run.state.ended) == "cancelled"
    assert len(run.sent) == sent
    assert run.state.pending_approvals() == []


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40).map(lambda n: Decimal(n) / 20))
def test_the_cost_limit_holds_whatever_it_is(limit: Decimal) -> None:
    run = Engine(graph(), model, TOOLS).start(cost_limit=str(limit))
    for _ in range(100):
        budget = run.state.budget
        assert budget.spent_cost + budget.reserved_cost <= limit
        if not run.step():
            if not run.state.pending_approvals():
                break
            run.decide()
    assert run.state.ended or run.state.budget.blocked


def test_what_was_lost_is_told_again_when_the_append_that_told_it_was_refused() -> None:
    """Somebody decides just when another worker takes over: what it had folded then does not count."""
    run = new()
    run.think()
    before = replay(run.log)
    lost = lost_calls(before)
    told = [ev.type_of(event) for one in lost for event in one.events(before, run.content)]
    assert told == ["CallAbandoned"] * len(run.inflight) != []
    for one in lost:
        for event in one.events(before, run.content):
            fold(before, event)
    for started in [event for event in run.log if isinstance(event, ev.ModelCallStarted)]:
        fold(before, msgspec.structs.replace(started, attempt=2, append=()))
    again = replay(run.log)
    assert [ev.type_of(event) for one in lost for event in one.events(again, run.content)] == told
