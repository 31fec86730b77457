"""Forks without a database: what the fold of a forked log is, and how a recorded one holds its calls."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agents.topology.graph import PinnedTeam
from runs.engine import events as ev
from runs.engine.decide import decide
from runs.engine.dialects.base import Prompt
from runs.engine.fold import fold, replay
from runs.engine.forked import carry_over
from runs.engine.plan import Plan
from runs.engine.recorded import miss_key
from runs.engine.state import RunState
from tests.engine.harness import SECOND, Engine, Says
from tests.engine.teams import IN, OUT, agent, saying, team, tool

CHAIN = team({"input": IN, "a": agent(), "b": agent(), "output": OUT}, ["input>a", "a>b", "b>output"])
GATED = team(
    {"input": IN, "a": agent(), "gate": ("approval", {"deadline_s": 60}), "output": OUT},
    ["input>a", "a>gate", "gate>output"],
)


def forked(engine: Engine, **fields: Any) -> ev.RunForked:
    given = {"effects": "live", "mode": "live", "input": engine.state.input} | fields
    return ev.RunForked(
        parent="parent",
        parent_seq=engine.state.seq,
        parent_hash="",
        team_version="v",
        plan_digest="plan",
        by="me",
        by_name="Me",
        via="test",
        **given,
    )


def fork(parent: Engine, at: int, **fields: Any) -> Engine:
    """An engine that goes on behind event `at` of `parent`, an hour later."""
    made = Engine(parent.team, parent.model, tools=parent.tools, now=parent.now + 3_600 * SECOND)
    made.content = parent.content
    prefix = parent.log[:at]
    for event in prefix:
        fold(made.state, event)
        made.log.append(event)
    made.add(forked(made, **fields))
    for event in list(carry_over(prefix, made.state, fields.get("effects", "live"), made.now)):
        made.add(event)
    return made


def seq_of(engine: Engine, kind: type[ev.Event], path: str) -> int:
    return next(n for n, one in enumerate(engine.log, 1) if isinstance(one, kind) and one.path == path)


def test_a_fork_at_any_event_ends_as_its_parent_did_and_repeats_nothing_that_was_finished() -> None:
    parent = Engine(CHAIN, saying("x")).start().go()
    assert parent.state.ended == "done"
    for at in range(1, len(parent.log) - 1):
        made = fork(parent, at)
        finished = {
            call.id for node in made.state.nodes.values() for call in node.calls.values() if call.result
        }
        made.go()
        assert made.state.ended == "done", f"forked at {at}"
        assert made.output == parent.output
        assert finished.isdisjoint(call for call, _ in made.sent), f"forked at {at}"
        assert made.state.seq == len(made.log)


def test_the_fold_of_a_forked_log_is_the_fold_of_its_prefix_and_then_of_its_own() -> None:
    parent = Engine(CHAIN, saying("x")).start().go()
    at = seq_of(parent, ev.NodeStarted, "b")
    made = fork(parent, at).go()
    again = replay(made.log)
    assert again == made.state
    assert [msgspec.json.encode(one) for one in made.log[:at]] == [
        msgspec.json.encode(one) for one in parent.log[:at]
    ]


def test_a_fork_has_a_clock_and_limits_of_its_own() -> None:
    parent = Engine(CHAIN, saying("x")).start(call_limit=2).go()
    at = seq_of(parent, ev.NodeStarted, "b")
    made = fork(parent, at, call_limit=1, cost_limit="1")
    assert (made.state.budget.calls, made.state.budget.spent_tokens) == (0, 0)
    assert made.state.started_at == made.now
    made.go()
    assert made.state.ended == "done", "one call was left to make, and one may be made"
    assert made.state.budget.calls == 1


def test_a_pause_and_a_limit_that_was_reached_stay_with_the_parent() -> None:
    parent = Engine(CHAIN, saying("x")).start(call_limit=1).go()
    assert parent.state.budget.blocked == "calls"
    parent.add(ev.PauseRequested(by="me", by_name="Me"))
    made = fork(parent, len(parent.log))
    assert (made.state.budget.blocked, made.state.paused_by) == ("", "")
    assert made.go().state.ended == "done"


def test_what_was_asked_is_asked_again_with_its_whole_time() -> None:
    parent = Engine(GATED, saying("x")).start()
    while not parent.state.pending_approvals():
        assert parent.step()
    asked = parent.state.pending_approvals()[0]
    made = fork(parent, len(parent.log))
    again = made.state.pending_approvals()[0]
    assert again.subject == asked.subject
    assert again.requested_at == made.now
    assert [timer.due_at for timer in made.state.open_timers()] == [made.now + 60 * SECOND]
    made.decide("approve").go()
    assert made.state.ended == "done"
    assert parent.state.pending_approvals() == [asked]


def with_tool(effect: str) -> tuple[PinnedTeam, Any]:
    pinned = team(
        {"input": IN, "a": agent(), "output": OUT},
        ["input>a", "a>output"],
        agents={"writer": {"tools": ["pay"]}},
        tools={"pay": tool(effect)},
    )
    answers = [Says(tools=[("pay", {"amount": 5})]), Says("done")]
    return pinned, lambda prompt, attempt: answers[0] if not prompt.replies else answers[1]


@pytest.mark.parametrize(
    ("effect", "effects", "becomes"),
    [
        ("writes", "live", "doubt"),
        ("writes", "simulated", "abandoned"),
        ("writes", "recorded", "abandoned"),
        ("idempotent", "live", "abandoned"),
        ("reads", "live", "abandoned"),
    ],
)
def test_a_call_in_flight_at_the_cut_is_closed_as_its_effect_demands(
    effect: str, effects: str, becomes: str
) -> None:
    pinned, model = with_tool(effect)
    parent = Engine(pinned, model, tools={"pay": lambda arguments: "paid"}).start().go()
    at = seq_of(parent, ev.ToolCallStarted, "a")
    made = fork(parent, at, effects=effects)
    assert made.state.node("a").calls["a/m1/t1"].status == becomes
    assert made.state.open_calls() == []


def test_a_node_that_was_changed_under_way_begins_anew_with_what_it_had_started() -> None:
    pinned, model = with_tool("reads")
    parent = Engine(pinned, model, tools={"pay": lambda arguments: "paid"}).start().go()
    at = seq_of(parent, ev.ToolCallCompleted, "a")
    made = fork(parent, at, restarted=("a",))
    node = made.state.node("a")
    assert (node.status, node.transcript, node.calls, list(made.state.running)) == ("running", [], {}, ["a"])
    made.go()
    assert made.state.ended == "done"
    assert [call for call, _ in made.sent] == ["a/m1", "a/m1/t1", "a/m2"]


# ── calls answered from the parent's log ────────────────────────────────────────────────────────────
def held(status: str) -> tuple[RunState, Plan]:
    """A recorded fork whose first call has no answer, and what a person said of it."""
    parent = Engine(CHAIN, saying("x")).start().go()
    made = fork(parent, seq_of(parent, ev.NodeStarted, "a"), effects="recorded")
    asked = ev.ApprovalRequested(
        path="a", key=miss_key("a/m1"), kind="miss", title="?", subject="s", call="a/m1"
    )
    made.add(asked)
    if status != "pending":
        made.decide(status, comment="No.")
    return made.state, made.plan


def test_a_call_without_a_recorded_answer_waits() -> None:
    assert decide(*held("pending")) == []


def test_one_that_a_person_lets_through_is_made() -> None:
    (command,) = decide(*held("approve"))
    assert (type(command).__name__, command.call) == ("StartModelCall", "a/m1")  # type: ignore[union-attr]


def test_one_that_a_person_does_not_let_through_fails_its_node() -> None:
    (command,) = decide(*held("reject"))
    event = command.event  # type: ignore[union-attr]
    assert (event.path, event.code) == ("a", "not_recorded")  # type: ignore[union-attr]
    assert "No." in event.message  # type: ignore[union-attr]


def test_questions_about_the_parents_calls_and_limits_are_not_the_forks() -> None:
    state, _ = held("pending")
    assert state.pending_approvals()
    fold(state, msgspec.structs.replace(forked(Engine(CHAIN, saying("x")).start()), at=1))
    assert state.pending_approvals() == []
    assert state.recorded == ""


def test_an_answer_that_needed_no_request_counts_against_no_limit() -> None:
    engine = Engine(CHAIN, saying("x")).start(call_limit=2).go()
    spent = engine.state.budget.calls
    state = replay(
        msgspec.structs.replace(
            event,
            charge=ev.Charge(status="reused", cost="0"),
            reused=ev.Reused(source="cache", run="r", call="a/m1", at=1),
        )
        if isinstance(event, ev.ModelCallCompleted)
        else event
        for event in engine.log
    )
    assert (spent, state.budget.calls, state.budget.spent_tokens) == (2, 0, 0)
    assert {call.reused for call in state.node("a").calls.values()} == {"cache"}


def test_a_worker_begins_anew_with_the_one_who_asked_it_and_not_by_itself() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        if prompt.agent == "lead" and not prompt.replies:
            return Says(tools=[("delegate", {"to": "a", "task": "go"})])
        return Says(f"{prompt.agent} did it")

    pinned = team(
        {"in": IN, "lead": agent("lead"), "a": agent(), "out": OUT},
        ["in>lead", "lead>out", "lead:a"],
        agents={"lead": {}},
    )
    parent = Engine(pinned, model).start().go()
    at = seq_of(parent, ev.ModelCallStarted, "lead/m1/t1/a")
    made = fork(parent, at, restarted=("lead", "lead/m1/t1/a"))
    assert list(made.state.running) == ["lead"]
    assert made.go().output == "lead did it"
    assert [call for call, _ in made.sent] == ["lead/m1", "lead/m1/t1/a/m1", "lead/m2"]
