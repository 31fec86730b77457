"""What happened to a decision: who asked, who decided what and when, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from runs.engine import events as ev
from runs.models import Approval, LogEvent
from runs.projections.base import moment
from studio.web.figures import duration

ASKED = ("ApprovalRequested", "ApprovalDecided", "ApprovalExpired")
CALLED = ("ToolCallStarted", "ToolCallCompleted", "ToolCallFailed", "ToolCallInDoubt", "ToolCallRefused")
DECIDED = {
    "approve": ("circle-check", "done", "approved"),
    "edit": ("pencil", "done", "approved with changes"),
    "reject": ("circle-x", "failed", "rejected"),
    "retry": ("rotate-cw", "done", "let it be called again"),
    "done": ("circle-check", "done", "confirmed that it was done"),
    "abort": ("circle-slash", "cancelled", "gave it up"),
}


@dataclass(frozen=True)
class Step:
    icon: str
    tone: str
    title: str
    at: datetime
    text: str = ""


def history_of(approval: Approval, node: str) -> list[Step]:
    """Oldest first; only what concerns this decision and its call."""
    about = Q(type__in=ASKED)
    if approval.call:
        about |= Q(type__in=CALLED, call=approval.call)
    log = LogEvent.objects.filter(about, run_id=approval.run_id, path=approval.path).order_by("seq")
    key = approval.key.split("\n", 1)[1]
    events = [ev.decode(body) for body in log.values_list("body", flat=True)]
    steps = [step for event in events for step in _steps(event, key, node)]
    if approval.status == Approval.Status.WITHDRAWN and approval.decided_at:
        text = "The run went on or ended without it."
        steps.append(Step("circle-slash", "cancelled", "No longer needed", approval.decided_at, text))
    return steps


def _steps(event: ev.AnyEvent, key: str, node: str) -> Iterator[Step]:
    at = moment(event.at)
    match event:
        case ev.ApprovalRequested() if event.key == key:
            text = f"expires after {duration(event.deadline_s)}" if event.deadline_s else ""
            who = "Asked at the gate" if event.kind == "gate" else f"Asked by {node}"
            yield Step("circle-dashed", "queued", who, at, text)
        case ev.ApprovalDecided() if event.key == key:
            icon, tone, verb = DECIDED[event.decision]
            said = f"“{event.comment}”" if event.comment else ""
            yield Step(icon, tone, f"{event.by_name} {verb}", at, said)
        case ev.ApprovalExpired() if event.key == key:
            yield Step("timer-off", "failed", "Nobody decided in time", at)
        case ev.ToolCallStarted():
            again = f"attempt {event.attempt}" if event.attempt > 1 else ""
            yield Step("send", "running", f"{event.tool} was called", at, again)
        case ev.ToolCallCompleted():
            yield Step("circle-check", "done", "It succeeded", at)
        case ev.ToolCallFailed():
            yield Step("circle-x", "failed", "It failed", at, event.message)
        case ev.ToolCallInDoubt():
            yield Step("circle-question-mark", "doubt", "Its outcome is unknown", at)
        case ev.ToolCallRefused():
            yield Step("ban", "cancelled", "It was not called", at)
