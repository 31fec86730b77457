"""Tool calls: what is committed before one is dispatched, and the facts that come of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from agents.toolbox.registry import tool_kind
from agents.toolbox.tool import ToolContext, ToolFailed
from agents.topology.graph import PinnedTool
from runs.engine import events as ev
from runs.engine.commands import StartToolCall
from runs.engine.content import Content, canonical, digest_of
from runs.engine.keys import idempotency_key
from runs.engine.kind import NodeView
from runs.engine.state import RunState
from runs.execute.dispatch import Fact, Key, is_open
from runs.projections.base import Ref

RESULT_LIMIT = 200_000  # characters of JSON that are kept and shown to the model
TIMEOUT_S = 60.0

log = logging.getLogger(__name__)


@dataclass
class ToolDispatch:
    started: ev.ToolCallStarted
    tool: PinnedTool
    arguments: dict[str, Any]
    context: ToolContext

    @property
    def key(self) -> Key:
        return self.started.call, self.started.attempt

    @property
    def abortable(self) -> bool:
        """A call that may have changed something is waited for, so that its result is known."""
        return self.started.effect != "writes"

    async def perform(self) -> Fact:
        try:
            kind = tool_kind(self.tool.spec.kind)
            result = await kind.run(self.arguments, self.tool.spec.config, self.context)
        except ToolFailed as error:
            uncertain = error.uncertain and self.started.effect == "writes"
            return ToolEnded(
                self.started, error=error.sentence, retryable=error.retryable, uncertain=uncertain
            )
        except Exception as error:  # a defect of a tool must not take the worker along
            log.exception("The tool %s failed unexpectedly", self.started.tool)
            sentence = f"{self.started.tool} failed unexpectedly ({type(error).__name__})."
            return ToolEnded(self.started, error=sentence, uncertain=self.started.effect == "writes")
        return ToolEnded(self.started, result=result)

    def aborted(self) -> Fact:
        return ToolEnded(self.started, error="The call was stopped.", code="cancelled")


@dataclass(frozen=True)
class ToolEnded:
    started: ev.ToolCallStarted
    result: Any = None
    error: str = ""
    code: str = "tool_failed"
    retryable: bool = False
    uncertain: bool = False

    def events(self, state: RunState, content: Content) -> list[ev.Event]:
        about = {"path": self.started.path, "call": self.started.call, "attempt": self.started.attempt}
        if not is_open(state, self.started):
            return []
        if self.uncertain:
            return [ev.ToolCallInDoubt(**about)]  # type: ignore[arg-type]
        if self.error:
            return [
                ev.ToolCallFailed(
                    **about,  # type: ignore[arg-type]
                    code=self.code,
                    message=self.error[:500],
                    retryable=self.retryable,
                    result=content.put({"error": self.error[:4_000]}),
                )
            ]
        return [ev.ToolCallCompleted(**about, result=content.put(_bounded(self.result, content)))]  # type: ignore[arg-type]


def _bounded(result: Any, content: Content) -> Any:
    text = content.text_of(result)
    if len(text) <= RESULT_LIMIT:
        return result
    return f"{text[:RESULT_LIMIT]}\n… cut after {RESULT_LIMIT} of {len(text)} characters"


def prepare(
    command: StartToolCall, view: NodeView, ref: Ref, content: Content
) -> tuple[ev.ToolCallStarted, ToolDispatch]:
    """The start to commit and what to run then. May raise ContentMissing."""
    call = view.state.calls[command.call]
    tool = view.plan.team.tools[call.name]
    approval = view.state.approvals.get(command.approval)
    digest = approval.edited if approval and approval.edited else call.arguments
    arguments = content.get(digest)
    simulated = view.run.mode == "simulated"
    effect = "reads" if simulated else tool_kind(tool.spec.kind).effect_of(tool.spec.config, arguments)
    started = ev.ToolCallStarted(
        path=view.path,
        call=call.id,
        attempt=command.attempt,
        tool=call.name,
        arguments=digest,
        effect=effect,
        idempotency_key=idempotency_key(ref.run, call.id),
        approval=command.approval,
        cache="" if simulated or effect != "reads" else _cache_key(call.name, tool, digest),
    )
    context = ToolContext(
        workspace_id=ref.workspace,
        tool_name=call.name,
        actor_name=view.title,
        run_id=ref.run,
        idempotency_key=started.idempotency_key,
        timeout_s=TIMEOUT_S,
        simulated=simulated,
    )
    return started, ToolDispatch(started, tool, arguments, context)


def _cache_key(name: str, tool: PinnedTool, arguments: str) -> str:
    """Under which the result is kept, where the tool allows it. No run is named in it."""
    spec = tool.spec
    return digest_of(canonical(["tool", name, spec.kind, spec.config, arguments])) if spec.cache_s else ""
