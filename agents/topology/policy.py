"""Who approves, how many, until when, and what then: one policy for gates and for tools. Pure.

People stand here by e-mail address and groups by name, so that a team can move between workspaces.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from agents.topology.document import Document, Storable

RoleName = Literal["operator", "designer", "admin", "owner"]
ROLES: dict[str, int] = {"operator": 20, "designer": 30, "admin": 40, "owner": 50}
LONGEST_S = 86_400 * 90
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
Seconds = Annotated[float, Field(gt=0, le=LONGEST_S)]

ROLE_WORDS = {
    "operator": "operators and above",
    "designer": "designers and above",
    "admin": "admins and owners",
    "owner": "owners",
}


def _ui(widget: str, section: str = "Who", **more: Any) -> dict[str, Any]:
    return {"ui": {"widget": widget, "section": section, **more}}


class Reminder(Document):
    """A word to everybody who may decide and has not."""

    seconds: Seconds = Field(3_600, title="When", json_schema_extra=_ui("duration"))
    counted: Literal["after_request", "before_deadline"] = Field(
        "after_request",
        title="Counted",
        json_schema_extra=_ui(
            "select",
            options={"after_request": "after it was asked", "before_deadline": "before the deadline"},
        ),
    )


class Escalation(Document):
    """Who may decide as well from then on. Without a time: when the deadline has passed."""

    after_s: Seconds | None = Field(
        None,
        title="After",
        json_schema_extra=_ui("duration", help="Empty: when the deadline has passed."),
    )
    people: list[Name] = Field(
        default_factory=list, max_length=50, title="People", json_schema_extra=_ui("words")
    )
    groups: list[Name] = Field(
        default_factory=list, max_length=20, title="Groups", json_schema_extra=_ui("words")
    )
    least_role: RoleName | None = Field(
        None, title="Role", json_schema_extra=_ui("select", options=ROLE_WORDS)
    )

    @property
    def names_nobody(self) -> bool:
        return not self.people and not self.groups and self.least_role is None


class Policy(Document):
    """With nobody named, everybody of the role may decide; else only those named, if they have the role."""

    people: list[Name] = Field(
        default_factory=list,
        max_length=50,
        title="People who may decide",
        json_schema_extra=_ui("words", chip=True, placeholder="ann@example.org", help="By e-mail address."),
    )
    groups: list[Name] = Field(
        default_factory=list,
        max_length=20,
        title="Groups that may decide",
        json_schema_extra=_ui(
            "words", chip=True, placeholder="Finance", help="Approver groups, as Settings lists them."
        ),
    )
    least_role: RoleName = Field(
        "operator",
        title="Who may decide",
        json_schema_extra=_ui(
            "select", chip=True, options=ROLE_WORDS, help="Also of the people and groups above."
        ),
    )
    quorum: int = Field(
        1,
        ge=1,
        le=20,
        title="How many have to approve",
        json_schema_extra=_ui("number", help="One rejection rejects it."),
    )
    launcher_may_decide: bool = Field(
        True, title="Whoever started the run may decide", json_schema_extra=_ui("switch")
    )
    deadline_s: Seconds | None = Field(
        None,
        title="Deadline",
        json_schema_extra=_ui("duration", "When", help="Empty: it waits for ever."),
    )
    reminders: list[Reminder] = Field(
        default_factory=list, max_length=10, title="Reminders", json_schema_extra=_ui("list", "When")
    )
    escalation: list[Escalation] = Field(
        default_factory=list, max_length=5, title="Escalation", json_schema_extra=_ui("list", "When")
    )
    on_expiry: Literal["reject", "fail", "escalate"] = Field(
        "reject",
        title="If nobody decides in time",
        json_schema_extra=_ui(
            "select",
            "When",
            options={
                "reject": "it is rejected",
                "fail": "the run fails",
                "escalate": "it goes to the next of the escalation",
            },
        ),
    )


# ── who may ─────────────────────────────────────────────────────────────────────────────────────────
def audience(people: Iterable[str], groups: Iterable[str], least: int) -> tuple[str, ...]:
    """The marks of which a person needs one to decide: `20:any`, `20:person ann@…`, `20:group finance`."""
    named = [f"person {name.casefold()}" for name in people] + [f"group {name.casefold()}" for name in groups]
    return tuple(f"{least}:{who}" for who in named or ["any"])


def marks_of(names: Iterable[str], role: int, groups: Iterable[str]) -> frozenset[str]:
    """The marks a person bears: `names` are their id and e-mail address."""
    who = [
        "any",
        *(f"person {name.casefold()}" for name in names),
        *(f"group {name.casefold()}" for name in groups),
    ]
    return frozenset(f"{level}:{one}" for level in ROLES.values() if level <= role for one in who)


def reminder_times(policy: Policy) -> list[float]:
    """When to remind, in seconds after it was asked, soonest first; what would never come is left out."""
    deadline = policy.deadline_s or math.inf
    times = {
        one.seconds if one.counted == "after_request" else deadline - one.seconds for one in policy.reminders
    }
    return sorted(at for at in times if 0 < at < deadline)
