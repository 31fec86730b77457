"""The primitive all thinking kinds share: one model call, with its retries, until it is answered or fails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from runs.engine import events as ev
from runs.engine.commands import Command, Record, StartModelCall
from runs.engine.kind import NodeView
from runs.engine.state import Call, CallStatus

MAX_ABANDONED = 20  # a call that kills its worker every time must not do so for ever
MAX_BACKOFF_S = 60.0


@dataclass
class Turn:
    """How a model call stands: `answered` when it has a message, else `commands` say what is next."""

    answered: Call | None = None
    commands: list[Command] = field(default_factory=list)


def call_id(path: str, turn: int) -> str:
    return f"{path}/m{turn}"


def take_turn(view: NodeView, turn: int, retries: int) -> Turn:
    call = view.state.calls.get(call_id(view.path, turn))
    if call is None:
        return Turn(commands=[StartModelCall(view.path, call_id(view.path, turn), turn, 1)])
    match call.status:
        case CallStatus.COMPLETED:
            return Turn(answered=call)
        case CallStatus.FAILED | CallStatus.ABANDONED:
            return Turn(commands=list(_again(view, call, retries)))
        case _:
            return Turn()


def _again(view: NodeView, call: Call, retries: int) -> Iterator[Command]:
    again = StartModelCall(view.path, call.id, call.turn, call.attempt + 1)
    if call.status is CallStatus.ABANDONED:
        if call.attempt >= MAX_ABANDONED:
            message = f"Its worker stopped {call.attempt} times during this call."
            yield Record(ev.NodeFailed(path=view.path, code="worker_lost", message=message))
        else:
            yield again
    elif not call.retryable or call.failures > retries:
        yield Record(ev.NodeFailed(path=view.path, code=call.code, message=call.message))
    else:
        yield from after_backoff(view, call, again)


def after_backoff(view: NodeView, call: Call, again: Command) -> Iterator[Command]:
    """Wait as long as the endpoint asked for, or exponentially longer each time; then `again`."""
    key = f"{call.id}/retry{call.attempt}"
    timer = view.state.timers.get(key)
    if timer is None:
        wait = call.retry_after_s if call.retry_after_s is not None else _backoff(view, call)
        yield Record(ev.TimerSet(path=view.path, key=key, after_s=wait, purpose="retry"))
    elif timer.fired:
        yield again


def _backoff(view: NodeView, call: Call) -> float:
    """Doubles with each failure; up to a quarter longer by a jitter that the call's own name decides."""
    full = min(view.run.retry_base_s * 2.0 ** (call.failures - 1), MAX_BACKOFF_S)
    jitter = hashlib.sha256(f"{call.id}#{call.attempt}".encode()).digest()[0] / 255 / 4
    return round(full * (1 + jitter), 3)
