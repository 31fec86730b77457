"""What the list of teams tells of their runs; the room of teams reaches it through settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from agents.cards import LastRun, Typical
from runs.engine.kind import node_of
from runs.figures.totals import Totals, families_of_runs
from runs.models import Run, Span

RECENT = 20  # finished runs that say what is typical
N = TypeVar("N", float, Decimal)


def last_runs(workspace_id: UUID) -> dict[UUID, LastRun]:
    """The newest run of every team of the workspace, in two queries."""
    team = F("team_version__team")
    runs = Run.objects.filter(workspace=workspace_id).annotate(team=team)
    counted = dict(runs.order_by().values_list("team").annotate(runs=Count("*")))
    newest = runs.order_by("team", "-created_at").distinct("team")
    return {
        row["team"]: LastRun(
            row["pk"], row["status"], row["ended_at"] or row["created_at"], counted[row["team"]]
        )
        for row in newest.values("team", "pk", "status", "ended_at", "created_at")
    }


def typical(teams: Iterable[UUID]) -> dict[UUID, Typical]:
    """What the last finished runs of each team took, and how the nodes of its newest run stand."""
    wanted = list(teams)
    finished = _newest(wanted, RECENT, status=Run.Status.DONE)
    ids = [run.pk for runs in finished.values() for run in runs]
    families, seconds = families_of_runs(ids), seconds_at_work(ids)
    lit = _lit(wanted)
    return {
        team: _typical(
            [(run, families[run.pk].totals, seconds.get(run.pk, 0.0)) for run in finished.get(team, [])],
            lit.get(team, {}),
        )
        for team in wanted
    }


def _typical(runs: Sequence[tuple[Run, Totals, float]], lit: dict[str, str]) -> Typical:
    if not runs:
        return Typical(lit=lit)
    costs = [
        totals.simulated_cost if run.mode == Run.Mode.SIMULATED else totals.real for run, totals, _ in runs
    ]
    return Typical(
        seconds=_middle([seconds for _, _, seconds in runs]),
        cost=_middle(costs),
        cost_unknown=any(totals.unknown for _, totals, _ in runs),
        lit=lit,
    )


def _middle(values: list[N]) -> tuple[N, N]:
    """The ends of what four in five lie between; of a few values, all."""
    ordered = sorted(values)
    cut = len(ordered) // 10
    return ordered[cut], ordered[len(ordered) - 1 - cut]


def _newest(teams: list[UUID], count: int, **only: Any) -> dict[UUID, list[Run]]:
    place = Window(RowNumber(), partition_by="team_version__team", order_by=F("created_at").desc())
    runs = Run.objects.filter(team_version__team__in=teams, **only).defer("head_hash")
    found: dict[UUID, list[Run]] = defaultdict(list)
    for run in runs.annotate(team=F("team_version__team"), place=place).filter(place__lte=count):
        found[run.team].append(run)
    return found


ACTIVE = """
WITH RECURSIVE family (root, run) AS (
    SELECT id, id FROM runs_run WHERE id = ANY(%s)
    UNION ALL
    SELECT family.root, child.id FROM family JOIN runs_run child ON child.parent_id = family.run
)
SELECT root, (SELECT sum(extract(epoch FROM upper(piece) - lower(piece))) FROM unnest(pieces) AS piece)
FROM (
    SELECT root, range_agg(tstzrange(started_at, greatest(coalesce(ended_at, now()), started_at))) AS pieces
    FROM family JOIN runs_span span ON span.run_id = family.run
    WHERE span.kind IN ('model', 'tool') GROUP BY root
) AS busy
"""


def seconds_at_work(runs: list[UUID]) -> dict[UUID, float]:
    """How long each run, or a sub-team of it, was at work; waits for people and timers do not count."""
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, [runs])
        return {run: float(seconds or 0) for run, seconds in cursor.fetchall()}


def _lit(teams: list[UUID]) -> dict[UUID, dict[str, str]]:
    newest = {runs[0].pk: team for team, runs in _newest(teams, 1).items()}
    found: dict[UUID, dict[str, str]] = defaultdict(dict)
    spans = Span.objects.filter(run__in=newest).order_by("started_at")
    for run, kind, path, status in spans.values_list("run", "kind", "path", "status"):
        waits = kind == "wait" and status == "waiting"
        if waits or (kind == "node" and status != "skipped"):
            found[newest[run]][node_of(path)] = status  # the newest of a node's instances says it
    return found
