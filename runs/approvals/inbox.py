"""The lists of the inbox: what waits for this person, for others, and what was decided."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Length
from django.http import QueryDict

from agents.models import TeamVersion
from runs import queries
from runs.actions.appending import plan_of
from runs.approvals.eligible import may_decide
from runs.approvals.readable import brief
from runs.approvals.words import named, state_of
from runs.engine import events as ev
from runs.engine.plan import Plan
from runs.models import Approval, Blob, LogEvent
from studio.web.figures import ago
from studio.workspaces.access import Member

SEGMENTS = {"": "For you", "others": "Others", "decided": "Decided"}
PAGE = 50
MOST = 200  # pending ones a list shows
SMALL = 4_000  # characters of arguments that are read for a list


def pending(member: Member) -> QuerySet[Approval]:
    """What waits, the soonest deadline first, then the oldest."""
    rows = queries.pending_approvals(member.workspace.pk)
    return _with_run(rows).order_by(F("deadline").asc(nulls_last=True), "requested_at", "id")


def for_you(member: Member) -> QuerySet[Approval]:
    return pending(member).filter(may_decide(member))


def for_others(member: Member) -> QuerySet[Approval]:
    mine = queries.pending_approvals(member.workspace.pk).filter(may_decide(member))
    return pending(member).exclude(id__in=mine.values("id"))


def all_of(member: Member) -> QuerySet[Approval]:
    """Everything that was ever asked, the latest decision first."""
    rows = _with_run(Approval.objects.filter(workspace=member.workspace))
    return rows.order_by(F("decided_at").desc(nulls_first=True), "-requested_at", "id")


def decided(member: Member) -> QuerySet[Approval]:
    """What is no longer open, the latest first."""
    return all_of(member).exclude(status=Approval.Status.PENDING)


def _with_run(rows: QuerySet[Approval]) -> QuerySet[Approval]:
    rows = rows.select_related("run__team_version__team", "run__started_by", "decided_by")
    return rows.defer("run__team_version__content", "run__team_version__team__draft", "run__head_hash")


def by_text(member: Member, rows: QuerySet[Approval], text: str) -> QuerySet[Approval]:
    """Those whose title, node, team or run is meant by `text`."""
    if not text:
        return rows
    runs = queries.by_text(queries.runs_of(member.workspace.pk), text).order_by().values("pk")
    return rows.filter(Q(title__icontains=text) | Q(path__icontains=text) | Q(run__in=runs))


# ── as lists show them ──────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Line:
    """One approval of a list; `brief` tells two calls of one tool apart, `writes`: a repeat is unsafe."""

    approval: Approval
    plan: Plan
    brief: str = ""
    writes: bool = False

    @property
    def node(self) -> str:
        return self.plan.title(self.approval.path)

    @property
    def state(self) -> tuple[str, str]:
        return state_of(self.approval)

    @property
    def who(self) -> str:
        policy = self.approval.policy
        return named(policy.get("people", ()), policy.get("groups", ()), self.approval.least_role)

    @property
    def has_standing(self) -> bool:
        """Whether there is more to say of it than that it waits."""
        return self.approval.quorum > 1 or bool(self.approval.reminded or self.approval.escalated)

    @property
    def standing(self) -> str:
        """How far it is: `1 of 2 approved · reminded 2 h ago`; empty when it only waits."""
        one = self.approval
        parts = [f"{len(one.votes)} of {one.quorum} approved"] if one.quorum > 1 else []
        if one.escalated_at:
            parts.append(f"escalated {ago(one.escalated_at)}")
        elif one.reminded_at:
            parts.append(f"reminded {ago(one.reminded_at)}")
        return " · ".join(parts)


def lines(rows: Iterable[Approval]) -> list[Line]:
    """Three queries for all of them together."""
    listed = list(rows)
    calls, plans = _calls(listed), _plans(listed)
    contents = _contents(listed, [call.arguments for call in calls.values()])
    return [
        _line(one, plans[one.run.team_version_id], calls.get((one.run_id, one.call)), contents)
        for one in listed
    ]


def _plans(listed: list[Approval]) -> dict[UUID, Plan]:
    """By version; a list of many runs has few of them."""
    versions = TeamVersion.objects.in_bulk({one.run.team_version_id for one in listed})
    return {pk: plan_of(version) for pk, version in versions.items()}


def _line(one: Approval, plan: Plan, call: ev.ToolCallVetted | None, contents: dict[str, Any]) -> Line:
    if call is None:
        return Line(one, plan)
    tool = plan.team.tools.get(call.tool)
    text = brief(contents.get(call.arguments), tool.parameters if tool else {})
    return Line(one, plan, text, call.effect == "writes" and one.run.mode != "simulated")


def _calls(listed: list[Approval]) -> dict[tuple[UUID, str], ev.ToolCallVetted]:
    wanted = [one for one in listed if one.call]
    runs, calls = {one.run_id for one in wanted}, {one.call for one in wanted}
    # a fork's may stand in its parent's log
    events = LogEvent.objects.filter(run_id__in=runs, call__in=calls, type="ToolCallVetted")
    found = {}
    for run, body in events.values_list("run_id", "body"):
        event = ev.decode(body)
        if isinstance(event, ev.ToolCallVetted):
            found[run, event.call] = event
    return found


def _contents(listed: list[Approval], digests: list[str]) -> dict[str, Any]:
    if not digests:
        return {}
    rows = Blob.objects.filter(workspace_id=listed[0].workspace_id, digest__in=digests)
    small = rows.annotate(size=Length("content")).filter(size__lte=SMALL)
    return {digest: json.loads(text) for digest, text in small.values_list("digest", "content")}


@dataclass
class Inbox:
    """The list as its address says: a segment, a text, a page; and where the open one stands in it."""

    member: Member
    show: str = ""
    text: str = ""
    page_number: str = ""
    current: UUID | None = None

    @classmethod
    def parse(cls, member: Member, query: QueryDict) -> Inbox:
        """What makes no sense is left out."""
        show = query.get("show", "")
        text = query.get("q", "").strip().replace("\x00", "")[:200]
        return cls(member, show if show in SEGMENTS else "", text, query.get("page", ""))

    @cached_property
    def segments(self) -> list[tuple[str, str, int | None]]:
        """(key, words, how many wait)."""
        mine = queries.approvals_waiting(self.member)
        all_ = queries.pending_approvals(self.member.workspace.pk).count()
        counts = {"": mine, "others": all_ - mine}
        return [(key, words, counts.get(key)) for key, words in SEGMENTS.items()]

    @cached_property
    def page(self) -> Page[Approval] | None:
        """Only what was decided has pages."""
        if self.show != "decided":
            return None
        return Paginator(by_text(self.member, decided(self.member), self.text), PAGE).get_page(
            self.page_number
        )

    @cached_property
    def lines(self) -> list[Line]:
        if self.page is not None:
            return lines(self.page.object_list)
        found = for_others(self.member) if self.show == "others" else for_you(self.member)
        return lines(by_text(self.member, found, self.text)[:MOST])

    @cached_property
    def others(self) -> list[Line]:
        """What waits for others, below what waits for this person."""
        if self.show:
            return []
        return lines(by_text(self.member, for_others(self.member), self.text)[:MOST])

    @property
    def address(self) -> str:
        """The part of an address that keeps the list as it is."""
        kept = {"show": self.show, "q": self.text, "page": self.page_number if self.show == "decided" else ""}
        words = urlencode({key: value for key, value in kept.items() if value})
        return f"?{words}" if words else ""

    # ── the open one ────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def _ids(self) -> list[UUID]:
        return [line.approval.id for line in [*self.lines, *self.others]]

    @property
    def count(self) -> int:
        return len(self._ids)

    @property
    def position(self) -> int:
        """From 1; 0 when the open one is not in the list."""
        return self._ids.index(self.current) + 1 if self.current in self._ids else 0

    @property
    def before(self) -> UUID | None:
        return self._ids[self.position - 2] if self.position > 1 else None

    @property
    def following(self) -> UUID | None:
        """The next one; the first when the open one is no longer listed."""
        return self._ids[self.position] if self.position < len(self._ids) else None
