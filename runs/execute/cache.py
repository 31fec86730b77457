"""Answers used again instead of a request: from the workspace's cache, or as a fork's parent got them.

A cache is asked for where a node or a tool allows it; only valid answers of nodes that completed are kept.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import psycopg

from runs.engine import events as ev
from runs.engine.content import Content
from runs.engine.kind import NodeView
from runs.engine.recorded import may_be_made, miss_key
from runs.engine.state import Call, CallStatus, Node, RunState
from runs.execute.model_calls import ModelDispatch, requested_tools
from runs.execute.store import Kept, Store
from runs.execute.tool_calls import ToolDispatch
from runs.log import Draft
from runs.projections.base import Ref

WHOLE = frozenset(
    {"stop", "tool_calls", "function_call", ""}
)  # finish reasons of answers that were not cut off
MISUSED = frozenset({"unknown_tool", "bad_arguments"})
FREE = ev.Charge(status="reused", cost="0")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    result: str  # digest
    reused: ev.Reused
    finish_reason: str = ""


@dataclass
class Record:
    """Every call that a log has an answer to, by what was asked."""

    answers: dict[tuple[str, ...], list[Answer]] = field(default_factory=dict)

    @classmethod
    def of(cls, run: str, events: Iterable[ev.AnyEvent]) -> Record:
        record, asked = cls(), {}
        for event in events:
            if isinstance(event, ev.ModelCallStarted | ev.ToolCallStarted):
                asked[event.call, event.attempt] = _question(event)
            elif isinstance(event, ev.ModelCallCompleted | ev.ToolCallCompleted):
                question = asked.get((event.call, event.attempt))
                if question is not None:
                    record.answers.setdefault(question, []).append(_answer(run, event))
        return record

    def find(self, started: ev.ModelCallStarted | ev.ToolCallStarted) -> Answer | None:
        """The answer to the same question: that of the call of the same name, else the first there was."""
        known = self.answers.get(_question(started), [])
        same = [one for one in known if one.reused.call == started.call]
        return next(iter(same or known), None)


def _question(started: ev.ModelCallStarted | ev.ToolCallStarted) -> tuple[str, ...]:
    if isinstance(started, ev.ToolCallStarted):
        return "tool", started.tool, started.arguments
    return "model", started.endpoint, started.model, str(started.simulated), started.request


def _answer(run: str, event: ev.ModelCallCompleted | ev.ToolCallCompleted) -> Answer:
    reused = ev.Reused(source="recorded", run=run, call=event.call, at=event.at)
    if isinstance(event, ev.ToolCallCompleted):
        return Answer(event.result, reused)
    return Answer(event.message, reused, event.finish_reason)


class Earlier:
    """What earlier calls answer for one run."""

    def __init__(self, store: Store, ref: Ref, content: Content) -> None:
        self.store, self.ref, self.content = store, ref, content
        self._record: Record | None = None

    # ── instead of a call ───────────────────────────────────────────────────────────────────────────
    async def model(self, dispatch: ModelDispatch, view: NodeView) -> list[ev.Event]:
        """The start and the answer without a request, or a question to a person; empty: make the call."""
        started = dispatch.started
        answer = await self._find(started, view.run, getattr(view.config, "cache_s", None))
        if answer is None:
            return [] if _may_ask(started, view) else [self._miss(started, view, _about(dispatch))]
        message = self.content.get(answer.result)
        decoded = dispatch.dialect.decode(message, dispatch.prompt)
        completed = ev.ModelCallCompleted(
            path=started.path,
            call=started.call,
            attempt=started.attempt,
            message=answer.result,
            charge=FREE,
            finish_reason=answer.finish_reason or ("tool_calls" if decoded.tools else "stop"),
            tools=requested_tools(started, decoded, self.content),
            defect=decoded.defect,
            reused=answer.reused,
        )
        return [msgspec.structs.replace(started, reserved_tokens=0, reserved_cost="0"), completed]

    async def tool(self, dispatch: ToolDispatch, view: NodeView) -> list[ev.Event]:
        started = dispatch.started
        answer = await self._find(started, view.run, dispatch.tool.spec.cache_s)
        if answer is None:
            if _may_ask(started, view):
                return []
            about = {"tool": started.tool, "effect": started.effect, "parameters": dispatch.tool.parameters}
            return [self._miss(started, view, about | {"arguments": dispatch.arguments})]
        completed = ev.ToolCallCompleted(
            path=started.path,
            call=started.call,
            attempt=started.attempt,
            result=answer.result,
            reused=answer.reused,
        )
        return [started, completed]

    async def _find(
        self, started: ev.ModelCallStarted | ev.ToolCallStarted, state: RunState, max_age_s: float | None
    ) -> Answer | None:
        answer = None
        if state.recorded and not may_be_made(state, started.path, started.call):
            answer = (await self._recorded(state.recorded)).find(started)
        elif started.cache and max_age_s:
            found = await self.store.cached(self.ref.workspace, started.cache, max_age_s)
            if found is not None:
                reused = ev.Reused(source="cache", run=str(found.run), call=found.call, at=found.at)
                answer = Answer(found.result, reused)
        return answer if answer is not None and await self._is_there(answer.result) else None

    async def _recorded(self, run: str) -> Record:
        if self._record is None:
            self._record = Record.of(run, await self.store.answered_calls(run))
        return self._record

    async def _is_there(self, digest: str) -> bool:
        """Whether the content is still stored; it is loaded if so."""
        if digest not in self.content.texts:
            try:
                self.content.texts |= await self.store.blobs(self.ref.workspace, [digest])
            except LookupError:
                return False
        return True

    def _miss(
        self, started: ev.ModelCallStarted | ev.ToolCallStarted, view: NodeView, about: dict[str, Any]
    ) -> ev.Event:
        what = started.tool if isinstance(started, ev.ToolCallStarted) else started.model
        return ev.ApprovalRequested(
            path=view.path,
            key=miss_key(started.call),
            kind="miss",
            title=f"{view.title}: no recorded answer from {what}"[:300],
            subject=self.content.put({"kind": "miss", "agent": view.title, **about}),
            call=started.call,
            reason="The run this one was forked off never made this call.",
        )

    # ── afterwards ──────────────────────────────────────────────────────────────────────────────────
    async def keep(self, draft: Draft) -> None:
        """Store the answers that a commit has shown to be valid. A cache may fail; a run may not."""
        rows = [row for event in draft.events for row in _worth_keeping(event, draft.state)]
        if not rows:
            return
        try:
            await self.store.keep(self.ref.workspace, self.ref.run, rows)
        except psycopg.Error as error:
            log.warning("Answers of run %s were not kept for later calls: %s", self.ref.run, error)


def _may_ask(started: ev.ModelCallStarted | ev.ToolCallStarted, view: NodeView) -> bool:
    """Whether the call may be made although nothing answers it."""
    return not view.run.recorded or may_be_made(view.run, started.path, started.call)


def _about(dispatch: ModelDispatch) -> dict[str, Any]:
    """What a person is shown of a model call that has no answer: who is asked, and the newest message."""
    started, messages = dispatch.started, dispatch.request.messages
    newest = str(messages[-1].get("content") or "")[:20_000] if messages else ""
    asked = {"model": started.model, "endpoint": started.endpoint, "turn": started.turn, "message": newest}
    return {"request": started.request, "arguments": asked}


def _worth_keeping(event: ev.Event, state: RunState) -> Iterator[Kept]:
    if isinstance(event, ev.ToolCallCompleted):
        call = state.node(event.path).calls[event.call]
        if call.cache and not call.reused:
            yield Kept(call.cache, call.result, call.id, event.at)
    elif isinstance(event, ev.NodeCompleted):
        node = state.node(event.path)
        for call in node.calls.values():
            if call.kind == "model" and call.cache and _is_valid(call, node):
                yield Kept(call.cache, call.result, call.id, call.ended_at)


def _is_valid(call: Call, node: Node) -> bool:
    """A whole answer that was used as it came: not rejected, not cut off, no tool in it that is none."""
    if call.status is not CallStatus.COMPLETED or call.reused or call.defect:
        return False
    if call.finish_reason not in WHOLE or f"correction {call.turn}" in node.notes:
        return False
    asked = [node.calls[tool.call] for tool in call.tools if tool.call in node.calls]
    return not any(tool.code in MISUSED for tool in asked)
