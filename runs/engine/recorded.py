"""A fork that answers its calls from its parent's log: what has no answer there waits for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runs.engine import events as ev
from runs.engine.commands import Command, Record, StartModelCall, StartToolCall
from runs.engine.state import RunState


def miss_key(call: str) -> str:
    """The approval that lets `call` be made although nothing like it was recorded."""
    return f"{call}/miss"


def may_be_made(state: RunState, path: str, call: str) -> bool:
    """Whether a person let this call be made."""
    asked = state.node(path).approvals.get(miss_key(call))
    return asked is not None and asked.status == "approve"


def held(state: RunState, commands: Iterable[Command]) -> Iterator[Command]:
    """`commands` without the calls that a person has not let be made; one who says no fails the node."""
    for command in commands:
        if not isinstance(command, StartModelCall | StartToolCall):
            yield command
            continue
        asked = state.node(command.path).approvals.get(miss_key(command.call))
        if asked is None or asked.status == "approve":
            yield command
        elif asked.status != "pending":
            said = f": {asked.comment}" if asked.comment else "."
            message = f"Nothing like this call was recorded, and {asked.by_name} did not let it be made{said}"
            yield Record(ev.NodeFailed(path=command.path, code="not_recorded", message=message[:500]))
