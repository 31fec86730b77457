"""What the costs page shows. One query groups the ledger, and every sum of the page is made of its rows:
bars, tables and classes agree because they are the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Func, Max, Q, QuerySet, Sum
from django.db.models.functions import Least, TruncDay, TruncHour, TruncWeek

from runs.forms.cost_filter import DAY, HOUR, CostFilter
from runs.models import LedgerEntry
from studio.workspaces.access import Member

ZERO, MILLIONTH = Decimal(0), Decimal("0.000001")
COLOURED = 5  # groups with a colour of their own
_CACHED = Least("cached_tokens", "input_tokens")
SUMS: dict[str, Any] = {
    "sum_cost": Sum("cost"),
    "sum_calls": Count("*"),
    "sum_unknown": Count("call", filter=Q(cost=None)),
    "sum_estimated": Count("call", filter=Q(status=LedgerEntry.Status.ESTIMATED)),
    "sum_input": Sum(F("input_tokens") - _CACHED),
    "sum_cached": Sum(_CACHED),
    "sum_output": Sum(F("output_tokens") - Least("reasoning_tokens", "output_tokens")),
    "sum_reasoning": Sum(Least("reasoning_tokens", "output_tokens")),
    "sum_input_cost": Sum((F("input_tokens") - _CACHED) * F("input_price") * MILLIONTH),
    "sum_cached_cost": Sum(_CACHED * F("cached_price") * MILLIONTH),
    "sum_output_cost": Sum(
        (F("output_tokens") - Least("reasoning_tokens", "output_tokens")) * F("output_price") * MILLIONTH
    ),
    "sum_reasoning_cost": Sum(Least("reasoning_tokens", "output_tokens") * F("output_price") * MILLIONTH),
}


@dataclass(frozen=True)
class Sums:
    """Money is dollars, of live or of simulated calls, as the filter says. Token classes are disjoint."""

    cost: Decimal = ZERO
    calls: int = 0
    unknown: int = 0
    estimated: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    input_cost: Decimal = ZERO
    cached_cost: Decimal = ZERO
    output_cost: Decimal = ZERO
    reasoning_cost: Decimal = ZERO

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    @property
    def tokens(self) -> int:
        return self.input + self.cached + self.output + self.reasoning

    @property
    def known(self) -> Decimal | None:
        """None when there are only calls of unknown cost."""
        return None if self.unknown and not self.cost else self.cost


@dataclass(frozen=True)
class Cell:
    """The smallest piece: calls of one agent of one team with one model, in the time of one bar."""

    bucket: datetime
    team: UUID
    team_name: str
    agent: str
    agent_name: str
    endpoint: str
    model: str
    sums: Sums


@dataclass(frozen=True)
class Group:
    """What a colour of the bars stands for; `colour` is a chart colour's number, 6 for those without one."""

    key: tuple[Any, ...]
    name: str
    sums: Sums
    colour: int
    query: dict[str, str] = field(default_factory=dict)  # what leads to its runs
    detail: str = ""
    bars: dict[datetime, Decimal] = field(default_factory=dict)


NAMERS: dict[str, Callable[[Cell], tuple[tuple[Any, ...], str, str, dict[str, str]]]] = {
    "team": lambda cell: ((cell.team,), cell.team_name, "", {"team": str(cell.team)}),
    "agent": lambda cell: (
        (cell.agent, cell.team),
        cell.agent_name or "Routing",
        cell.team_name,
        {"team": str(cell.team)} | ({"agent": cell.agent} if cell.agent else {}),
    ),
    "model": lambda cell: (
        (cell.endpoint, cell.model),
        cell.model,
        cell.endpoint,
        {"model": f"{cell.endpoint}/{cell.model}"},
    ),
}


@dataclass(frozen=True)
class Costs:
    chosen: CostFilter
    cells: list[Cell]
    before: Decimal  # spent in the stretch of the same length that went before

    @cached_property
    def total(self) -> Sums:
        return _sum(cell.sums for cell in self.cells)

    @property
    def change(self) -> Decimal | None:
        """Per cent more than before."""
        return 100 * (self.total.cost - self.before) / self.before if self.before else None

    @property
    def change_size(self) -> int:
        return abs(round(self.change or 0))

    @property
    def cached_share(self) -> int:
        """Per cent of the input tokens."""
        whole = self.total.input + self.total.cached
        return round(100 * self.total.cached / whole) if whole else 0

    def groups(self, by: str) -> list[Group]:
        """All groups, the dearest first; those that cost nothing by their tokens."""
        found: dict[tuple[Any, ...], list[Cell]] = {}
        for cell in self.cells:
            found.setdefault(NAMERS[by](cell)[0], []).append(cell)
        sums = {key: _sum(cell.sums for cell in cells) for key, cells in found.items()}
        order = sorted(found, key=lambda key: (-sums[key].cost, -sums[key].tokens, str(key)))
        return [_group(by, found[key], sums[key], at) for at, key in enumerate(order)]

    @cached_property
    def bars(self) -> list[Group]:
        """What the spend is stacked of: the dearest groups, and the others together."""
        groups = self.groups(self.chosen.by)
        if len(groups) <= COLOURED + 1:
            return groups
        rest = groups[COLOURED:]
        merged: dict[datetime, Decimal] = {}
        for group in rest:
            for bucket, cost in group.bars.items():
                merged[bucket] = merged.get(bucket, ZERO) + cost
        others = Group((), f"{len(rest)} others", _sum(one.sums for one in rest), COLOURED + 1, bars=merged)
        return [*groups[:COLOURED], others]

    @property
    def classes(self) -> list[tuple[str, int, int, Decimal]]:
        """Name, chart colour, tokens and cost of each class; together they cost what everything costs."""
        one = self.total
        rows = [
            ("Input, new", 1, one.input, one.input_cost),
            ("Input, cached", 5, one.cached, one.cached_cost),
            ("Output", 2, one.output, one.output_cost),
            ("Reasoning", 4, one.reasoning, one.reasoning_cost),
        ]
        rest = one.cost - sum((row[3] for row in rows), ZERO)
        if abs(rest) > one.calls * MILLIONTH * MILLIONTH:  # more than each call's rounding
            return [*rows, ("Not told apart", 6, 0, rest)]
        largest = max(range(4), key=lambda at: rows[at][3])
        name, colour, tokens, cost = rows[largest]
        rows[largest] = (name, colour, tokens, cost + rest)
        return rows


def _sum(many: Iterable[Sums]) -> Sums:
    return sum(many, Sums())


def _group(by: str, cells: list[Cell], sums: Sums, at: int) -> Group:
    key, name, detail, query = NAMERS[by](max(cells, key=lambda cell: cell.bucket))
    bars: dict[datetime, Decimal] = {}
    for cell in cells:
        bars[cell.bucket] = bars.get(cell.bucket, ZERO) + cell.sums.cost
    return Group(key, name, sums, min(at, COLOURED) + 1, query, detail, bars)


def entries_of(member: Member) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(workspace=member.workspace).order_by()


def costs_of(member: Member, chosen: CostFilter) -> Costs:
    entries = entries_of(member)
    before = chosen.apply_before(entries).aggregate(sum=Sum("cost"))["sum"]
    return Costs(chosen, _cells(chosen.apply(entries), chosen), before or ZERO)


def begun(step: timedelta) -> Func:
    """The beginning of the bar that an entry is in."""
    return {HOUR: TruncHour, DAY: TruncDay}.get(step, TruncWeek)("at", tzinfo=UTC)


def _cells(entries: QuerySet[LedgerEntry], chosen: CostFilter) -> list[Cell]:
    rows = (
        entries.annotate(bucket=begun(chosen.step), team=F("run__team_version__team"))
        .values("bucket", "team", "run__team_version__team__name", "agent_key", "endpoint", "model")
        .annotate(**SUMS, newest_name=Max("agent_name"))
    )
    return [_cell(dict(row)) for row in rows]


def _cell(row: dict[str, Any]) -> Cell:
    sums = {name.removeprefix("sum_"): row[name] for name in SUMS if row[name] is not None}
    return Cell(
        bucket=row["bucket"],
        team=row["team"],
        team_name=row["run__team_version__team__name"],
        agent=row["agent_key"],
        agent_name=row["newest_name"],
        endpoint=row["endpoint"],
        model=row["model"],
        sums=Sums(**sums),
    )
