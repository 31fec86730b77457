"""What runs now and what ran lately, as the home page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from runs import queries
from runs.actions.appending import plan_of
from runs.engine.kind import node_of
from runs.figures.totals import Totals, total
from runs.models import LedgerEntry, Run, Span
from runs.queries import Row
from studio.workspaces.access import Member

MOST_LIVE, MOST_ENDED = 8, 8
ENDS = {"input", "output"}  # kinds that are no step of the work


@dataclass(frozen=True)
class LiveRow:
    """A run that has not ended: steps are its nodes without input and output."""

    row: Row
    done: int
    steps: int

    @property
    def waits(self) -> bool:
        return self.row.run.status == Run.Status.WAITING

    @property
    def share(self) -> Decimal | None:
        """How much of its limit is spent."""
        limit = self.row.run.cost_limit
        return self.row.cost / limit if limit and self.row.cost is not None else None


@dataclass(frozen=True)
class AtWork:
    rows: list[LiveRow]
    count: int
    totals: Totals  # of all live runs, not only those shown

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


def at_work(member: Member) -> AtWork:
    """The oldest first, so that new ones come in below."""
    live = queries.runs_of(member.workspace.pk).filter(status__in=queries.LIVE)
    shown = list(
        live.order_by("created_at", "pk").defer("team_version__team__draft", "head_hash")[:MOST_LIVE]
    )
    entries = LedgerEntry.objects.filter(run__in=live.order_by().values("pk"))
    return AtWork(_with_steps(shown), live.order_by().count(), total(entries))


def _with_steps(runs: list[Run]) -> list[LiveRow]:
    """A node that others run is no step of its own; one that is repeated is done when its last round is."""
    spans = Span.objects.filter(run__in=[run.pk for run in runs], kind="node").exclude(path__contains="/")
    found_spans = spans.order_by("started_at").values_list("run_id", "path", "ended_at")
    latest = {(run, node_of(path)): end for run, path, end in found_spans}
    done = {key for key, end in latest.items() if end is not None}
    found = []
    for row in queries.rows(runs):
        plan = plan_of(row.run.team_version)
        steps = [node for node in plan.order if plan.kinds[node].name not in ENDS]
        found.append(LiveRow(row, sum((row.run.pk, path) in done for path in steps), len(steps)))
    return found


def lately(member: Member) -> list[Row]:
    """The runs that ended last."""
    ended = queries.runs_of(member.workspace.pk).filter(ended_at__isnull=False)
    return queries.rows(ended.order_by("-ended_at", "pk")[:MOST_ENDED])
