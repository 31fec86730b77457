"""How an approval stands, in the vocabulary of state that every screen uses."""

from __future__ import annotations

from collections.abc import Iterable

from agents.topology.policy import ROLES, Policy
from runs.models import Approval
from studio.workspaces.roles import Role

S = Approval.Status
STATES = {
    S.PENDING: ("waiting", "Waiting for a person"),
    S.APPROVED: ("done", "Approved"),
    S.EDITED: ("done", "Approved with changes"),
    S.REJECTED: ("failed", "Rejected"),
    S.SENT_BACK: ("cancelled", "Sent back"),
    S.EXPIRED: ("failed", "Expired"),
    S.WITHDRAWN: ("cancelled", "No longer needed"),
}
DOUBT = {
    S.PENDING: ("doubt", "In doubt"),
    S.APPROVED: ("done", "Settled"),
    S.REJECTED: ("cancelled", "Given up"),
}
QUESTION = {
    S.PENDING: ("waiting", "Waits for an answer"),
    S.EDITED: ("done", "Answered"),
    S.REJECTED: ("failed", "Not answered"),
}
KINDS = {"doubt": DOUBT, "question": QUESTION}


def state_of(approval: Approval) -> tuple[str, str]:
    """(state, word) for `{% state %}`."""
    status = S(approval.status)
    return KINDS.get(approval.kind, STATES).get(status) or STATES[status]


def who_may(least_role: int) -> str:
    """`Operators and above`, `Admins and above`, `Owners`."""
    least = Role(max(least_role, Role.OPERATOR))
    return "Owners" if least is Role.OWNER else f"{least.label}s and above"


def named(people: Iterable[str], groups: Iterable[str], least_role: int) -> str:
    """`Finance, ann@example.org`; with nobody named, the role."""
    return ", ".join([*groups, *people]) or who_may(least_role)


def who_approves(policy: Policy) -> str:
    """`2 of Finance`, `Admins and above`."""
    who = named(policy.people, policy.groups, ROLES[policy.least_role])
    return f"{policy.quorum} of {who[:1].lower() + who[1:]}" if policy.quorum > 1 else who
