"""Questions to people while they wait: reminders, escalation, expiry; votes, edits, and what is sent back."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine import events as ev
from runs.engine.decide import status
from runs.engine.dialects.base import Prompt
from runs.engine.fold import replay
from runs.engine.state import ApprovalState
from tests.engine.harness import SECOND, Engine, Says
from tests.engine.teams import IN, OUT, agent, saying, team, tool

HOUR = 3_600


def gated(producer: Any = None, **config: Any) -> Any:
    return team(
        {"input": IN, "a": producer or agent(), "gate": ("approval", config), "b": agent(), "output": OUT},
        ["input>a", "a>gate", "gate>b", "b>output"],
        agents={"writer": {"tools": ["pay"]}},
        tools={"pay": tool()},
    )


def paying(**policy: Any) -> Any:
    pay = tool("writes", "args.amount > 5")
    pay["spec"]["policy"] = policy
    return team(
        {"input": IN, "a": agent("clerk"), "output": OUT},
        ["input>a", "a>output"],
        agents={"clerk": {"tools": ["pay"]}},
        tools={"pay": pay},
    )


def pays(prompt: Prompt, attempt: int) -> Says:
    return Says(f"told: {prompt.replies[0].text}") if prompt.replies else Says(tools=[("pay", {"amount": 9})])


PAY = {"pay": lambda arguments: {"paid": arguments["amount"]}}


def asked(run: Engine) -> ApprovalState:
    return run.state.pending_approvals()[0]


def until(run: Engine, kind: str, times: int = 1) -> Engine:
    """Go on until this event has happened so often."""
    while run.types().count(kind) < times:
        assert run.step(), f"{kind} never happened: {run.types()}"
    return run


def hours(run: Engine) -> float:
    return (run.now - asked(run).requested_at) / SECOND / HOUR


# ── time ────────────────────────────────────────────────────────────────────────────────────────────
def test_reminders_come_when_they_were_asked_for_and_decide_nothing() -> None:
    reminders = [
        {"seconds": HOUR},
        {"seconds": 2 * HOUR},
        {"seconds": HOUR, "counted": "before_deadline"},
    ]
    run = Engine(gated(deadline_s=8 * HOUR, reminders=reminders), saying("x")).start()
    for number, at in enumerate((1, 2, 7), start=1):
        until(run, "ApprovalReminded", number)
        assert (hours(run), asked(run).reminded) == (at, number)
        assert status(run.state) == "waiting"
    run.decide().go()
    assert run.state.ended == "done"


def test_reminders_that_fell_due_while_nobody_worked_become_one() -> None:
    run = Engine(gated(reminders=[{"seconds": n * 60} for n in range(1, 6)]), saying("x")).start()
    until(run, "ApprovalRequested")
    run.think()
    run.now += HOUR * SECOND
    run.fire_due()
    run.think()
    assert run.types().count("ApprovalReminded") == 1
    assert asked(run).reminded == 5


def test_escalation_lets_more_people_decide_step_by_step() -> None:
    chain = [
        {"after_s": HOUR, "people": ["boss@example.org"]},
        {"after_s": 2 * HOUR, "least_role": "owner"},
    ]
    run = Engine(gated(groups=["Finance"], escalation=chain), saying("x")).start()
    until(run, "ApprovalRequested")
    assert asked(run).audience == ("20:group finance",)
    until(run, "ApprovalEscalated")
    assert asked(run).audience == ("20:group finance", "20:person boss@example.org")
    until(run, "ApprovalEscalated", 2)
    assert asked(run).audience[-1] == "50:any"
    assert hours(run) == 2


def test_a_deadline_that_escalates_begins_anew_until_nobody_is_left() -> None:
    chain = [{"least_role": "admin"}, {"least_role": "owner"}]
    config = {"deadline_s": HOUR, "on_expiry": "escalate", "escalation": chain}
    run = Engine(gated(**config), saying("x")).start()
    for step in (1, 2):
        until(run, "ApprovalEscalated", step)
        assert hours(run) == step
        assert asked(run).deadline_at == run.now + HOUR * SECOND
    run.go()
    assert run.types().count("ApprovalExpired") == 1
    assert (run.state.ended, run.state.code) == ("failed", "expired")


def test_an_escalated_question_is_answered_and_its_timers_are_over() -> None:
    config = {"deadline_s": HOUR, "on_expiry": "escalate", "escalation": [{"least_role": "owner"}]}
    run = Engine(gated(**config), saying("x")).start()
    until(run, "ApprovalEscalated").decide().go()
    assert run.state.ended == "done"
    assert run.state.open_timers() == []


@pytest.mark.parametrize(
    ("policy", "ended", "code"),
    [
        ({"deadline_s": 60}, "done", ""),
        ({"deadline_s": 60, "on_expiry": "fail"}, "failed", "expired"),
    ],
)
def test_a_tool_call_nobody_approved_in_time_is_never_made(
    policy: dict[str, Any], ended: str, code: str
) -> None:
    run = Engine(paying(**policy), pays, PAY).start().go()
    assert run.ran == []
    assert (run.state.ended, run.state.code) == (ended, code)
    if ended == "done":
        assert "Nobody approved this call in time" in run.output


def test_the_timers_of_an_answered_call_wake_nobody() -> None:
    run = Engine(paying(deadline_s=HOUR, reminders=[{"seconds": 60}]), pays, PAY).start()
    until(run, "TimerSet", 2)
    run.decide()
    assert run.state.open_timers() == []
    assert run.go().state.ended == "done"


def test_timers_survive_a_worker_that_dies() -> None:
    config = {"deadline_s": 2 * HOUR, "reminders": [{"seconds": HOUR}]}
    run = Engine(gated(**config), saying("x")).start()
    until(run, "ApprovalRequested")
    for kind in ("TimerSet", "ApprovalReminded", "ApprovalExpired"):
        until(run, kind)
        run.crash()
    run.go()
    assert [run.types().count(kind) for kind in ("ApprovalReminded", "ApprovalExpired")] == [1, 1]
    assert run.state.code == "expired"


def test_a_gate_that_waits_since_before_timers_had_names_keeps_its_deadline() -> None:
    run = Engine(gated(deadline_s=HOUR), saying("x")).start()
    until(run, "ApprovalRequested")
    run.log = run.log[: run.types().index("ApprovalRequested") + 1]
    run.log.append(ev.TimerSet(at=run.now, path="gate", key="deadline", after_s=HOUR, purpose="deadline"))
    run.crash()
    run.go()
    assert [event.key for event in run.log if isinstance(event, ev.TimerSet)] == ["deadline"]
    assert run.state.code == "expired"


# ── votes ───────────────────────────────────────────────────────────────────────────────────────────
def vote(run: Engine, name: str) -> Engine:
    one = asked(run)
    run.add(ev.ApprovalVoted(path=one.path, key=one.key, subject=one.subject, by=name, by_name=name))
    return run


def test_a_vote_is_not_yet_a_decision() -> None:
    run = vote(Engine(gated(quorum=2), saying("x")).start().go(), "Ann").go()
    assert status(run.state) == "waiting"
    assert [one.by_name for one in asked(run).votes] == ["Ann"]
    run.decide().go()
    completed = next(e for e in run.log if isinstance(e, ev.NodeCompleted) and e.path == "gate")
    assert completed.note == "Ann, Someone approved"


def test_an_edit_is_a_new_question_and_clears_the_votes_for_the_old_one() -> None:
    run = vote(Engine(gated(quorum=2), saying("draft", "end")).start().go(), "Ann")
    old = asked(run).subject
    edited, becomes = run.content.put("better"), run.content.put({"value": "better"})
    run.add(
        ev.ApprovalEdited(
            path="gate", key="ask", subject=old, becomes=becomes, edited=edited, by="Bob", by_name="Bob"
        )
    )
    run.go()
    assert (asked(run).subject, asked(run).before) == (becomes, old)
    assert [one.by_name for one in asked(run).votes] == ["Bob"]
    run.decide("edit", edited="better").go()
    assert "better" in run.prompts["b/m1"].task


# ── sent back ───────────────────────────────────────────────────────────────────────────────────────
def test_what_is_sent_back_goes_on_in_the_same_conversation_and_is_asked_anew() -> None:
    run = Engine(gated(), saying("draft", "shorter", "end")).start().go()
    first = asked(run)
    assert first.may_send_back
    run.decide("send_back", comment="Too long.").go()
    second = asked(run)
    assert (second.key, second.status, second.votes) == ("ask2", "pending", [])
    assert second.subject != first.subject
    told = run.prompts["a/m2"].replies[0].text
    assert "Too long." in told
    assert "Someone" in told
    subject = run.content.get(second.subject)
    assert (subject["value"], subject["sent_back"]["comment"]) == ("shorter", "Too long.")
    run.decide().go()
    assert "shorter" in run.prompts["b/m1"].task
    assert run.sent.count(("a/m1", 1)) == 1


def test_the_same_answer_again_is_a_new_question_all_the_same() -> None:
    run = Engine(gated(), saying("draft")).start().go()
    before = asked(run).subject
    run.decide("send_back", comment="No.").go()
    assert asked(run).subject != before


def test_sending_back_is_bounded() -> None:
    run = Engine(gated(most_sends_back=2), saying("draft")).start().go()
    offered = []
    while (one := asked(run)).may_send_back:
        offered.append(one.key)
        run.decide("send_back", comment="Again.").go()
    assert offered == ["ask", "ask2"]
    assert asked(run).key == "ask3"


def test_the_time_people_took_is_not_the_agents_when_it_goes_on() -> None:
    graph = team(
        {"input": IN, "a": agent(), "gate": ("approval", {}), "output": OUT},
        ["input>a", "a>gate", "gate>output"],
        agents={"writer": {"limits": {"latency_s": 5}}},
    )
    run = Engine(graph, saying("draft", "shorter")).start().go()
    run.now += HOUR * SECOND
    run.decide("send_back", comment="Shorter.").go()
    assert "LatencyBudgetExceeded" not in run.types()
    run.decide().go()
    assert run.output == "shorter"


def test_an_agent_sent_back_may_use_its_tools_again() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        if prompt.replies and "sent it back" in prompt.replies[0].text:
            assert prompt.tools
            return Says(tools=[("pay", {"amount": 1})])
        return Says("paid" if prompt.replies else "draft")

    run = Engine(gated(), model, PAY).start().go()
    run.decide("send_back", comment="Look it up.").go()
    assert len(run.ran) == 1
    assert run.content.get(asked(run).subject)["value"] == "paid"


def test_an_agent_that_cannot_do_it_again_fails_the_gate_and_its_error_edge_goes_on() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        broken = bool(prompt.replies)
        return Says(fails="bad_request", retryable=False) if broken else Says("draft")

    graph = team(
        {"input": IN, "a": agent(), "gate": ("approval", {}), "plan_b": agent("b"), "output": OUT},
        ["input>a", "a>gate", "gate>output", "gate!plan_b", "plan_b>output"],
        agents={"b": {}},
    )
    run = Engine(graph, model).start().go()
    run.decide("send_back", comment="Again.").go()
    assert run.node("gate").code == "sent_back"
    assert run.output == "draft"
    assert run.node("plan_b").status == "done"


GATE: tuple[str, dict[str, Any]] = ("approval", {})
JOIN: tuple[str, dict[str, Any]] = ("join", {})


@pytest.mark.parametrize(
    "graph",
    [
        team({"input": IN, "gate": GATE, "output": OUT}, ["input>gate", "gate>output"]),
        team(  # somebody else has used the answer already
            {"input": IN, "a": agent(), "gate": GATE, "b": agent(), "j": JOIN, "output": OUT},
            ["input>a", "a>gate", "a>b", "gate>j", "b>j", "j>output"],
        ),
        team(  # the answer of two
            {"input": IN, "a": agent(), "b": agent(), "j": JOIN, "gate": GATE, "output": OUT},
            ["input>a", "input>b", "a>j", "b>j", "j>gate", "gate>output"],
        ),
    ],
)
def test_only_what_one_agent_gave_to_the_gate_alone_can_be_sent_back(graph: Any) -> None:
    run = Engine(graph, saying("x")).start().go()
    assert not asked(run).may_send_back


def test_a_call_sent_back_is_told_to_the_agent_who_may_ask_anew() -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        if not prompt.replies:
            return Says(tools=[("pay", {"amount": 9})])
        back = "sent this call back" in prompt.replies[0].text
        return Says(tools=[("pay", {"amount": 6})]) if back else Says("done")

    run = Engine(paying(), model, PAY).start().go()
    run.decide("send_back", comment="Half of it.").go()
    assert "Half of it." in run.prompts["a/m2"].replies[0].text
    assert run.ran == []
    assert run.content.get(asked(run).subject)["arguments"] == {"amount": 6}
    run.decide().go()
    assert len(run.ran) == 1
    assert run.output == "done"


def test_a_worker_that_dies_while_it_is_done_again_repeats_nothing() -> None:
    run = Engine(gated(), saying("draft", "shorter", "end")).start().go()
    run.decide("send_back", comment="Shorter.")
    for _ in range(12):
        run.crash()
        run.think()
        if run.inflight:
            run.settle(next(iter(run.inflight)))
    assert run.types().count("NodeReopened") == 1
    assert asked(run).key == "ask2"


# ── a rehearsal, doubt, and the log ─────────────────────────────────────────────────────────────────
def test_a_rehearsal_asks_its_launcher_alone_and_reminds_nobody() -> None:
    config = {
        "groups": ["Finance"],
        "quorum": 3,
        "launcher_may_decide": False,
        "reminders": [{"seconds": HOUR}],
        "escalation": [{"after_s": HOUR, "least_role": "owner"}],
    }
    run = Engine(gated(**config), saying("x"))
    given = run.content.put({"topic": "tea"})
    run.add(
        ev.RunStarted(
            team_version="v", plan_digest="plan", input=given, mode="simulated", by="me", via="test"
        )
    )
    run.go()
    one = asked(run)
    assert (one.audience, one.quorum, one.launcher_may_decide) == (("20:person me",), 1, True)
    assert run.state.open_timers() == []


def test_a_doubt_is_settled_by_who_approves_the_tool_and_never_by_time() -> None:
    config = {"groups": ["Finance"], "quorum": 2, "deadline_s": HOUR, "reminders": [{"seconds": 60}]}
    run = Engine(paying(**config), pays, PAY).start()
    until(run, "ApprovalRequested").decide().think()
    run.crash()
    until(run, "ApprovalReminded")
    one = asked(run)
    assert (one.kind, one.audience, one.quorum, one.deadline_at) == ("doubt", ("20:group finance",), 1, None)
    run.decide("abort").go()
    assert run.state.ended == "done"


def test_the_log_alone_gives_the_same_state() -> None:
    config = {"deadline_s": HOUR, "on_expiry": "escalate", "escalation": [{"least_role": "owner"}]}
    run = Engine(gated(quorum=2, **config), saying("draft")).start()
    until(run, "ApprovalEscalated")
    vote(run, "Ann").decide("send_back", comment="Again.").go()
    stored = [ev.decode(ev.encode(event)) for event in run.log]
    assert replay(stored) == run.state


def test_an_old_question_still_folds() -> None:
    body = '{"type":"ApprovalRequested","path":"gate","key":"ask","kind":"gate","title":"T","subject":"s"}'
    state = replay([ev.decode(body)])
    one = state.node("gate").approvals["ask"]
    assert (one.audience, one.quorum, one.may_send_back) == (("20:any",), 1, False)
