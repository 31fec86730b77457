"""Who is asked, who has approved so far, who was reminded, and to whom it goes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from runs.actions.decide import not_yours
from runs.approvals.eligible import able_to_decide, marks
from runs.approvals.words import named, who_may
from runs.models import Approval
from runs.projections.base import moment
from studio.workspaces.access import Member
from studio.workspaces.models import Membership

MOST_NAMES = 6


@dataclass(frozen=True)
class Given:
    """One person's approval."""

    name: str
    at: datetime
    comment: str
    is_you: bool


@dataclass(frozen=True)
class Upcoming:
    """Who may decide as well, and from when on; None: when the deadline has passed."""

    who: str
    at: datetime | None


class Deciders:
    """Of one approval, as `member` sees them."""

    def __init__(self, approval: Approval, member: Member) -> None:
        self.approval = approval
        self.member = member
        self.policy: dict[str, Any] = approval.policy

    @property
    def is_open(self) -> bool:
        return self.approval.status == Approval.Status.PENDING

    # ── who may ─────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def able(self) -> list[Membership]:
        return able_to_decide(self.approval)

    @property
    def words(self) -> str:
        """Those who were asked first: `Finance, Ann`, `Operators and above`."""
        return self._words(self.policy)

    @property
    def is_barred(self) -> bool:
        """Whether this person started the run, and may therefore not decide."""
        launcher = self.approval.run.started_by_id
        return not self.approval.launcher_may_decide and launcher == self.member.user.pk

    @cached_property
    def why_not(self) -> str:
        """Why this person may not decide; empty when they may."""
        if self.is_barred:
            return "You started this run, so somebody else has to decide."
        if not marks(self.member).isdisjoint(self.approval.audience):
            return ""
        people = [self._name(one) for one in self.policy.get("people", ())]
        groups = self.policy.get("groups", ())
        if not people and not groups:
            least = who_may(self.approval.least_role)
            return f"{least} may decide this; your role is {self.member.role.label.lower()}."
        return not_yours(people, groups, self.approval.least_role)

    def _words(self, step: Mapping[str, Any]) -> str:
        people = [self._name(one) for one in step.get("people", ())]
        return named(people, step.get("groups", ()), step.get("least_role", 20))

    def _name(self, one: str) -> str:
        """Somebody named by address or id, as they call themselves if they are here."""
        return self._names.get(one.casefold(), one)

    @cached_property
    def _names(self) -> dict[str, str]:
        rows = Membership.objects.filter(workspace=self.approval.workspace_id).select_related("user")
        found = {}
        for row in rows:
            found[row.user.email.casefold()] = found[str(row.user_id)] = str(row.user)
        return found

    # ── how many ────────────────────────────────────────────────────────────────────────────────────
    @property
    def quorum(self) -> int:
        return self.approval.quorum

    @cached_property
    def votes(self) -> list[Given]:
        me = str(self.member.user.pk)
        return [
            Given(vote["name"], moment(vote["at"]), vote["comment"], vote["by"] == me)
            for vote in self.approval.votes
        ]

    @property
    def has_voted(self) -> bool:
        return any(vote.is_you for vote in self.votes)

    @property
    def missing(self) -> int:
        return max(self.quorum - len(self.votes), 0)

    @property
    def places(self) -> range:
        """The approvals that are missing, to be drawn."""
        return range(self.missing)

    @property
    def named_apart(self) -> bool:
        """Whether naming the people says more than the words for them."""
        named_all = (
            self.policy.get("people") and not self.policy.get("groups") and not self.approval.escalated
        )
        return bool(self.waiting_for) and not named_all

    @property
    def tally(self) -> str:
        """`1 of 2: Ann approved`; empty where one is enough."""
        if self.quorum < 2:
            return ""
        count = f"{len(self.votes)} of {self.quorum}"
        return f"{count}: {_listed(vote.name for vote in self.votes)} approved" if self.votes else count

    @property
    def waiting_for(self) -> str:
        """The names of those who may still decide."""
        done = {vote["by"] for vote in self.approval.votes}
        return _listed(str(row.user) for row in self.able if str(row.user_id) not in done)

    @property
    def short(self) -> str:
        """What to do when fewer people may decide than have to; empty when there are enough."""
        if not self.is_open or len(self.able) >= self.quorum:
            return ""
        needed = "Somebody has" if self.quorum == 1 else f"{self.quorum} people have"
        able = f"only {_listed(str(row.user) for row in self.able)}" if self.able else "nobody"
        barred = "" if self.approval.launcher_may_decide else " (whoever started the run may not)"
        groups = self.policy.get("groups", ())
        where = f"put people into {_listed(groups, 'or')}" if groups else "give people the role it needs"
        later = " It may still escalate." if self.upcoming else ""
        return (
            f"{needed} to approve this, and {able} may{barred}. "
            f"An admin can {where} under Settings; otherwise stop the run.{later}"
        )

    # ── when ────────────────────────────────────────────────────────────────────────────────────────
    @property
    def escalated_to(self) -> list[str]:
        """Those who were asked in addition."""
        return [self._words(step) for step in self._chain[: self.approval.escalated]]

    @property
    def upcoming(self) -> list[Upcoming]:
        """The steps of the escalation that are still to come."""
        if not self.is_open:
            return []
        asked = self.approval.requested_at
        return [
            Upcoming(self._words(step), asked + timedelta(seconds=after) if after else None)
            for step in self._chain[self.approval.escalated :]
            for after in [step.get("after_s")]
        ]

    @property
    def _chain(self) -> list[dict[str, Any]]:
        return list(self.policy.get("escalation", ()))


def _listed(names: Iterable[str], word: str = "and") -> str:
    """`Ann`, `Ann and Bob`, `Ann, Bob and 4 more`."""
    listed = list(names)
    if len(listed) > MOST_NAMES:
        listed = [*listed[: MOST_NAMES - 1], f"{len(listed) - MOST_NAMES + 1} more"]
    return f" {word} ".join(part for part in (", ".join(listed[:-1]), *listed[-1:]) if part)
