"""Events of tool calls: asked for by a model or a node, vetted, refused, sent, and what came of it."""

from __future__ import annotations

from typing import Literal

from runs.engine.event import CallEvent
from runs.engine.fork_events import Reused


class ToolCallRequested(CallEvent, tag="ToolCallRequested", frozen=True, kw_only=True):
    """A node itself wants a tool called, without a model; `arguments` is a digest of JSON text."""

    tool: str
    arguments: str


class ToolCallVetted(CallEvent, tag="ToolCallVetted", frozen=True, kw_only=True):
    """Known tool, valid arguments. `ask` says why a person must approve it first; empty: nobody need.

    The effects `delegates` and `hands over` mean that another agent is asked, not a tool.
    """

    tool: str
    arguments: str
    effect: Literal["reads", "idempotent", "writes", "delegates", "hands over"]
    ask: str = ""


class ToolCallRefused(CallEvent, tag="ToolCallRefused", frozen=True, kw_only=True):
    """Never dispatched: unknown tool, wrong arguments, or a person said no. The model is told."""

    tool: str
    code: str
    message: str
    result: str


class ToolCallStarted(CallEvent, tag="ToolCallStarted", frozen=True, kw_only=True):
    tool: str
    arguments: str
    effect: Literal["reads", "idempotent", "writes"]
    idempotency_key: str
    approval: str = ""  # the approval this execution uses up
    cache: str = ""  # under which the result is kept for later calls; empty: it is not


class ToolCallCompleted(CallEvent, tag="ToolCallCompleted", frozen=True, kw_only=True):
    result: str
    reused: Reused | None = None  # the tool was not called


class ToolCallFailed(CallEvent, tag="ToolCallFailed", frozen=True, kw_only=True):
    code: str
    message: str
    retryable: bool = False
    result: str = ""  # what the model is told


class ToolCallInDoubt(CallEvent, tag="ToolCallInDoubt", frozen=True, kw_only=True):
    """A call that is neither read-only nor idempotent may or may not have happened."""
