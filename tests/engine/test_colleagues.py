"""Agents that ask and hand over to one another: delegates and handoff edges."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine import delegation
from runs.engine.dialects.base import Prompt
from runs.engine.dialects.native import lean
from runs.engine.state import NodeStatus
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, team, tool

AGENTS: dict[str, dict[str, Any]] = {name: {} for name in ("lead", "alice", "bob", "carol")}


def asks(*workers: str, task: str = "do it") -> Says:
    return Says(tools=[("delegate", {"to": worker, "task": f"{task} {worker}"}) for worker in workers])


class Scripted:
    """Each agent says its own lines in turn, the last one for ever; `heard` keeps what each was asked."""

    def __init__(self, **lines: list[Says | str]) -> None:
        self.lines = lines
        self.heard: list[tuple[str, Prompt]] = []

    def __call__(self, prompt: Prompt, attempt: int) -> Says:
        self.heard.append((prompt.agent, prompt))
        lines = self.lines[prompt.agent]
        said = lines.pop(0) if len(lines) > 1 else lines[0]
        return Says(said) if isinstance(said, str) else said


def supervisor(
    model: Scripted, *workers: str, capabilities: dict[str, bool] | None = None, **config: Any
) -> Engine:
    lead = ("agent", {"agent": "lead", **config})
    nodes = {"in": IN, "lead": lead, **{name: agent(name) for name in workers}, "out": OUT}
    edges = ["in>lead", "lead>out", *(f"lead:{name}" for name in workers)]
    return Engine(team(nodes, edges, agents=AGENTS), model, capabilities=capabilities or {}).start()


# ── supervisor and workers ──────────────────────────────────────────────────────────────────────────
def test_workers_asked_in_one_turn_run_at_once_and_are_told_of_in_the_order_asked() -> None:
    model = Scripted(
        lead=[asks("alice", "bob"), "all done"], alice=[Says("from alice", takes_s=9)], bob=["from bob"]
    )
    engine = supervisor(model, "alice", "bob")
    engine.step()
    assert {key[0] for key in engine.inflight} == {"lead/m1/t1/alice/m1", "lead/m1/t2/bob/m1"}
    engine.go()
    assert engine.output == "all done"
    assert [reply.text for reply in model.heard[-1][1].replies] == ["from alice", "from bob"]


def test_a_worker_gets_its_task_and_nothing_of_the_supervisors_conversation() -> None:
    model = Scripted(lead=[asks("alice", task="Count the"), "done"], alice=["3"])
    engine = supervisor(model, "alice").go()
    told = dict(model.heard)["alice"]
    assert "Count the alice" in told.task
    assert "tea" not in told.task
    assert "delegate" not in told.system
    assert told.tools == ()
    assert engine.node("lead/m1/t1/alice").parent == "lead"


@pytest.mark.parametrize(
    "capabilities", [{"tools": False}, {"tools": False, "json_schema": False}], ids=["schema", "plain"]
)
def test_delegation_works_without_native_tool_calls(capabilities: dict[str, bool]) -> None:
    step = '{"tool": "delegate", "arguments": {"to": "alice", "task": "go"}}'
    model = Scripted(lead=[step, '{"answer": "fine"}'], alice=["hello"])
    assert supervisor(model, "alice", capabilities=capabilities).go().output == "fine"


def test_a_failed_worker_is_told_as_a_failed_call_and_the_supervisor_goes_on() -> None:
    model = Scripted(lead=[asks("alice"), "made do"], alice=[Says(fails="bad_request", retryable=False)])
    engine = supervisor(model, "alice").go()
    assert engine.output == "made do"
    assert "alice could not do it" in model.heard[-1][1].replies[0].text


def test_delegating_to_nobody_to_itself_or_nothing_is_answered_in_words() -> None:
    wrong: list[tuple[str, Any]] = [
        ("delegate", {"to": "zoe", "task": "x"}),
        ("delegate", {"to": "lead", "task": "x"}),
        ("delegate", {"task": "x"}),
        ("delegate", {"to": "alice", "task": "  "}),
        ("delegate_to_zoe", {"task": "x"}),
    ]
    model = Scripted(lead=[Says(tools=wrong), "alone"], alice=["never asked"])
    engine = supervisor(model, "alice").go()
    assert engine.output == "alone"
    assert engine.state.children == {}
    told = [reply.text for reply in model.heard[-1][1].replies]
    for text, words in zip(told, ["alice", "alice", "to", "empty", "There is no tool"], strict=True):
        assert words in text


def test_all_workers_are_one_tool_however_many_they_are() -> None:
    model = Scripted(lead=["alone"])
    supervisor(model, "alice", "bob", "carol").go()
    offered = model.heard[0][1].tools
    assert [offer.name for offer in offered] == ["delegate"]
    assert offered[0].parameters["properties"]["to"]["enum"] == ["alice", "bob", "carol"]
    assert all(f" {worker}: " in offered[0].description for worker in ("alice", "bob", "carol"))
    assert "\n" not in offered[0].description


def test_a_conversation_that_began_with_a_tool_for_each_worker_goes_on() -> None:
    model = Scripted(lead=[Says(tools=[("delegate_to_alice", {"task": "go"})]), "done"], alice=["hello"])
    engine = supervisor(model, "alice").go()
    assert engine.output == "done"
    assert engine.node("lead/m1/t1/alice").output == engine.content.put("hello")


def test_a_hundred_delegations_stop_at_the_cap_and_run_a_few_at_once() -> None:
    model = Scripted(lead=[asks(*["alice"] * 100), "enough"], alice=["ok"])
    engine = supervisor(model, "alice", max_delegations=10, delegations_at_once=3)
    most = 0
    while engine.step():
        most = max(most, len(engine.inflight))
    assert engine.output == "enough"
    assert most == 3
    assert len(engine.state.children["lead"]) == 10
    assert "no more is allowed" in model.heard[-1][1].replies[-1].text


def test_a_hierarchy_keeps_each_levels_context_its_own() -> None:
    model = Scripted(
        lead=[asks("alice", task="Plan for"), "top"],
        alice=[asks("bob", task="Dig for"), "middle"],
        bob=["bottom"],
    )
    nodes = {"in": IN, "lead": agent("lead"), "alice": agent("alice"), "bob": agent("bob"), "out": OUT}
    engine = (
        Engine(team(nodes, ["in>lead", "lead>out", "lead:alice", "alice:bob"], agents=AGENTS), model)
        .start()
        .go()
    )
    assert engine.output == "top"
    assert engine.node("lead/m1/t1/alice/m1/t1/bob").output == engine.content.put("bottom")
    assert "Plan for" not in dict(model.heard)["bob"].task
    assert "bottom" not in str(model.heard[-1][1].replies)


def test_workers_of_a_node_that_ended_are_stopped() -> None:
    model = Scripted(
        lead=[asks("alice"), "late"], alice=[Says("slow", takes_s=50)], carol=[Says("quick", takes_s=2)]
    )
    nodes = {
        "in": IN,
        "lead": agent("lead"),
        "alice": agent("alice"),
        "carol": agent("carol"),
        "join": ("join", {"policy": "any"}),
        "out": OUT,
    }
    edges = ["in>lead", "in>carol", "lead>join", "carol>join", "join>out", "lead:alice"]
    engine = Engine(team(nodes, edges, agents=AGENTS), model).start().go()
    assert engine.output == "quick"
    assert engine.node("lead/m1/t1/alice").status is NodeStatus.CANCELLED
    assert not engine.inflight


def test_a_supervisor_survives_the_loss_of_its_worker_process_at_every_step() -> None:
    def play(crash_at: int | None) -> Any:
        model = Scripted(lead=[asks("alice", "bob"), "done"], alice=["a"], bob=["b"])
        model.lines["lead"] = [asks("alice", "bob")]

        def answers(prompt: Prompt, attempt: int) -> Says:
            if prompt.agent == "lead":
                return Says("done") if prompt.replies else asks("alice", "bob")
            return Says(prompt.agent)

        engine = supervisor(answers, "alice", "bob")  # type: ignore[arg-type]
        at = 0
        while engine.step():
            at += 1
            if at == crash_at:
                engine.crash()
        return engine.output, at

    expected, steps = play(None)
    assert expected == "done"
    assert all(play(at)[0] == expected for at in range(1, steps + 1))


# ── handing over ────────────────────────────────────────────────────────────────────────────────────
def hands(peer: str, message: str = "please go on") -> Says:
    return Says(tools=[(f"transfer_to_{peer}", {"message": message})])


def peers(model: Any, carries: str = "output", **config: Any) -> Engine:
    nodes = {
        "in": IN,
        "alice": ("agent", {"agent": "alice", **config}),
        "bob": agent("bob"),
        "carol": agent("carol"),
        "out": OUT,
    }
    both = {"source": "alice", "target": "bob", "kind": "handoff", "carries": carries}
    return Engine(team(nodes, ["in>alice", "alice>out", both, "bob~carol"], agents=AGENTS), model).start()


def test_the_peer_that_takes_over_answers_for_the_team() -> None:
    model = Scripted(alice=[hands("bob", "about tea")], bob=["billed"])
    engine = peers(model)
    engine.step()
    assert [key[0] for key in engine.inflight] == ["alice/m1/t1/bob/m1"], "one agent is active"
    engine.go()
    assert engine.output == "billed"
    told = dict(model.heard)["bob"].task
    assert "about tea" in told
    assert '"topic": "tea"' in told


def test_an_edge_that_carries_nothing_lets_only_the_message_through() -> None:
    model = Scripted(alice=[hands("bob", "just this")], bob=["ok"])
    peers(model, carries="nothing").go()
    told = dict(model.heard)["bob"].task
    assert "just this" in told
    assert "topic" not in told


def test_an_edge_that_carries_the_conversation_lets_the_words_through() -> None:
    first = Says("I looked at it.", tools=[("transfer_to_bob", {"message": "yours"})])
    model = Scripted(alice=[first], bob=["ok"])
    peers(model, carries="conversation").go()
    assert "alice: I looked at it." in dict(model.heard)["bob"].task


def test_passing_to_and_fro_is_noticed_and_ends() -> None:
    model = Scripted(alice=[hands("bob")], bob=[hands("alice")])

    def answers(prompt: Prompt, attempt: int) -> Says:
        model(prompt, attempt)
        if not any(
            offer.name.startswith("transfer_to_") and offer.name != "transfer_to_carol"
            for offer in prompt.tools
        ):
            return Says("settled it myself")
        return hands("bob") if prompt.agent == "alice" else hands("alice")

    engine = peers(answers).go()
    assert engine.output == "settled it myself"
    assert len([agent for agent, _ in model.heard if agent == "alice"]) <= 2


def test_handing_over_stops_at_the_cap_even_when_the_model_insists() -> None:
    def insists(prompt: Prompt, attempt: int) -> Says:
        told = " ".join(reply.text for reply in prompt.replies)
        if "no more is allowed" in told or "to and fro" in told:
            return Says("all right")
        return hands({"alice": "bob", "bob": "carol", "carol": "bob"}[prompt.agent])

    engine = peers(insists, max_handoffs=2).go()
    assert engine.output == "all right"
    assert sum("took over" in getattr(event, "note", "") for event in engine.log) == 2


def test_a_job_cannot_go_to_two_peers() -> None:
    two = Says(tools=[("transfer_to_carol", {"message": "a"}), ("transfer_to_alice", {"message": "b"})])
    model = Scripted(alice=[hands("bob"), "x"], bob=[two, "x"], carol=["carol has it"])
    engine = peers(model).go()
    assert engine.output == "carol has it"


def test_native_tools_are_told_without_what_only_validation_needs() -> None:
    told = lean(delegation.parameters(["alice"]))
    assert told == {
        "type": "object",
        "properties": {
            "to": {"type": "string", "enum": ["alice"]},
            "task": {"type": "string"},
            "context": {"type": "string"},
        },
        "required": ["to", "task"],
    }
    named_so = {"type": "object", "properties": {"maxLength": {"type": "integer", "maximum": 9}}}
    assert lean(named_so) == named_so


def test_a_run_that_a_worker_ends_says_what_the_worker_said() -> None:
    approved = tool("writes", approval="true")
    approved["spec"]["policy"] = {"deadline_s": 5, "on_expiry": "fail"}
    model = Scripted(lead=[asks("alice"), "never"], alice=[Says(tools=[("pay", {"amount": 1})])])
    nodes = {"in": IN, "lead": agent("lead"), "alice": agent("alice"), "out": OUT}
    agents = AGENTS | {"alice": {"tools": ["pay"]}}
    pinned = team(nodes, ["in>lead", "lead>out", "lead:alice"], agents=agents, tools={"pay": approved})
    engine = Engine(pinned, model).start().go()
    assert engine.state.ended == "failed"
    assert engine.state.message == "alice: Nobody approved pay in time."
    assert engine.state.failed_node == "lead/m1/t1/alice"
