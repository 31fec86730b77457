"""The primitive for kinds that put typed questions to a model: ask, correct a bad answer, accept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agents.topology import json_text, schemas
from runs.engine import events as ev
from runs.engine import prompt as words
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.dialects import DIALECTS
from runs.engine.dialects.base import Prompt, Reply
from runs.engine.fallback import after_bad_answer
from runs.engine.kind import NodeView
from runs.engine.model_turn import take_turn
from runs.engine.state import Call

CORRECTIONS = 2
ACCEPTED = "accepted"  # the note that names the last turn whose answer was taken


@dataclass(frozen=True)
class Question:
    """What is asked, as which agent; the answer must fit `schema`. `material` is data, no instruction."""

    agent: str
    text: str
    schema: dict[str, Any]
    material: tuple[tuple[str, Any], ...] = ()  # title and value


def closed(**properties: Any) -> dict[str, Any]:
    """The JSON Schema of an object with just these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def step(view: NodeView, agent: str) -> Iterator[Command]:
    """Put the next question, or have its answer judged: `Compute("answer")`."""
    node, retries = view.state, view.plan.agent(agent).spec.limits.retries
    turn = take_turn(view, max(node.turns, accepted(view) + 1), retries)
    if turn.answered is None:
        yield from turn.commands
    elif node.rejected_turn == node.turns:
        yield from take_turn(view, node.turns + 1, retries).commands
    else:
        yield Compute(view.path, "answer", turn.answered.id)


def accepted(view: NodeView) -> int:
    return int(view.state.notes.get(ACCEPTED, "0"))


def accept(view: NodeView, asked: Call) -> ev.Event:
    """The answer of this turn is taken; the next question is a new turn."""
    return ev.NodeNoted(path=view.path, key=ACCEPTED, text=str(asked.turn))


def prompt(view: NodeView, turn: int, question: Question, content: Content) -> Prompt:
    spec = view.plan.agent(question.agent).spec
    node = view.state
    if node.rejected_turn == turn - 1 and turn > 1:
        text = str(content.get(node.notes[f"correction {turn - 1}"]))
    else:
        sections = [f"# Task\n{question.text}"]
        sections += [words.data(title, value, content) for title, value in question.material]
        text = "\n\n".join(sections)
    return Prompt(
        agent=question.agent,
        model=spec.model,
        parameters=spec.parameters,
        timeout_s=spec.limits.timeout_s,
        system=words.join(words.system_sections(view.plan.team.name, spec)),
        task=text if turn == 1 else "",
        schema=question.schema,
        replies=() if turn == 1 else (Reply(text),),
    )


def judge(view: NodeView, asked: Call, question: Question, content: Content) -> tuple[Any, list[ev.Event]]:
    """The value of the answer; or why it does not fit: a corrective turn, another model, or a failure."""
    spec = view.plan.agent(question.agent).spec
    shape = Prompt("", spec.model, spec.parameters, 0, "", "", schema=question.schema)
    answer = DIALECTS[asked.dialect].answer(content.get(asked.result), shape)
    try:
        value = json_text.parse(answer)
    except ValueError:
        value, wrong = None, [f"{answer.strip()[:100]!r} is not valid JSON."]
    else:
        wrong = schemas.errors(question.schema, value)
    if not wrong:
        return value, []
    told = "Your answer cannot be used:\n" + "\n".join(f"- {line}" for line in wrong) + "\nAnswer again."
    rejected = ev.OutputRejected(
        path=view.path, turn=asked.turn, errors=tuple(wrong[:10]), message=content.put(told)
    )
    node = view.state
    corrected = min(asked.turn - 1 - accepted(view), node.corrections - node.forgiven)
    if corrected < CORRECTIONS:
        return None, [rejected]
    message = f"{spec.name}'s answer did not fit: {wrong[0]}"
    hop = after_bad_answer(view, question.agent, "bad_answer", message, rejected, asked.id)
    return None, list(hop)
