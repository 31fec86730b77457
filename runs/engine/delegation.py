"""Delegates edges: an agent asks the nodes they lead to, as if these were tools; several may run at once.

The supervisor is told what came of it, never how: a worker's conversation stays its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from agents.toolbox.arguments import BadArguments, validate_arguments
from agents.topology.problems import KEY_LENGTH
from runs.engine import events as ev
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.dialects.base import Offer
from runs.engine.kind import LONGEST_PATH, NodeView
from runs.engine.state import Call, CallStatus, Node, NodeStatus

TOOL = "delegate"
PREFIX = "delegate_to_"  # as tools were named when there was one a worker; conversations go on with it
EFFECT: Final = "delegates"
ABOUT = "Gives work to a colleague, who knows only what you write; several at once work side by side."


def parameters(workers: list[str]) -> dict[str, Any]:
    """One tool for all: a schema for each worker would be sent with every turn, three or thirty times."""
    return {
        "type": "object",
        "properties": {
            "to": {"type": "string", "enum": workers},
            "task": {"type": "string", "maxLength": 20_000},
            "context": {"type": "string", "maxLength": 100_000},
        },
        "required": ["to", "task"],
        "additionalProperties": False,
    }


def is_meant(view: NodeView, tool: str) -> bool:
    """Whether a tool of this name asks a worker."""
    workers = view.plan.view.workers(view.id)
    return bool(workers) and (tool == TOOL or _named(tool) in workers)


def _named(tool: str) -> str:
    return tool.removeprefix(PREFIX) if tool.startswith(PREFIX) else ""


def offers(view: NodeView) -> Iterator[Offer]:
    workers = view.plan.view.workers(view.id)
    if not workers:
        return
    known = (f"{worker}: {view.plan.kinds[worker].introduce(view.plan, worker)}" for worker in workers)
    about = " ".join(" ".join([ABOUT, *known]).split())
    yield Offer(TOOL, about, parameters(workers), open=_asked(view) < view.config.max_delegations)


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
        arguments = _arguments(view, call, content)
    except BadArguments as error:
        return _refused(view, call, "bad_arguments", str(error), content)
    return ev.ToolCallVetted(
        path=view.path, call=call.id, tool=call.name, arguments=content.put(arguments), effect=EFFECT
    )


def _arguments(view: NodeView, call: Call, content: Content) -> dict[str, Any]:
    schema, raw = parameters(view.plan.view.workers(view.id)), str(content.get(call.arguments))
    if named := _named(call.name):
        del schema["properties"]["to"]
        arguments = {"to": named} | validate_arguments(schema | {"required": ["task"]}, raw)
    else:
        arguments = validate_arguments(schema, raw)
    if not arguments["task"].strip():
        raise BadArguments("The task is empty: say what is to be done.")
    if len(call.id) > LONGEST_PATH - KEY_LENGTH:
        raise BadArguments("This was passed on too often to be passed on again. Do it yourself.")
    return arguments


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
    """The one that was started for this call."""
    return next(node for node in view.run.spawned(view.path) if node.path.rpartition("/")[0] == call.id)


def compute(what: str, view: NodeView, call: Call, content: Content) -> ev.Event:
    return _delegate(view, call, content) if what == "delegate" else _collect(view, call, content)


def _delegate(view: NodeView, call: Call, content: Content) -> ev.Event:
    arguments = content.get(call.arguments)
    given = arguments.get("context", "")
    return ev.NodeStarted(
        path=f"{call.id}/{arguments.get('to') or _named(call.name)}",
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
