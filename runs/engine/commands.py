"""What `decide` asks the shell to do, in the imperative. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from runs.engine.events import Event


@dataclass(frozen=True, slots=True)
class Record:
    """Append this fact; nothing else is needed for it."""

    event: Event


@dataclass(frozen=True, slots=True)
class Compute:
    """Ask the node's kind for the facts that follow from content: `kind.compute(what, …)`."""

    path: str
    what: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class StartModelCall:
    """Build the request, reserve, append ModelCallStarted, then send."""

    path: str
    call: str
    turn: int
    attempt: int


@dataclass(frozen=True, slots=True)
class StartToolCall:
    """Append ToolCallStarted, then run the tool."""

    path: str
    call: str
    attempt: int
    approval: str = ""


@dataclass(frozen=True, slots=True)
class AbortCall:
    """Abort the request in flight and record how it ended."""

    path: str
    call: str
    attempt: int


Command = Record | Compute | StartModelCall | StartToolCall | AbortCall
