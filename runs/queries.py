"""Reads of this room that are wider than one model: lists of runs, what waits for people, a run's content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from agents.topology.graph import RunLimits
from runs.approvals.eligible import may_decide
from runs.engine import events as ev
from runs.figures.totals import Family, Reserved, Totals, families_of_runs
from runs.models import Approval, Blob, Event, LogEvent, Run, Span
from studio.workspaces.access import Member

LIVE = (Run.Status.QUEUED, Run.Status.RUNNING, Run.Status.WAITING, Run.Status.DOUBT)
PEOPLE = (Run.Status.WAITING, Run.Status.DOUBT)


# ── what waits for people ───────────────────────────────────────────────────────────────────────────
def pending_approvals(workspace_id: UUID) -> QuerySet[Approval]:
    return Approval.objects.filter(workspace=workspace_id, status=Approval.Status.PENDING)


def approvals_waiting(member: Member) -> int:
    """The number on the badge: decisions this member can take now."""
    return pending_approvals(member.workspace.pk).filter(may_decide(member)).count()


# ── lists of runs ───────────────────────────────────────────────────────────────────────────────────
def runs_of(workspace_id: UUID) -> QuerySet[Run]:
    """Runs with what a list shows of them; the versions' graphs stay where they are."""
    rows = Run.objects.filter(workspace=workspace_id).select_related("team_version__team", "started_by")
    return rows.defer("team_version__content", "team_version__team__draft", "head_hash")


def counts(runs: QuerySet[Run]) -> dict[str, int]:
    """How many runs there are by group, in one query."""
    return runs.order_by().aggregate(
        all=Count("*"),
        live=Count("pk", filter=Q(status__in=LIVE)),
        people=Count("pk", filter=Q(status__in=PEOPLE)),
        done=Count("pk", filter=Q(status=Run.Status.DONE)),
        failed=Count("pk", filter=Q(status=Run.Status.FAILED)),
        cancelled=Count("pk", filter=Q(status=Run.Status.CANCELLED)),
    )


@dataclass(frozen=True)
class Row:
    """A run as lists show it: with what it used itself, for its sub-teams' runs have rows of their own."""

    run: Run
    totals: Totals
    reserved: Reserved
    pending: int
    family: Family = field(default_factory=Family)

    @property
    def whole(self) -> Row:
        """The same together with its sub-teams, as its own page shows it."""
        return replace(self, totals=self.family.totals, reserved=self.family.reserved)

    @property
    def words(self) -> str:
        """What it does, waits for or failed of."""
        if self.run.status == Run.Status.FAILED:
            return self.run.error
        if self.run.status == Run.Status.QUEUED:
            return "Starts when a worker is free"
        if self.run.has_ended:
            return self._unknown_prices() if self.totals.unknown else ""
        return self.run.activity

    def _unknown_prices(self) -> str:
        calls = self.totals.unknown
        return f"{calls} call{' has' if calls == 1 else 's have'} no known price"

    @property
    def is_simulated(self) -> bool:
        """Whether no money moves: in a rehearsal, or because only simulated models were called."""
        only = self.totals.calls > 0 and self.totals.simulated == self.totals.calls
        return only or self.run.mode == Run.Mode.SIMULATED

    @property
    def cost(self) -> Decimal | None:
        """What it has cost; where no money moves, what it would have."""
        return self.totals.simulated_cost if self.is_simulated else self.totals.cost

    @property
    def tone(self) -> str:
        """The colour of its meter."""
        limit, spent = self.run.cost_limit, self.cost or Decimal(0)
        if limit and spent >= limit:
            return "failed"
        if limit and spent >= limit * 4 / 5:
            return "warning"
        return "" if not self.run.has_ended else "settled"

    @property
    def seconds(self) -> float | None:
        """How long it has taken so far; None while it is queued."""
        if self.run.started_at is None or self.run.status == Run.Status.QUEUED:
            return None
        return ((self.run.ended_at or timezone.now()) - self.run.started_at).total_seconds()


def rows(runs: Iterable[Run]) -> list[Row]:
    """The runs with their totals: four queries, however many there are."""
    listed = list(runs)
    ids = [run.pk for run in listed]
    families = families_of_runs(ids)
    pending = pending_by_run(ids)
    return [_row(run, families[run.pk], pending.get(run.pk, 0)) for run in listed]


def _row(run: Run, family: Family, pending: int) -> Row:
    return Row(run, family.own, family.own_reserved, pending, family)


def pending_by_run(runs: Iterable[UUID]) -> dict[UUID, int]:
    found = Approval.objects.filter(run__in=list(runs), status=Approval.Status.PENDING)
    return dict(found.order_by().values_list("run_id").annotate(number=Count("*")))


def newer_than(runs: QuerySet[Run], moment: datetime) -> int:
    return runs.order_by().filter(created_at__gt=moment).count()


# ── one run ─────────────────────────────────────────────────────────────────────────────────────────
def events_after(run_id: UUID, after: int, limit: int) -> list[tuple[int, str]]:
    """(seq, body) of the events behind `after`, oldest first."""
    rows = LogEvent.objects.filter(run_id=run_id, seq__gt=after).order_by("seq")
    return list(rows.values_list("seq", "body")[:limit])


def content_of(run: Run, digest: str) -> str | None:
    """Content as JSON text, if events of this run's log refer to it and it is still stored."""
    if not LogEvent.objects.filter(run_id=run.pk, body__contains=f'"{digest}"').exists():
        return None
    row = Blob.objects.filter(workspace_id=run.workspace_id, digest=digest)
    return row.values_list("content", flat=True).first()


@dataclass(frozen=True)
class Limits:
    """A run's limits as they stand, and which of them stops it now."""

    cost: str | None = None
    tokens: int | None = None
    calls: int | None = None
    seconds: float | None = None
    unknown_prices_allowed: bool = False
    soft_percent: int | None = None
    latency_s: float | None = None
    blocked: str = ""
    message: str = ""
    scope: str = ""  # the shared budget that stops it; empty: its own limit does

    @property
    def as_run_limits(self) -> RunLimits:
        return RunLimits(
            cost_usd=self.cost,
            tokens=self.tokens,
            model_calls=self.calls,
            seconds=self.seconds,
            soft_percent=self.soft_percent,
            latency_s=self.latency_s,
        )


def limits_of(run_id: UUID) -> Limits:
    """Read from the few events that are about limits."""
    found = Limits()
    types = ("RunStarted", "RunForked", "BudgetExceeded", "BudgetReopened", "LimitsRaised")
    bodies = (
        Event.objects.filter(run_id=run_id, type__in=types).order_by("seq").values_list("body", flat=True)
    )
    for event in map(ev.decode, bodies):
        match event:
            case ev.BudgetExceeded():
                found = replace(found, blocked=event.limit, message=event.message, scope=event.scope)
            case ev.BudgetReopened(scope=found.scope):
                found = replace(found, blocked="", message="", scope="")
            case ev.RunStarted() | ev.RunForked() | ev.LimitsRaised():
                found = _limits_in(event, found.latency_s)
    return found


def _limits_in(event: ev.RunStarted | ev.RunForked | ev.LimitsRaised, latency_s: float | None) -> Limits:
    """A raise leaves the latency budget as it is."""
    return Limits(
        cost=event.cost_limit,
        tokens=event.token_limit,
        calls=event.call_limit,
        seconds=event.seconds_limit,
        unknown_prices_allowed=isinstance(event, ev.LimitsRaised) and event.unknown_prices_allowed,
        soft_percent=event.soft_percent,
        latency_s=latency_s if isinstance(event, ev.LimitsRaised) else event.latency_s,
    )


@dataclass(frozen=True)
class Doing:
    """A node at work or waiting, for the header's *Now*."""

    status: str
    path: str


@dataclass(frozen=True)
class Activity:
    """How a run's time was spent, how many calls it made, and what it does now."""

    seconds: float = 0  # with a call in flight; waits for people and timers do not count
    model_calls: int = 0
    tool_calls: int = 0
    retries: int = 0
    late_after: float | None = None  # the run's latency budget in seconds, once it has passed that
    now: list[Doing] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return self.model_calls + self.tool_calls

    @property
    def more(self) -> int:
        """How many nodes are busy beyond the two that the header names."""
        return max(0, len(self.now) - 2)


def activity_of(run: Run, members: list[UUID], at_work: Mapping[str, str]) -> Activity:
    """From the spans of the run and its sub-teams, `members` of one family, and from what is open.

    `at_work` holds the states of sub-teams that have not ended, by the path of their node.
    """
    totals = Span.objects.filter(run__in=members).aggregate(
        model_calls=Count("key", filter=Q(kind="model", attempt=1)),
        tool_calls=Count("key", filter=Q(kind="tool", attempt=1)),
        retries=Count("key", filter=Q(kind__in=("model", "tool"), attempt__gt=1)),
    )
    seconds, late_after = _times(run.pk, members)
    now = [] if run.has_ended else _open(run, at_work)
    return Activity(seconds=seconds, late_after=late_after, now=now, **totals)


TIMES = """
SELECT coalesce(sum(extract(epoch FROM upper(piece) - lower(piece))), 0),
    (SELECT (body::json ->> 'limit_s')::float FROM runs_event
    WHERE run_id = %s AND type = 'LatencyBudgetExceeded' AND path = '' LIMIT 1)
FROM unnest((SELECT range_agg(tstzrange(started_at, greatest(coalesce(ended_at, now()), started_at)))
    FROM runs_span WHERE run_id = ANY(%s) AND kind IN ('model', 'tool'))) AS piece
"""


def _times(run_id: UUID, members: list[UUID]) -> tuple[float, float | None]:
    """Seconds with a call in flight, and the latency budget if it was passed."""
    with connection.cursor() as cursor:
        cursor.execute(TIMES, [run_id, members])
        seconds, late_after = cursor.fetchone()
        return float(seconds), late_after


def _open(run: Run, at_work: Mapping[str, str]) -> list[Doing]:
    """Who is at work and who waits, each node once; a wait says more than the node's own call."""
    calls = run.spans.filter(ended_at=None, kind__in=("model", "tool")).order_by("started_at")
    found: dict[str, str] = dict(calls.values_list("path", "status"))
    found |= at_work
    asked = run.approvals.filter(status=Approval.Status.PENDING).order_by("requested_at")
    found |= {
        path: "doubt" if kind == "doubt" else "waiting" for path, kind in asked.values_list("path", "kind")
    }
    return [Doing(status, path) for path, status in found.items()]


# ── by what people type ────────────────────────────────────────────────────────────────────────────
def by_text(runs: QuerySet[Run], text: str) -> QuerySet[Run]:
    """Runs whose team, activity, error or id is meant by `text`."""
    wanted = Q(team_version__team__name__icontains=text) | Q(activity__icontains=text)
    wanted |= Q(error__icontains=text)
    if bounds := _id_range(text):
        wanted |= Q(pk__range=bounds)
    return runs.filter(wanted)


def _id_range(text: str) -> tuple[UUID, UUID] | None:
    """The ids that begin with `text`, written as r-8kf2ab or in full."""
    digits = text.lower().removeprefix("r-").replace("-", "")
    if not 2 <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
