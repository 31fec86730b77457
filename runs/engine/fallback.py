"""Where a node turns when a model fails it: to the next one of the chain, then to another agent. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agents.topology.graph import ModelRef
from runs.engine import events as ev
from runs.engine.content import Content
from runs.engine.dialects import DIALECTS, choose
from runs.engine.dialects.base import Dialect, Message, Prompt
from runs.engine.dialects.translate import translated
from runs.engine.kind import NodeView
from runs.engine.state import Call, CallStatus

HARMLESS = "reads"
SHOWN = 2_000  # characters of a result


def chain(view: NodeView, agent: str) -> list[ModelRef]:
    """The models of an agent in the order they are asked; none of one that is not in the team."""
    pinned = view.plan.team.agents.get(agent)
    return pinned.spec.models if pinned else []


def aimed(view: NodeView, prompt: Prompt) -> Prompt:
    """The prompt for the model that the node has come to."""
    at = view.state.choice
    models = chain(view, prompt.agent) if at else []
    return replace(prompt, model=models[min(at, len(models) - 1)]) if models else prompt


def substitute(view: NodeView) -> str:
    """The agent that may take over; none once it has."""
    key = str(getattr(view.config, "fallback_agent", "") or "")
    return key if key in view.plan.team.agents and not view.state.agent else ""


def has_next(view: NodeView, agent: str) -> bool:
    return view.state.choice + 1 < len(chain(view, agent)) or bool(substitute(view))


def next_hop(view: NodeView, agent: str, call: str, code: str, message: str) -> ev.FellBack | ev.NodeFailed:
    """The next model, else the agent that takes over, else the node's failure."""
    models, at = chain(view, agent), view.state.choice
    was = words(models[min(at, len(models) - 1)]) if models else ""
    if at + 1 < len(models):
        return ev.FellBack(
            path=view.path,
            call=call,
            from_model=was,
            to_model=words(models[at + 1]),
            because=code,
            message=message[:500],
            choice=at + 1,
        )
    if other := substitute(view):
        spec = view.plan.agent(other).spec
        return ev.FellBack(
            path=view.path,
            call=call,
            from_model=was,
            to_model=words(spec.model),
            because=code,
            message=message[:500],
            choice=0,
            agent=other,
            agent_name=spec.name,
        )
    return ev.NodeFailed(path=view.path, code=code, message=message[:500])


def after_bad_answer(
    view: NodeView, agent: str, code: str, message: str, rejected: ev.OutputRejected, call: str
) -> Iterator[ev.Event]:
    """When corrective turns are used up: another model corrects it, or another agent begins anew."""
    hop = next_hop(view, agent, call, code, message)
    if isinstance(hop, ev.FellBack) and not hop.agent:
        yield rejected
    yield hop


def words(ref: ModelRef) -> str:
    return f"{ref.model} at {ref.endpoint}"


# ── the conversation goes on at another endpoint ────────────────────────────────────────────────────
def dialect_for(view: NodeView, prompt: Prompt, capabilities: dict[str, bool]) -> Dialect:
    """As this model was asked before in this conversation, else as its endpoint can."""
    known = [
        call
        for call in conversation(view)
        if (call.endpoint, call.name) == (prompt.model.endpoint, prompt.model.model)
    ]
    return DIALECTS[known[0].dialect] if known else choose(capabilities, prompt)


def conversation(view: NodeView) -> list[Call]:
    """The model calls of the agent that has the node now."""
    calls = view.state.calls.values()
    return [call for call in calls if call.kind == "model" and call.turn >= view.state.first_turn]


def as_spoken(messages: list[Message], view: NodeView, prompt: Prompt, dialect: Dialect) -> list[Message]:
    """The conversation as this dialect has it; what was always spoken in it stays byte for byte."""
    spoken = {call.dialect for call in conversation(view)}
    return messages if spoken <= {dialect.name} else translated(messages, prompt, dialect)


def done_before(view: NodeView, content: Content) -> str:
    """What the agent that failed had changed by then, so that its substitute does not do it again."""
    lines = []
    for call in view.state.calls.values():
        changed = call.kind == "tool" and call.turn < view.state.first_turn and call.effect != HARMLESS
        if changed and call.status is CallStatus.COMPLETED:
            arguments = content.text_of(content.get(call.arguments))
            result = content.text_of(content.get(call.result))[:SHOWN]
            lines.append(f"- {call.name} with {arguments}\n  Result: {result}")
    if not lines:
        return ""
    return (
        "# Already done, do not repeat\n<data>\n"
        + "\n".join(lines).replace("</data", "<\\/data")
        + "\n</data>"
    )
