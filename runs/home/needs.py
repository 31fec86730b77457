"""What needs this person: decisions, runs stopped by a limit, failures they have not looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from runs import queries
from runs.approvals import inbox
from runs.approvals.inbox import Line
from runs.engine import events as ev
from runs.models import Event, Run
from runs.queries import Row
from studio.web.figures import money
from studio.web.navigation import href
from studio.workspaces import seen
from studio.workspaces.access import Member, Role

MOST_DECISIONS, MOST_RUNS = 6, 3  # rows of each sort
URGENT = timedelta(minutes=30)
FRESH = timedelta(days=1)  # how long a failure is news


@dataclass(frozen=True)
class Need:
    """One row: `tone` is a state's colour, `deadline` or else `since` is its time."""

    key: str
    icon: str
    tone: str
    title: str
    team: str
    words: str
    url: str
    verb: str
    since: datetime
    deadline: datetime | None = None
    note: str = ""
    is_urgent: bool = False

    @property
    def due(self) -> str:
        return "due" if self.deadline and self.deadline > timezone.now() else "was due"


@dataclass(frozen=True)
class Needs:
    """The first rows of each sort, how many there are in all, and what was left out."""

    rows: list[Need] = field(default_factory=list)
    count: int = 0
    more_decisions: int = 0
    more_failures: int = 0


def needs_of(member: Member) -> Needs:
    if not member.may(Role.OPERATOR):
        return Needs()
    slug = member.workspace.slug
    decisions = inbox.for_you(member)
    waiting = queries.approvals_waiting(member)
    stopped = _stopped(member)
    failures = _failures(member)
    rows = [_decision(line, slug) for line in inbox.lines(decisions[:MOST_DECISIONS])]
    rows += [_limit(run, event, slug) for run, event in stopped[:MOST_RUNS]]
    rows += [_failure(row, slug) for row in queries.rows(failures[:MOST_RUNS])]
    return Needs(
        rows=rows,
        count=waiting + len(stopped) + len(failures),
        more_decisions=max(waiting - MOST_DECISIONS, 0) + max(len(stopped) - MOST_RUNS, 0),
        more_failures=max(len(failures) - MOST_RUNS, 0),
    )


def _decision(line: Line, slug: str) -> Need:
    one = line.approval
    doubt = one.kind == "doubt"
    return Need(
        key=f"approval-{one.id}",
        icon="circle-question-mark" if doubt else "hand",
        tone="doubt" if doubt else "waiting",
        title=one.title,
        team=str(one.run.team_version),
        words=" · ".join(filter(None, (line.standing, line.node, line.brief))),
        url=href("approval", slug, one.id),
        verb="Resolve" if doubt else "Review",
        since=one.requested_at,
        deadline=one.deadline,
        note="the run waits" if doubt else "",
        is_urgent=one.deadline is not None and one.deadline - timezone.now() < URGENT,
    )


# ── runs stopped by a limit ─────────────────────────────────────────────────────────────────────────
def _stopped(member: Member) -> list[tuple[Run, ev.BudgetExceeded]]:
    """Waiting runs whose last word on limits is that one was reached."""
    waiting = queries.runs_of(member.workspace.pk).filter(status=Run.Status.WAITING)
    last = _last_word(waiting)
    runs = waiting.filter(pk__in=last).order_by("created_at")
    return [(run, last[run.pk]) for run in runs]


def _last_word(runs: QuerySet[Run]) -> dict[UUID, ev.BudgetExceeded]:
    events = Event.objects.filter(
        run__in=runs.order_by().values("pk"), type__in=("BudgetExceeded", "BudgetReopened", "LimitsRaised")
    )
    rows = events.order_by("run_id", "-seq").distinct("run_id").values_list("run_id", "body")
    decoded = ((run, ev.decode(body)) for run, body in rows)
    return {run: event for run, event in decoded if isinstance(event, ev.BudgetExceeded)}


def _limit(run: Run, event: ev.BudgetExceeded, slug: str) -> Need:
    limits = {"price": "The price is unknown", "soft": "Ends at its soft limit"}
    about = limits.get(event.limit, f"The {event.limit} limit is reached")
    return Need(
        key=f"limit-{run.pk}",
        icon="wallet",
        tone="waiting",
        title="A shared budget has no room" if event.scope else f"{about}: raise it or stop the run",
        team=str(run.team_version),
        words=event.message,
        url=href("run", slug, run.pk),
        verb="Open" if event.scope else "Decide",
        since=datetime.fromtimestamp(event.at / 1e6, timezone.get_current_timezone()),
        note="the run waits",
    )


# ── failures ────────────────────────────────────────────────────────────────────────────────────────
def _failures(member: Member) -> list[Run]:
    """Runs that failed within a day and whose page this person has not opened since."""
    runs = queries.runs_of(member.workspace.pk).filter(status=Run.Status.FAILED)
    recent = list(runs.filter(ended_at__gte=timezone.now() - FRESH).order_by("-ended_at")[:200])
    known = seen.among(member, [seen_key(run) for run in recent])
    return [run for run in recent if seen_key(run) not in known]


def seen_key(run: Run) -> str:
    return f"run:{run.pk}"


def saw(member: Member, run: Run) -> None:
    """The member has opened the page of an ended run: its failure is no news to them any more."""
    if run.status == Run.Status.FAILED:
        seen.mark(member, seen_key(run))
    elif run.status == Run.Status.DONE:
        seen.mark(member, seen.A_FINISHED_RUN)


def saw_failures(member: Member) -> None:
    """All failures at once, without opening each."""
    seen.mark(member, *(seen_key(run) for run in _failures(member)))


def _failure(row: Row, slug: str) -> Need:
    run = row.run
    return Need(
        key=f"failed-{run.pk}",
        icon="circle-x",
        tone="failed",
        title=f"{run.team_version.team.name} failed",
        team=str(run.team_version),
        words=run.error,
        url=href("run", slug, run.pk),
        verb="Open",
        since=run.ended_at or run.created_at,
        note="" if row.is_simulated else f"{money(row.cost)} spent",
    )
