"""What is sent out once its start is committed, and what came of it, as facts for the log."""

from __future__ import annotations

from typing import Protocol

from runs.engine import events as ev
from runs.engine.content import Content
from runs.engine.state import RunState

Key = tuple[str, int]  # call id and attempt


class Fact(Protocol):
    """Something that happened and must be recorded, whatever else was appended meanwhile."""

    def events(self, state: RunState, content: Content) -> list[ev.Event]:
        """Nothing when the log has it already: an append may have succeeded although its answer was lost."""
        ...


def is_open(state: RunState, started: ev.CallEvent) -> bool:
    """Whether the log still waits for the outcome of this attempt."""
    call = state.node(started.path).calls.get(started.call)
    return call is not None and call.is_open and call.attempt == started.attempt


class Dispatch(Protocol):
    """A call that may be sent."""

    @property
    def key(self) -> Key: ...

    @property
    def abortable(self) -> bool: ...

    async def perform(self) -> Fact:
        """Send it and wait. Never raises but for cancellation."""
        ...

    def aborted(self) -> Fact:
        """The fact to record when `perform` was cancelled on purpose."""
        ...
