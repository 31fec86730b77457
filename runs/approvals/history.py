"""What happened to a decision: who asked, who decided what and when, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from runs.engine import events as ev
from runs.models import Approval, LogEvent
from runs.projections.base import moment
from studio.web.figures import duration

ASKED = (
    "ApprovalRequested",
    "ApprovalVoted",
    "ApprovalEdited",
    "ApprovalDecided",
    "ApprovalExpired",
    "ApprovalReminded",
    "ApprovalEscalated",
)
CALLED = ("ToolCallStarted", "ToolCallCompleted", "ToolCallFailed", "ToolCallInDoubt", "ToolCallRefused")
ROUND = re.compile(r"ask(\d*)")  # the keys of a gate's questions
DECIDED = {
    "approve": ("circle-check", "done", "approved"),
    "edit": ("pencil", "done", "approved with changes"),
    "answer": ("circle-check", "done", "answered"),
    "reject": ("circle-x", "failed", "rejected"),
    "send_back": ("undo-2", "cancelled", "sent it back"),
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
    """Oldest first; only what concerns this decision and its call, or what a gate asked before."""
    about = Q(type__in=ASKED)
    if approval.call:
        about |= Q(type__in=CALLED, call=approval.call)
    log = LogEvent.objects.filter(about, run_id=approval.run_id, path=approval.path).order_by("seq")
    key = approval.key.split("\n", 1)[1]
    events = [ev.decode(body) for body in log.values_list("body", flat=True)]
    steps = [step for event in events if _concerns(event, key) for step in _steps(event, node)]
    if approval.status == Approval.Status.WITHDRAWN and approval.decided_at:
        text = "The run went on or ended without it."
        steps.append(Step("circle-slash", "cancelled", "No longer needed", approval.decided_at, text))
    return steps


def _concerns(event: ev.AnyEvent, key: str) -> bool:
    """A gate's questions follow each other: `ask`, `ask2`; later ones do not concern this one."""
    other = getattr(event, "key", key)
    rounds = [ROUND.fullmatch(one) for one in (other, key)]
    before = rounds[0] and rounds[1] and int(rounds[0][1] or 1) < int(rounds[1][1] or 1)
    return other == key or bool(before)


def _steps(event: ev.AnyEvent, node: str) -> Iterator[Step]:
    at = moment(event.at)
    match event:
        case ev.ApprovalRequested():
            text = f"expires after {duration(event.deadline_s)}" if event.deadline_s else ""
            who = "Asked at the gate" if event.kind == "gate" else f"Asked by {node}"
            yield Step("circle-dashed", "queued", who, at, text)
        case ev.ApprovalVoted():
            yield Step("thumbs-up", "waiting", f"{event.by_name} approved", at, _said(event.comment))
        case ev.ApprovalEdited():
            title = f"{event.by_name} changed it and approved"
            yield Step(
                "pencil", "waiting", title, at, _said(event.comment) or "Earlier approvals were cleared."
            )
        case ev.ApprovalDecided():
            icon, tone, verb = DECIDED[event.decision]
            yield Step(icon, tone, f"{event.by_name} {verb}", at, _said(event.comment))
        case ev.ApprovalExpired():
            yield Step("timer-off", "failed", "Nobody decided in time", at)
        case ev.ApprovalReminded():
            yield Step("bell-ring", "waiting", "Reminded", at)
        case ev.ApprovalEscalated():
            why = "nobody had decided in time" if event.because == "deadline" else ""
            yield Step("arrow-up-right", "waiting", "Escalated", at, why)
        case _:
            yield from _of_the_call(event, at)


def _of_the_call(event: ev.AnyEvent, at: datetime) -> Iterator[Step]:
    match event:
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


def _said(comment: str) -> str:
    return f"“{comment}”" if comment else ""


# ── what came before ────────────────────────────────────────────────────────────────────────────────
def first_digest(approval: Approval) -> str:
    """The digest of what was asked at first, whatever somebody made of it since."""
    key = approval.key.split("\n", 1)[1]
    log = LogEvent.objects.filter(run_id=approval.run_id, path=approval.path, type="ApprovalRequested")
    for body in log.order_by("seq").values_list("body", flat=True):
        event = ev.decode(body)
        if isinstance(event, ev.ApprovalRequested) and event.key == key:
            return event.subject
    return approval.digest


def round_before(approval: Approval) -> Approval | None:
    """The question of the same gate that was sent back last."""
    rows = Approval.objects.filter(run_id=approval.run_id, path=approval.path, status="sent_back")
    return rows.filter(requested_at__lt=approval.requested_at).order_by("-requested_at").first()
