"""What a graph means: order, branches, joins, failures, cancelling."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine import events as ev
from runs.engine.decide import status
from runs.engine.dialects.base import Prompt
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, saying, team

PIPELINE = team({"input": IN, "a": agent(), "b": agent(), "output": OUT}, ["input>a", "a>b", "b>output"])


def fan(policy: str, n: int = 3, **config: Any) -> Any:
    names = [f"w{i}" for i in range(n)]
    nodes = {"input": IN, **{name: agent(name) for name in names}}
    nodes |= {"join": ("join", {"policy": policy, **config}), "output": OUT}
    edges = [edge for name in names for edge in (f"input>{name}", f"{name}>join")]
    return team(nodes, [*edges, "join>output"], agents={name: {} for name in names})


def by_agent(**says: Says) -> Any:
    def model(prompt: Prompt, attempt: int) -> Says:
        return says.get(prompt.agent, Says(f"{prompt.agent} done"))

    return model


def test_a_pipeline_hands_each_output_to_the_next_whole() -> None:
    run = Engine(PIPELINE, saying("first " * 500, "second")).start().go()
    assert run.output == "second"
    assert "first " * 500 in run.prompts["b/m1"].task
    assert status(run.state) == "done"


def test_a_node_gets_only_what_its_edges_give_it() -> None:
    run = Engine(PIPELINE, saying("draft", "final")).start({"topic": "secret"}).go()
    assert "secret" in run.prompts["a/m1"].task
    assert "secret" not in run.prompts["b/m1"].task


def test_result_and_next_start_follow_without_anything_in_between() -> None:
    """So that they can be one commit."""
    run = Engine(PIPELINE, saying("x")).start()
    run.think()
    run.settle(("a/m1", 1))
    run.think()
    assert run.types()[-4:] == ["ModelCallCompleted", "NodeCompleted", "NodeStarted", "ModelCallStarted"]


def test_branches_run_at_once_and_join_in_graph_order() -> None:
    slow = by_agent(w0=Says("zero", takes_s=9))
    run = Engine(fan("all"), slow).start()
    run.think()
    assert len(run.inflight) == 3
    assert list(run.go().output) == ["w0", "w1", "w2"]


def test_join_any_takes_the_first_and_stops_the_others() -> None:
    run = Engine(fan("any"), by_agent(w1=Says("fast", takes_s=0.1))).start().go()
    assert run.output == "fast"
    assert run.node("w0").status == run.node("w2").status == "cancelled"
    assert not run.inflight
    assert run.types("join").count("NodeCompleted") == 1


def test_quorum_goes_on_with_enough_and_fails_at_once_when_out_of_reach() -> None:
    refuse = Says(fails="bad_request", retryable=False)
    run = Engine(fan("quorum", quorum=2), by_agent(w0=refuse)).start().go()
    assert sorted(run.output) == ["w1", "w2"]

    lost = by_agent(w0=refuse, w1=refuse, w2=Says("late", takes_s=60))
    run = Engine(fan("quorum", quorum=2), lost).start().go()
    assert run.state.ended == "failed"
    assert run.now < 60_000_000, "it waited for a branch that could not help any more"
    assert "1 of 3" in run.state.message or "0 of 3" in run.state.message


def test_all_fails_when_one_branch_does() -> None:
    run = Engine(fan("all"), by_agent(w0=Says(fails="bad_request", retryable=False))).start().go()
    assert (run.state.ended, run.state.failed_node) == ("failed", "join")
    assert "failed: w0 (bad_request)" in run.state.message


def test_best_effort_takes_what_is_there_at_the_deadline() -> None:
    slow = by_agent(w2=Says("too late", takes_s=100))
    run = Engine(fan("best_effort", deadline_s=5), slow).start().go()
    assert sorted(run.output) == ["w0", "w1"]
    assert run.node("w2").status == "cancelled"


def test_best_effort_with_too_little_fails() -> None:
    slow = by_agent(**{f"w{i}": Says("late", takes_s=100) for i in range(3)})
    run = Engine(fan("best_effort", deadline_s=5, at_least=1), slow).start().go()
    assert run.state.ended == "failed"


def test_an_error_edge_takes_over_from_a_failed_node() -> None:
    handled = team(
        {"input": IN, "a": agent(), "plan_b": agent("b"), "output": OUT},
        ["input>a", "a>output", "a!plan_b", "plan_b>output"],
        agents={"b": {}},
    )
    run = Engine(handled, by_agent(writer=Says(fails="bad_request", retryable=False))).start().go()
    assert run.output == "b done"
    assert '"topic": "tea"' in run.prompts["plan_b/m1"].task, "it gets what the failed node was given"
    assert "a: bad_request" in run.prompts["plan_b/m1"].task
    run = Engine(handled, by_agent()).start().go()
    assert run.node("plan_b").status == "skipped"


def test_failure_ends_the_run_with_the_failed_node_and_its_reason() -> None:
    run = Engine(PIPELINE, by_agent(writer=Says(fails="auth", retryable=False))).start().go()
    assert (run.state.ended, run.state.failed_node, run.state.code) == ("failed", "a", "auth")
    assert run.node("b").status == "skipped"


def test_transient_failures_are_retried_with_growing_pauses_then_given_up() -> None:
    attempts: list[int] = []

    def model(prompt: Prompt, attempt: int) -> Says:
        attempts.append(attempt)
        return Says(fails="server_error")

    run = Engine(PIPELINE, model).start().go()
    assert attempts == [1, 2, 3]
    pauses = [timer.due_at for timer in run.node("a").timers.values()]
    assert pauses[1] - pauses[0] > 1_500_000
    assert run.state.ended == "failed"


def test_retry_after_is_obeyed() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        return Says(fails="rate_limited", retry_after_s=30) if attempt == 1 else Says("ok")

    run = Engine(PIPELINE, model).start().go()
    assert run.state.ended == "done"
    assert run.now >= 30_000_000


def test_a_bad_answer_is_corrected_in_turns_not_retried() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    typed = team(
        {"input": IN, "a": agent("typed"), "output": OUT},
        ["input>a", "a>output"],
        agents={"typed": {"output": {"kind": "json", "schema": schema}}},
    )
    run = Engine(typed, saying("<html>", '{"n": "x"}', '{"n": 3}')).start().go()
    assert run.output == {"n": 3}
    assert run.types("a").count("OutputRejected") == 2
    assert "not valid JSON" in run.prompts["a/m2"].replies[0].text

    run = Engine(typed, saying("never")).start().go()
    assert run.state.code == "bad_output"
    assert len(run.sent) == 3, "corrective turns are bounded"


@pytest.mark.parametrize("answer", ["", "  \n", "\x00\x00", "<html>" * 10, "x" * 200_000, "\ud800"])
def test_any_text_a_model_can_send_is_stored_or_rejected(answer: str) -> None:
    run = Engine(PIPELINE, saying(answer)).start().go()
    assert run.state.ended in ("done", "failed")
    for text in run.content.texts.values():
        assert "\x00" not in text
        text.encode()


def test_cancel_aborts_what_is_in_flight_and_dispatches_nothing_more() -> None:
    run = Engine(PIPELINE, saying("x")).start()
    run.think()
    before = len(run.sent)
    run.cancel().go()
    assert run.state.ended == "cancelled"
    assert len(run.sent) == before
    assert not run.inflight


def test_a_finished_call_is_never_made_again_after_a_crash() -> None:
    run = Engine(PIPELINE, saying("x")).start()
    run.think()
    run.settle(("a/m1", 1))
    run.think()
    run.crash()
    run.go()
    assert run.state.ended == "done"
    assert [key for key in run.sent if key[0] == "a/m1"] == [("a/m1", 1)]
    assert [key for key in run.sent if key[0] == "b/m1"] == [("b/m1", 1), ("b/m1", 2)]
    assert run.state.budget.unknown_costs == 1, "the lost attempt's cost is flagged as unknown"


def test_a_node_that_is_skipped_while_a_join_cancels_it_ends_once() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        return Says(fails="bad_request", retryable=False) if prompt.agent == "bad" else Says("fine")

    nodes = {"input": IN, "a": agent("bad"), "x": agent(), "y": agent(), "join": ("join", {}), "output": OUT}
    edges = ["input>a", "a>x", "x>y", "y>join", "a>join", "join>output"]
    engine = Engine(team(nodes, edges, agents={"writer": {}, "bad": {}}), model).start().go()
    ends = [event.path for event in engine.log if isinstance(event, ev.NodeSkipped | ev.NodeCancelled)]
    assert sorted(ends) == sorted(set(ends))
