"""The primitive for one tool call a model asked for: vet, ask a person if a rule says so, run, settle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agents.toolbox.arguments import BadArguments, validate_arguments
from agents.topology import rules
from agents.topology.graph import PinnedTool, ToolSpec
from agents.topology.policy import Policy
from runs.engine import approving
from runs.engine import events as ev
from runs.engine.commands import Command, Compute, Record, StartToolCall
from runs.engine.content import Content
from runs.engine.kind import NodeView
from runs.engine.model_turn import MAX_ABANDONED, after_backoff, worker_lost
from runs.engine.state import ApprovalState, Call, CallStatus

SETTLED = frozenset({CallStatus.COMPLETED, CallStatus.REFUSED})


def tool_steps(view: NodeView, call: Call, retries: int) -> Iterator[Command]:
    """What `call` wants next; nothing when it runs, waits or is settled."""
    match call.status:
        case CallStatus.REQUESTED:
            yield Compute(view.path, "vet", call.id)
        case CallStatus.VETTED:
            yield from _dispatch(view, call)
        case CallStatus.FAILED if call.retryable and call.failures <= retries and call.effect != "writes":
            yield from after_backoff(view, call, StartToolCall(view.path, call.id, call.attempt + 1))
        case CallStatus.ABANDONED if call.attempt >= MAX_ABANDONED:
            yield Record(worker_lost(view, call))
        case CallStatus.ABANDONED:
            yield StartToolCall(view.path, call.id, call.attempt + 1)
        case CallStatus.DOUBT:
            yield from _doubt(view, call)


def is_settled(view: NodeView, call: Call, retries: int) -> bool:
    """Whether the model can be told how it went."""
    if call.status is CallStatus.FAILED:
        return not (call.retryable and call.failures <= retries and call.effect != "writes")
    return call.status in SETTLED


def _dispatch(view: NodeView, call: Call) -> Iterator[Command]:
    if not call.ask:
        yield StartToolCall(view.path, call.id, call.attempt + 1)
        return
    approval = view.state.approvals.get(f"{call.id}/ask")
    if approval is None:
        yield Compute(view.path, "ask", call.id)
    elif approval.status == "pending":
        yield from approving.while_pending(view, approval)
    elif approval.status in ("approve", "edit") and not approval.used:
        yield StartToolCall(view.path, call.id, call.attempt + 1, approval.key)
    elif approval.status == "expired" and approval.on_expiry == "fail":
        message = f"Nobody approved {call.name[:100]} in time."
        yield Record(ev.NodeFailed(path=view.path, code="expired", message=message, fatal=True))
    elif approval.status in ("reject", "send_back", "expired"):
        yield Compute(view.path, "refuse", call.id)


def _doubt(view: NodeView, call: Call) -> Iterator[Command]:
    approval = view.state.approvals.get(f"{call.id}/doubt{call.attempt}")
    if approval is None or approval.status in ("done", "abort"):
        yield Compute(view.path, "doubt", call.id)
    elif approval.status == "pending":
        yield from approving.while_pending(view, approval)
    elif approval.status == "retry":
        yield StartToolCall(view.path, call.id, call.attempt + 1)


# ── what follows from content ───────────────────────────────────────────────────────────────────────
def compute(
    what: str, call: Call, view: NodeView, tools: dict[str, PinnedTool], content: Content
) -> Iterator[ev.Event]:
    match what:
        case "vet":
            yield _vet(view, call, tools, content)
        case "ask":
            yield _ask(view, call, content)
        case "refuse":
            yield _refuse(view, call, view.state.approvals[f"{call.id}/ask"], content)
        case "doubt":
            yield _settle_doubt(view, call, content)


def _vet(view: NodeView, call: Call, tools: dict[str, PinnedTool], content: Content) -> ev.Event:
    tool = tools.get(call.name)
    if tool is None:
        given = ", ".join(sorted(tools)) or "none"
        message = f"There is no tool {call.name[:100]!r} here. Your tools: {given}."
        return _refusal(view, call, "unknown_tool", message, content)
    try:
        arguments = validate_arguments(tool.parameters, str(content.get(call.arguments)))
    except BadArguments as error:
        return _refusal(view, call, "bad_arguments", str(error), content)
    return ev.ToolCallVetted(
        path=view.path,
        call=call.id,
        tool=call.name,
        arguments=content.put(arguments),
        effect=tool.effect,
        ask=why_ask(tool.spec, arguments),
    )


def why_ask(spec: ToolSpec, arguments: dict[str, Any]) -> str:
    """Why a person must approve this call; empty when the rule says that nobody need."""
    if not spec.approval:
        return ""
    try:
        return spec.approval if rules.evaluate(spec.approval, {"args": arguments}) else ""
    except rules.RuleError as error:
        return f"{spec.approval} (could not be decided: {error})"


def _ask(view: NodeView, call: Call, content: Content) -> ev.Event:
    tool = view.plan.team.tools[call.name]
    subject = {
        "kind": "tool",
        "tool": call.name,
        "effect": call.effect,
        "arguments": content.get(call.arguments),
        "rule": tool.spec.approval,
        "parameters": tool.parameters,
        "words": _words_of(view, call, content),
        "agent": view.title,
    }
    return ev.ApprovalRequested(
        path=view.path,
        key=f"{call.id}/ask",
        kind="tool",
        title=f"{view.title} wants to call {call.name}",
        subject=content.put(subject),
        call=call.id,
        reason=call.ask[:500],
        may_send_back=True,
        **approving.as_asked(tool.spec.policy or Policy(), view),
    )


def _words_of(view: NodeView, call: Call, content: Content) -> str:
    """What the agent said when it asked for the call; its own words, checked by nobody."""
    asked = next((c for c in view.state.calls.values() if c.kind == "model" and c.turn == call.turn), None)
    if asked is None or not asked.result or call.dialect != "native":
        return ""
    return str(content.get(asked.result).get("content") or "")[:2_000]


def _refuse(view: NodeView, call: Call, approval: ApprovalState, content: Content) -> ev.Event:
    if approval.status == "expired":
        return _refusal(
            view, call, "expired", "Nobody approved this call in time, so it was not made.", content
        )
    said = f": {approval.comment}" if approval.comment else "."
    if approval.status == "send_back":
        told = f"A person sent this call back; it was not made, and you may ask again{said}"
        return _refusal(view, call, "sent_back", told, content)
    return _refusal(view, call, "rejected", f"A person rejected this call{said}", content)


def _refusal(view: NodeView, call: Call, code: str, message: str, content: Content) -> ev.Event:
    return ev.ToolCallRefused(
        path=view.path,
        call=call.id,
        tool=call.name[:100],
        code=code,
        message=message[:2_000],
        result=content.put({"error": message[:4_000]}),
    )


def _settle_doubt(view: NodeView, call: Call, content: Content) -> ev.Event:
    """Ask what happened, or take the answer: done with a result, or given up."""
    key = f"{call.id}/doubt{call.attempt}"
    approval = view.state.approvals.get(key)
    if approval is None:
        subject = {
            "kind": "doubt",
            "tool": call.name,
            "arguments": content.get(call.arguments),
            "agent": view.title,
            "idempotency_key": call.idempotency_key,
        }
        return ev.ApprovalRequested(
            path=view.path,
            key=key,
            kind="doubt",
            title=f"{call.name} may or may not have happened",
            subject=content.put(subject),
            call=call.id,
            reason="The connection to the worker was lost after the call was sent; it is not safe to repeat.",
            **approving.as_asked(_doubt_policy(view.plan.team.tools[call.name]), view),
        )
    if approval.status == "done":
        result = approval.edited or content.put(
            {"note": approval.comment or "A person confirmed it was done."}
        )
        return ev.ToolCallCompleted(path=view.path, call=call.id, attempt=call.attempt, result=result)
    return _refusal(
        view, call, "aborted", "It is not known whether this call happened. Do not repeat it.", content
    )


def _doubt_policy(tool: PinnedTool) -> Policy:
    """Who approves the tool's calls settles their doubts, one of them at any time: time decides nothing."""
    policy = tool.spec.policy or Policy()
    reminders = [one for one in policy.reminders if one.counted == "after_request"]
    steps = [step for step in policy.escalation if step.after_s is not None]
    changes = {"quorum": 1, "deadline_s": None, "reminders": reminders, "escalation": steps}
    return policy.model_copy(update=changes)


def result_text(call: Call, content: Content) -> str:
    """What the model is told of a settled call."""
    value = content.get(call.result) if call.result else {"error": call.message}
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
