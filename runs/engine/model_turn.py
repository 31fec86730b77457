"""The primitive all thinking kinds share: one model call, with its retries, until it is answered or fails.

Transient failures are repeated after a pause; what repeating cannot mend, and what was repeated enough, goes
to the next model of the agent's chain. A closed endpoint is waited for by a timer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from runs.engine import events as ev
from runs.engine.commands import Command, Record, StartModelCall
from runs.engine.fallback import has_next, next_hop
from runs.engine.kind import NodeView
from runs.engine.state import Call, CallStatus, Hold

MAX_ABANDONED = 20  # a call that kills its worker every time must not do so for ever
MAX_BACKOFF_S = 60.0  # nor is a longer pause waited for where there is another model to ask


@dataclass
class Turn:
    """How a model call stands: `answered` when it has a message, else `commands` say what is next."""

    answered: Call | None = None
    commands: list[Command] = field(default_factory=list)


def call_id(path: str, turn: int) -> str:
    return f"{path}/m{turn}"


def take_turn(view: NodeView, turn: int, retries: int) -> Turn:
    name = call_id(view.path, turn)
    call, hold = view.state.calls.get(name), view.state.holds.get(name)
    attempt = call.attempt + 1 if call else 1
    again = StartModelCall(view.path, name, turn, attempt)
    if hold is not None and hold.after_s is not None:
        return Turn(commands=list(_held(view, hold, call.failures if call else 0, retries, again)))
    if call is None:
        return Turn(commands=[again])
    match call.status:
        case CallStatus.COMPLETED:
            return Turn(answered=call)
        case CallStatus.FAILED | CallStatus.ABANDONED:
            return Turn(commands=list(_again(view, call, hold.strikes if hold else 0, retries, again)))
        case _:
            return Turn()


def _again(view: NodeView, call: Call, strikes: int, retries: int, again: Command) -> Iterator[Command]:
    if call.status is CallStatus.ABANDONED:
        if call.attempt >= MAX_ABANDONED:
            yield Record(worker_lost(view, call))
        else:
            yield again
    elif call.choice != view.state.choice:
        yield again  # at the model it has fallen back to
    elif (
        not call.retryable
        or call.failures + strikes > retries
        or ((call.retry_after_s or 0) > MAX_BACKOFF_S and has_next(view, call.agent))
    ):
        yield Record(next_hop(view, call.agent, call.id, call.code, call.message))
    else:
        yield from after_backoff(view, call, again)


def worker_lost(view: NodeView, call: Call) -> ev.Event:
    message = f"Its worker stopped {call.attempt} times during this call."
    return ev.NodeFailed(path=view.path, code="worker_lost", message=message)


def _held(view: NodeView, hold: Hold, failures: int, retries: int, again: Command) -> Iterator[Command]:
    """The endpoint takes no calls: ask another model, or wait until it may be asked again.

    Each break it is held for counts as a failure: an endpoint that stays away fails its calls in the end.
    """
    assert hold.after_s is not None
    other = has_next(view, hold.agent)
    used_up = hold.code == "breaker_open" and (other or failures + hold.strikes > retries)
    too_long = hold.code == "rate_limited" and hold.after_s > MAX_BACKOFF_S and other
    if used_up or too_long:
        yield Record(next_hop(view, hold.agent, hold.call, hold.code, hold.message))
        return
    key = f"{hold.call}/hold{hold.count}"
    timer = view.state.timers.get(key)
    if timer is None:
        wait = round(hold.after_s + min(hold.after_s / 4, 2.0) * _chance(key), 3)  # not all at once
        yield Record(ev.TimerSet(path=view.path, key=key, after_s=wait, purpose="retry"))
    elif timer.fired:
        yield again


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
    return round(full * (1 + _chance(f"{call.id}#{call.attempt}") / 4), 3)


def _chance(name: str) -> float:
    """Between 0 and 1, the same for the same name."""
    return hashlib.sha256(name.encode()).digest()[0] / 255
