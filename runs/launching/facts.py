"""What is true of a launch before it happens: what runs, where it stops, what earlier runs cost and took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from agents import queries as design
from agents.models import EndpointModel, Team, TeamVersion
from runs import queries
from runs.actions.appending import plan_of
from runs.approvals.words import who_approves
from runs.engine.plan import Plan
from runs.figures.of_teams import seconds_at_work
from runs.figures.totals import Totals, families_of_runs
from runs.models import Run

RECENT = 50  # finished runs that say what is usual
ENOUGH = 10  # with fewer, the whole span is shown instead of eight in ten
BARS = 12
EARLIER = 8  # runs whose input is offered again
N = TypeVar("N", float, Decimal)


@dataclass(frozen=True)
class Gate:
    """Where a run stops for a person."""

    title: str
    who: str
    deadline_s: float | None


@dataclass(frozen=True)
class Rule:
    """A tool that asks a person when its rule holds."""

    tool: str
    rule: str


@dataclass(frozen=True)
class Past:
    """What the team's own finished live runs cost and took; nothing is estimated."""

    runs: int = 0
    versions: tuple[int, ...] = ()
    unpriced: int = 0  # runs with a call of unknown cost; their cost is in no figure
    cost: tuple[Decimal, Decimal] | None = None
    seconds: tuple[float, float] | None = None  # at work; waits for people do not count
    calls: tuple[float, float] | None = None
    tokens: tuple[float, float] | None = None
    shown: tuple[Decimal, ...] = ()  # the two ends of `cost` to two digits; one when they are the same
    bars: tuple[int, ...] = ()  # how many runs cost how much, from 0 to the dearest
    dearest: Decimal = Decimal(0)
    rehearsals: int = 0

    @property
    def drawn(self) -> list[tuple[float, float, float]]:
        """The bars as (x, y, height) of a drawing of 296 × 60."""
        most = max(self.bars, default=0)
        step = 296 / max(len(self.bars), 1)
        heights = [(3 + 57 * count / most) if count else 0.0 for count in self.bars]
        return [
            (round(at * step + 1, 1), round(60 - high, 1), round(high, 1)) for at, high in enumerate(heights)
        ]

    @property
    def least_tokens(self) -> int:
        return round(self.tokens[0]) if self.tokens else 0

    @property
    def most_tokens(self) -> int:
        return round(self.tokens[1]) if self.tokens else 0

    @property
    def is_span(self) -> bool:
        """Whether the figures hold for all of the runs, as there are too few to leave any out."""
        return self.runs < ENOUGH


@dataclass(frozen=True)
class Facts:
    agents: int
    gates: list[Gate]
    rules: list[Rule]
    unpriced: list[str]  # models whose price nobody knows
    missing: list[str]  # models that are not set up here
    past: Past
    unpublished: bool  # the draft has changes that do not run
    has_limit: bool = field(default=False)


def facts_of(team: Team, version: TeamVersion) -> Facts:
    plan = plan_of(version)
    unpriced, missing = _models(team, plan)
    return Facts(
        agents=len(plan.team.agents),
        gates=_gates(plan),
        rules=[
            Rule(name, tool.spec.approval) for name, tool in plan.team.tools.items() if tool.spec.approval
        ],
        unpriced=unpriced,
        missing=missing,
        past=past_of(team),
        unpublished=design.has_unpublished_changes(team),
        has_limit=plan.team.graph.limits.cost_usd is not None,
    )


def _gates(plan: Plan) -> list[Gate]:
    nodes = [path for path in plan.order if plan.kinds[path].name == "approval"]
    return [
        Gate(plan.title(path), who_approves(plan.configs[path]), plan.configs[path].deadline_s)
        for path in nodes
    ]


def _models(team: Team, plan: Plan) -> tuple[list[str], list[str]]:
    """The team's models without a price, and those that this workspace does not have."""
    agents = plan.team.agents.values()
    first = {(one.spec.model.endpoint, one.spec.model.model) for one in agents}
    used = {(model.endpoint, model.model) for one in agents for model in one.spec.models}
    rows = EndpointModel.objects.filter(endpoint__workspace=team.workspace_id)
    rows = rows.filter(endpoint__name__in={endpoint for endpoint, _ in used})
    known = {
        (row.endpoint.name, row.name): design.price_of(row)
        for row in rows.select_related("endpoint").prefetch_related("prices")
    }
    unpriced = [model for endpoint, model in sorted(used) if known.get((endpoint, model), 0) is None]
    return unpriced, [f"{model} at {endpoint}" for endpoint, model in sorted(first - set(known))]


def past_of(team: Team) -> Past:
    finished = Run.objects.filter(team_version__team=team, status=Run.Status.DONE, forked_from=None)
    rehearsals = finished.filter(mode=Run.Mode.SIMULATED).count()
    rows = list(
        finished.filter(mode=Run.Mode.LIVE)
        .order_by("-created_at")
        .values_list("pk", "team_version__number")[:RECENT]
    )
    if not rows:
        return Past(rehearsals=rehearsals)
    ids = [run for run, _ in rows]
    totals = {run: family.totals for run, family in families_of_runs(ids).items()}
    return _past(ids, tuple(sorted({number for _, number in rows})), totals, rehearsals)


def _past(ids: list[UUID], versions: tuple[int, ...], totals: dict[UUID, Totals], rehearsals: int) -> Past:
    costs = [one.real for one in totals.values() if not one.unknown]
    seconds = seconds_at_work(ids)
    dearest = max(costs, default=Decimal(0))
    return Past(
        runs=len(ids),
        versions=versions,
        unpriced=len(ids) - len(costs),
        cost=_most(costs) if costs else None,
        shown=tuple(dict.fromkeys(_rounded(one) for one in _most(costs))) if costs else (),
        seconds=_most([seconds.get(run, 0.0) for run in ids]),
        calls=_most([float(one.calls) for one in totals.values()]),
        tokens=_most([float(one.tokens) for one in totals.values()]),
        bars=_bars(costs, dearest) if len(costs) >= ENOUGH and min(costs) < dearest else (),
        dearest=dearest,
        rehearsals=rehearsals,
    )


def _most(values: Sequence[N]) -> tuple[N, N]:
    """The ends of what eight in ten lie between; of fewer than ENOUGH, of all."""
    ordered = sorted(values)
    cut = len(ordered) // 10 if len(ordered) >= ENOUGH else 0
    return ordered[cut], ordered[-1 - cut]


def _rounded(amount: Decimal) -> Decimal:
    """To two digits that count."""
    return amount if not amount else amount.quantize(Decimal(1).scaleb(amount.adjusted() - 1))


def _bars(costs: list[Decimal], dearest: Decimal) -> tuple[int, ...]:
    counts = [0] * BARS
    for cost in costs:
        counts[min(int(cost / dearest * BARS), BARS - 1)] += 1
    return tuple(counts)


def earlier_runs(team: Team) -> list[queries.Row]:
    """The newest runs, whose input can be used again."""
    runs = queries.runs_of(team.workspace_id).filter(team_version__team=team)
    return queries.rows(runs.order_by("-created_at")[:EARLIER])
