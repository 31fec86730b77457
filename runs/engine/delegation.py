"""Delegates edges: an agent asks the nodes they lead to, as if these were tools; several may run at once.

The supervisor is told what came of it, never how: a worker's conversation stays its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from agents.toolbox.arguments import BadArguments, validate_arguments
from runs.engine import events as ev
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.dialects.base import Offer
from runs.engine.kind import NodeView
from runs.engine.state import Call, CallStatus, Node, NodeStatus

PREFIX = "delegate_to_"
EFFECT: Final = "delegates"
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "task": {
            "type": "string",
            "minLength": 1,
            "maxLength": 20_000,
            "description": "What they are to do. They know nothing but this.",
        },
        "context": {
            "type": "string",
            "maxLength": 100_000,
            "description": "Material they need for it.",
        },
    },
    "required": ["task"],
    "additionalProperties": False,
}


def worker_of(view: NodeView, tool: str) -> str:
    """The worker that a tool's name means; empty when it means none."""
    worker = tool.removeprefix(PREFIX)
    return worker if tool.startswith(PREFIX) and worker in view.plan.view.workers(view.id) else ""


def offers(view: NodeView) -> Iterator[Offer]:
    if _asked(view) >= view.config.max_delegations:
        return
    for worker in view.plan.view.workers(view.id):
        kind = view.plan.kinds[worker]
        yield Offer(PREFIX + worker, kind.introduce(view.plan, worker), PARAMETERS)


def _asked(view: NodeView) -> int:
    return sum(call.effect == EFFECT for call in view.state.calls.values())


def vet(view: NodeView, call: Call, content: Content) -> ev.Event:
    """Whether this delegation may be made. What stands in its way is told to the model."""
    most = view.config.max_delegations
    if _asked(view) >= most:
        return _refused(
            view, call, "too_many", f"You have delegated {most} times; no more is allowed.", content
        )
    try:
        arguments = validate_arguments(PARAMETERS, str(content.get(call.arguments)))
    except BadArguments as error:
        return _refused(view, call, "bad_arguments", str(error), content)
    return ev.ToolCallVetted(
        path=view.path, call=call.id, tool=call.name, arguments=content.put(arguments), effect=EFFECT
    )


def steps(view: NodeView, call: Call) -> Iterator[Command]:
    if call.status is CallStatus.VETTED:
        active = sum(c.status is CallStatus.DELEGATED for c in view.state.calls.values())
        ahead = [
            c.id for c in view.state.calls.values() if c.effect == EFFECT and c.status is CallStatus.VETTED
        ]
        if ahead.index(call.id) < view.config.delegations_at_once - active:
            yield Compute(view.path, "delegate", call.id)
    elif call.status is CallStatus.DELEGATED and _worker(view, call).settled:
        yield Compute(view.path, "collect", call.id)


def _worker(view: NodeView, call: Call) -> Node:
    return view.run.node(f"{call.id}/{worker_of(view, call.name)}")


def compute(what: str, view: NodeView, call: Call, content: Content) -> ev.Event:
    return _delegate(view, call, content) if what == "delegate" else _collect(view, call, content)


def _delegate(view: NodeView, call: Call, content: Content) -> ev.Event:
    arguments = content.get(call.arguments)
    given = arguments.get("context", "")
    return ev.NodeStarted(
        path=f"{call.id}/{worker_of(view, call.name)}",
        parent=view.path,
        given=content.put(given),
        task=content.put(arguments["task"]),
    )


def _collect(view: NodeView, call: Call, content: Content) -> ev.Event:
    worker = _worker(view, call)
    if worker.status is NodeStatus.DONE:
        return ev.ToolCallCompleted(path=view.path, call=call.id, result=worker.output)
    message = f"{view.plan.title(worker.path)} could not do it: {worker.message or worker.status}"[:2_000]
    return ev.ToolCallFailed(
        path=view.path,
        call=call.id,
        code=worker.code or "worker_failed",
        message=message,
        result=content.put({"error": message}),
    )


def _refused(view: NodeView, call: Call, code: str, message: str, content: Content) -> ev.Event:
    return ev.ToolCallRefused(
        path=view.path,
        call=call.id,
        tool=call.name[:100],
        code=code,
        message=message,
        result=content.put({"error": message}),
    )
