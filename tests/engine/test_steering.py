"""Waiting for a time or a webhook; pausing; taking up what failed."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine import events as ev
from runs.engine.decide import activity, status
from runs.engine.dialects.base import Prompt
from runs.engine.state import NodeStatus
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, saying, team

HOUR = 3600 * 1_000_000
BY: dict[str, Any] = {"by": "u", "by_name": "Ann"}


def waiting(config: dict[str, Any], *, value: Any = None, edges: tuple[str, ...] = ()) -> Engine:
    nodes = {"in": IN, "hold": ("wait", config), "a": agent(), "out": OUT}
    return Engine(team(nodes, ["in>hold", "hold>a", "a>out", *edges]), saying("done")).start(value)


# ── waiting ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_wait_holds_for_its_time_and_then_passes_on_what_came() -> None:
    engine = waiting({"wait_for": "time", "seconds": 3600})
    engine.think()
    assert status(engine.state) == "waiting"
    assert activity(engine.state, engine.plan) == "hold waits for 3600 s"
    began = engine.now
    engine.go()
    assert engine.now - began >= HOUR
    assert '"topic": "tea"' in engine.prompts["a/m1"].task


def test_a_wait_survives_its_worker() -> None:
    engine = waiting({"wait_for": "time", "seconds": 60})
    engine.think()
    engine.crash()
    assert engine.go().output == "done"
    assert engine.types().count("TimerSet") == 1


@pytest.mark.parametrize(("at", "waits"), [("1970-01-01T00:01:00Z", True), ("1970-01-01T00:00:00", False)])
def test_a_moment_that_has_passed_costs_no_wait(at: str, waits: bool) -> None:
    engine = waiting({"wait_for": "moment", "until": "{{ input.at }}"}, value={"at": at}).go()
    assert engine.output == "done"
    assert (engine.node("hold").ended_at >= 60_000_000) is waits
    assert ("which had passed" in engine.node("hold").notes["awaits"]) is not waits


def test_what_is_no_moment_fails_in_words() -> None:
    engine = waiting({"wait_for": "moment", "until": "{{ input.at }}"}, value={"at": "soon"}).go()
    assert engine.state.ended == "failed"
    assert "'soon' is no time" in engine.state.message


def test_a_webhook_lets_what_was_sent_go_on_once() -> None:
    engine = waiting({"wait_for": "webhook"})
    engine.think()
    assert status(engine.state) == "waiting"
    engine.add(ev.SignalReceived(path="hold", payload=engine.content.put({"paid": True})))
    engine.add(ev.SignalReceived(path="hold", payload=engine.content.put({"paid": False})))
    engine.go()
    assert '"paid": true' in engine.prompts["a/m1"].task


def test_a_webhook_that_is_never_called_fails_at_its_deadline() -> None:
    engine = waiting({"wait_for": "webhook", "deadline_s": 30}).go()
    assert engine.state.ended == "failed"
    assert "not called in time" in engine.state.message


# ── pausing ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_paused_run_finishes_what_is_in_flight_and_starts_nothing() -> None:
    nodes = {"in": IN, "a": agent(), "b": agent(), "out": OUT}
    engine = Engine(team(nodes, ["in>a", "a>b", "b>out"]), saying("x")).start()
    engine.think()
    engine.add(ev.PauseRequested(**BY))
    engine.go()
    assert engine.sent == [("a/m1", 1)]
    assert engine.node("a").calls["a/m1"].result
    assert status(engine.state) == "waiting"
    assert "Paused by Ann" in activity(engine.state, engine.plan)
    engine.add(ev.ResumeRequested(**BY))
    assert engine.go().output == "x"
    assert engine.sent == [("a/m1", 1), ("b/m1", 1)]


def test_a_paused_run_can_be_stopped() -> None:
    engine = Engine(team({"in": IN, "a": agent(), "out": OUT}, ["in>a", "a>out"]), saying("x")).start()
    engine.think()
    engine.add(ev.PauseRequested(**BY))
    engine.cancel().go()
    assert engine.state.ended == "cancelled"


# ── taking up what failed ───────────────────────────────────────────────────────────────────────────
class Fragile:
    """The second agent fails until it is mended."""

    def __init__(self) -> None:
        self.mended = False

    def __call__(self, prompt: Prompt, attempt: int) -> Says:
        if prompt.agent == "b" and not self.mended:
            return Says(fails="bad_request", retryable=False)
        return Says(f"{prompt.agent} did it")


def broken() -> tuple[Engine, Fragile]:
    model = Fragile()
    nodes = {"in": IN, "a": agent("a"), "b": agent("b"), "c": agent("c"), "out": OUT}
    edges = ["in>a", "a>b", "b>c", "c>out"]
    engine = Engine(team(nodes, edges, agents={"a": {}, "b": {}, "c": {}}), model).start().go()
    assert engine.state.ended == "failed"
    return engine, model


def test_a_failed_node_runs_again_and_what_had_finished_does_not() -> None:
    engine, model = broken()
    model.mended = True
    engine.add(ev.NodeRetried(path="b", nodes=("b", "c", "out"), **BY))
    assert status(engine.state) == "running"
    assert engine.go().output == "c did it"
    assert [call for call, _ in engine.sent] == ["a/m1", "b/m1", "b@2/m1", "c@2/m1"]
    assert engine.node("b").status is NodeStatus.FAILED, "the first try stays in the record"


def test_a_node_that_fails_again_can_be_taken_up_again() -> None:
    engine, model = broken()
    engine.add(ev.NodeRetried(path="b", nodes=("b", "c", "out"), **BY))
    engine.go()
    assert engine.state.ended == "failed"
    model.mended = True
    engine.add(ev.NodeRetried(path="b@2", nodes=("b", "c", "out"), **BY))
    assert engine.go().output == "c did it"


def test_an_output_given_by_a_person_replaces_a_failed_nodes_work() -> None:
    engine, _ = broken()
    engine.add(ev.OutputGiven(path="b", output=engine.content.put("by hand"), nodes=("c", "out"), **BY))
    assert engine.go().output == "c did it"
    assert "by hand" in engine.prompts["c@2/m1"].task


def test_an_output_given_while_a_node_is_at_work_stops_its_call() -> None:
    engine, _ = broken()
    engine = Engine(engine.team, lambda prompt, attempt: Says("slow", takes_s=100)).start()
    engine.think()
    engine.add(ev.OutputGiven(path="a", output=engine.content.put("quick"), nodes=(), **BY))
    engine.think()
    assert not [key for key in engine.inflight if key[0] == "a/m1"]
    assert engine.types("a").count("ModelCallFailed") == 1
    engine.go()
    assert "quick" in engine.prompts["b/m1"].task
