"""The events of what people are asked, and of what they say."""

from __future__ import annotations

from typing import Literal

import msgspec

from runs.engine.event import Event


class EscalationStep(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Who may decide as well from then on; `after_s` None: when the deadline has passed."""

    after_s: float | None = None
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    least_role: int = 20


class ApprovalRequested(Event, tag="ApprovalRequested", frozen=True, kw_only=True):
    """Something a person is asked, with the policy as it holds for this question."""

    key: str
    kind: Literal["gate", "question", "tool", "doubt", "budget", "miss"]
    title: str
    subject: str  # digest of exactly what is to be approved
    call: str = ""
    reason: str = ""
    people: tuple[str, ...] = ()  # e-mail addresses or ids; with groups: only these may decide
    groups: tuple[str, ...] = ()
    least_role: int = 20
    quorum: int = 1
    launcher_may_decide: bool = True
    deadline_s: float | None = None
    remind_after_s: tuple[float, ...] = ()
    escalation: tuple[EscalationStep, ...] = ()
    on_expiry: Literal["reject", "fail", "escalate"] = "reject"
    may_send_back: bool = False


class ApprovalVoted(Event, tag="ApprovalVoted", frozen=True, kw_only=True):
    """One of several people that are needed has approved; the last one's is an ApprovalDecided."""

    key: str
    subject: str  # the digest the person saw
    by: str
    by_name: str
    comment: str = ""


class ApprovalEdited(Event, tag="ApprovalEdited", frozen=True, kw_only=True):
    """Somebody changed what is asked, and approves it so; votes for what it was no longer count."""

    key: str
    subject: str  # the digest the person saw
    becomes: str  # digest of what is to be approved from now on
    edited: str  # digest of the changed value alone
    by: str
    by_name: str
    comment: str = ""


class ApprovalDecided(Event, tag="ApprovalDecided", frozen=True, kw_only=True):
    key: str
    decision: Literal["approve", "edit", "answer", "reject", "send_back", "retry", "done", "abort"]
    subject: str  # the digest the person saw
    by: str
    by_name: str
    edited: str = ""  # digest of what is approved instead
    comment: str = ""


class ApprovalExpired(Event, tag="ApprovalExpired", frozen=True, kw_only=True):
    key: str


class ApprovalReminded(Event, tag="ApprovalReminded", frozen=True, kw_only=True):
    """Whoever may decide and has not is reminded for the `number`th time."""

    key: str
    number: int


class ApprovalEscalated(Event, tag="ApprovalEscalated", frozen=True, kw_only=True):
    """From now on those of step `step` (from 0) of the escalation may decide as well."""

    key: str
    step: int
    because: Literal["time", "deadline"]
    deadline_s: float | None = None  # the deadline begins anew


class NodeReopened(Event, tag="NodeReopened", frozen=True, kw_only=True):
    """A finished node goes on: somebody sent back what it gave, and `message` tells it why."""

    gate: str  # the gate that sends it back, by the question `key`
    key: str
    message: str
