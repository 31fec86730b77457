"""Events by which people and programs steer a run that is under way, or take up one that failed."""

from __future__ import annotations

from runs.engine.event import Event


class PauseRequested(Event, tag="PauseRequested", frozen=True, kw_only=True):
    """Nothing new is started; what is in flight ends, and its result is kept."""

    by: str
    by_name: str
    reason: str = ""


class ResumeRequested(Event, tag="ResumeRequested", frozen=True, kw_only=True):
    by: str
    by_name: str


class NodeRetried(Event, tag="NodeRetried", frozen=True, kw_only=True):
    """A failed node runs again, as a new instance; `nodes` are it and what comes after it, in order."""

    nodes: tuple[str, ...]
    by: str
    by_name: str


class OutputGiven(Event, tag="OutputGiven", frozen=True, kw_only=True):
    """A person says what a node gives, instead of its own work; `nodes` after it begin anew.

    What follows from it is as after the node's own work: the edges whose rules hold, and what it writes.
    """

    output: str
    nodes: tuple[str, ...]
    by: str
    by_name: str
    comment: str = ""
    chosen: tuple[str, ...] | None = None  # ids of the edges taken; None: all of them
    writes: dict[str, str] = {}  # as in VariablesWritten
    order: tuple[int, ...] = ()


class SignalReceived(Event, tag="SignalReceived", frozen=True, kw_only=True):
    """A webhook was called that a node waits for; only the first call counts."""

    payload: str
    via: str = "webhook"
