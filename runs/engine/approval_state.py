"""What is true of something a person was asked: plain data that only `fold` changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.topology.policy import audience
from runs.engine.approval_events import EscalationStep


@dataclass(slots=True)
class Vote:
    """One person's approval of what is asked now."""

    by: str
    by_name: str
    at: int
    comment: str = ""


@dataclass(slots=True)
class ApprovalState:
    key: str
    path: str
    kind: str
    title: str
    subject: str  # digest of what is asked now
    call: str
    reason: str
    least_role: int
    launcher_may_decide: bool
    requested_at: int
    deadline_at: int | None
    on_expiry: str
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    quorum: int = 1
    deadline_s: float | None = None
    remind_after_s: tuple[float, ...] = ()
    escalation: tuple[EscalationStep, ...] = ()
    may_send_back: bool = False
    # pending, approve, edit, reject, send_back, retry, done, abort, expired, withdrawn
    status: str = "pending"
    votes: list[Vote] = field(default_factory=list)  # for `subject`, and nothing that was asked before
    before: str = ""  # the subject before it was edited
    edited: str = ""  # digest of the value as somebody changed it
    comment: str = ""
    by: str = ""
    by_name: str = ""
    decided_at: int = 0
    reminded: int = 0  # times
    reminded_at: int = 0
    escalated: int = 0  # steps of the escalation that were reached
    escalated_at: int = 0
    renewed: int = 0  # times the deadline began anew
    used: bool = False  # what follows from the decision was begun

    @property
    def approved_subject(self) -> str:
        return self.edited or self.subject

    @property
    def audience(self) -> tuple[str, ...]:
        """The marks of which a person needs one to decide now; see agents.topology.policy."""
        marks = audience(self.people, self.groups, self.least_role)
        for step in self.escalation[: self.escalated]:
            marks += audience(step.people, step.groups, step.least_role)
        return tuple(dict.fromkeys(marks))

    @property
    def next_step(self) -> int | None:
        """The next step of the escalation, if there is one."""
        return self.escalated if self.escalated < len(self.escalation) else None

    @property
    def may_escalate(self) -> bool:
        """Whether a passed deadline does not end it."""
        return self.on_expiry == "escalate" and self.next_step is not None
