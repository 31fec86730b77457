"""A run's calls before the gates of their endpoints, and all gates of one process.

A call gets its permit before its start is committed: while it waits nothing is reserved for it, no time-out
runs, and a run that is stopped or decides otherwise just leaves the line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import Any
from uuid import UUID

import orjson
import redis.asyncio
from django.conf import settings

from agents.endpoint_state import CHANNEL, keys
from runs.engine import events as ev
from runs.engine.commands import Command, StartModelCall
from runs.execute.dispatch import Dispatch, Key
from runs.execute.endpoint_gate import Gate
from runs.execute.endpoint_permit import Closed, Permit, Waiter
from runs.execute.model_calls import ModelDispatch, Prepared

LUA = files("runs.execute").joinpath("endpoint_gate.lua").read_text()
REDIS_S = 1.0  # an answer that takes longer is as good as none


class Gates:
    """The gates of this process, by endpoint."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.redis: Any = redis.asyncio.Redis.from_url(
            settings.REDIS, socket_timeout=REDIS_S, socket_connect_timeout=REDIS_S
        )
        self._script = self.redis.register_script(LUA)
        self._gates: dict[UUID, Gate] = {}

    def gate(self, endpoint: UUID) -> Gate:
        if endpoint not in self._gates:
            self._gates[endpoint] = Gate(endpoint, self.owner, self._look)
        return self._gates[endpoint]

    def hear(self, said: str) -> None:
        """Some process changed the state of an endpoint: `said` is the endpoint and that process."""
        endpoint, _, owner = said.partition(" ")
        gate = self._gates.get(UUID(endpoint))
        if gate is not None and owner != self.owner:
            gate.stale()

    async def _look(self, endpoint: UUID, question: dict[str, Any]) -> Any:
        answer = await self._script(keys=keys(endpoint), args=[orjson.dumps(question), CHANNEL])
        return orjson.loads(answer)

    async def close(self) -> None:
        await asyncio.gather(*(gate.close() for gate in self._gates.values()))
        await self.redis.aclose()


class Line:
    """One run's calls that wait for their permit, or have it and are not sent yet."""

    def __init__(self, gates: Gates, run: UUID, wake: Callable[[], None]) -> None:
        self.gates = gates
        self.run = run
        self.wake = wake
        self._waiting: dict[Key, tuple[Gate, Waiter]] = {}
        self._permits: dict[Key, Permit] = {}
        self._wanted: set[Key] = set()
        self._offered: set[Key] = set()

    @property
    def waits(self) -> bool:
        return bool(self._waiting)

    def beyond(self, commands: list[Command]) -> list[Command]:
        """The commands without the calls that wait; remembers which calls are wanted still."""
        self._wanted = {_key(command) for command in commands if isinstance(command, StartModelCall)}
        return [command for command in commands if not self._keeps(command)]

    def _keeps(self, command: Command) -> bool:
        if not isinstance(command, StartModelCall) or _key(command) not in self._waiting:
            return False
        waiter = self._waiting[_key(command)][1]
        if waiter.outcome is not None:
            self._offered.add(_key(command))
            return False
        return not waiter.is_long

    async def admit(self, prepared: Prepared) -> Prepared | None:
        """The call with its permit; what keeps it from going out; or None while it waits."""
        dispatch = prepared.dispatch
        if dispatch is None or prepared.event is not dispatch.started:
            return prepared
        if dispatch.key not in self._permits:
            outcome = await self._outcome(dispatch)
            if outcome is None:
                return None
            if isinstance(outcome, Closed):
                return Prepared(_held(dispatch, outcome))
            self._permits[dispatch.key] = outcome
        dispatch.permit = self._permits[dispatch.key]
        return prepared

    async def _outcome(self, dispatch: ModelDispatch) -> Permit | Closed | None:
        gate, waiter = self._waiting.pop(dispatch.key, (None, None))
        self._offered.discard(dispatch.key)  # it may wait anew now, before another endpoint
        if gate is None or waiter is None:
            gate = self.gates.gate(dispatch.model.endpoint_id)
            gate.limits(dispatch.model)
            waiter = Waiter(self.run, tokens_of(dispatch.started), self.wake)
            await gate.admit(waiter)
        if waiter.outcome is not None:
            return waiter.outcome
        self._waiting[dispatch.key] = gate, waiter
        if not waiter.is_long:
            return None
        waiter.told = True  # a wait that takes long is a fact of the run, told once
        return Closed("queued", gate.why_wait(), 0)

    def sent(self, dispatches: Iterable[Dispatch]) -> None:
        """What was decided is committed: these go out; who is not wanted or had a turn leaves the line."""
        for dispatch in dispatches:
            self._permits.pop(dispatch.key, None)
        for permit in self._permits.values():
            permit.drop()
        self._permits.clear()
        for key in [key for key in self._waiting if key not in self._wanted or key in self._offered]:
            gate, waiter = self._waiting.pop(key)
            gate.withdraw(waiter)
        self._offered.clear()

    def leave(self) -> None:
        self._wanted.clear()
        self.sent(())


def _key(command: StartModelCall) -> Key:
    return command.call, command.attempt


def tokens_of(started: ev.ModelCallStarted) -> int:
    """What a call takes of the tokens a minute: a prompt at four bytes a token, and the longest answer."""
    return (started.reserved_tokens - started.max_tokens) // 4 + started.max_tokens


def _held(dispatch: ModelDispatch, closed: Closed) -> ev.ModelCallHeld:
    started = dispatch.started
    return ev.ModelCallHeld(
        path=started.path,
        call=started.call,
        attempt=started.attempt,
        agent=started.agent,
        endpoint=started.endpoint,
        model=started.model,
        code=closed.code,
        message=closed.message[:500],
        after_s=None if closed.code == "queued" else round(closed.after_s, 3),
    )
