"""A question to a person: the answer goes on; nobody answering, or in time, fails the node."""

from __future__ import annotations

from typing import Any

from runs.engine.decide import status
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, saying, team


def asked(config: dict[str, Any]) -> Engine:
    nodes = {
        "in": IN,
        "ask": ("question", config),
        "a": agent(description="Size: {{ value.answer }}"),
        "out": OUT,
    }
    engine = Engine(team(nodes, ["in>ask", "ask>a", "a>out"]), saying("done")).start()
    engine.think()
    return engine


def test_the_answer_goes_on_as_the_nodes_output() -> None:
    engine = asked({"title": "Which size for {{ input.topic }}?"})
    assert status(engine.state) == "waiting"
    (question,) = engine.state.pending_approvals()
    assert question.title == "Which size for tea?"
    engine.decide("answer", edited={"answer": "large"}).go()
    assert engine.output == "done"
    assert "Size: large" in engine.prompts["a/m1"].task


def test_whoever_cannot_answer_fails_the_node_with_the_reason() -> None:
    engine = asked({}).decide("reject", comment="Nobody knows.").go()
    assert engine.state.ended == "failed"
    assert "Someone could not answer: Nobody knows." in engine.state.message


def test_a_question_nobody_answers_expires() -> None:
    engine = asked({"deadline_s": 60}).go()
    assert engine.state.ended == "failed"
    assert "Nobody answered in time" in engine.state.message


def test_an_agent_can_ask_a_person_as_a_colleague() -> None:
    def model(prompt: Any, attempt: int) -> Says:
        if prompt.replies:
            return Says(f"They said {prompt.replies[0].text}")
        offer = next(offer for offer in prompt.tools if offer.name.startswith("delegate"))
        named = {"to": "ask"} if "to" in offer.parameters["properties"] else {}
        return Says(tools=[(offer.name, {"task": "Which colour?"} | named)])

    nodes = {"in": IN, "lead": agent(), "ask": ("question", {}), "out": OUT}
    engine = Engine(team(nodes, ["in>lead", "lead>out", "lead:ask"]), model).start().go()
    (question,) = engine.state.pending_approvals()
    assert question.title == "Which colour?"
    engine.decide("answer", edited={"answer": "red"}).go()
    assert '"answer": "red"' in engine.output
