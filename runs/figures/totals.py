"""What calls have used and cost. Every total shown anywhere is a sum over ledger rows, made here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from runs.engine import events as ev
from runs.models import LedgerEntry

ZERO = Decimal(0)
SUMS: dict[str, Any] = {
    "real": Sum("cost", filter=Q(simulated=False)),
    "simulated_cost": Sum("cost", filter=Q(simulated=True)),
    "calls": Count("*"),
    "simulated": Count("call", filter=Q(simulated=True)),
    "unknown": Count("call", filter=Q(simulated=False, cost=None)),
    "estimated": Count("call", filter=Q(status=LedgerEntry.Status.ESTIMATED)),
    "input_tokens": Sum("input_tokens"),
    "cached_tokens": Sum("cached_tokens"),
    "output_tokens": Sum("output_tokens"),
    "reasoning_tokens": Sum("reasoning_tokens"),
}

NAMED = {f"sum_{name}": made for name, made in SUMS.items()}  # some are called as columns are


@dataclass(frozen=True)
class Totals:
    """Sums over some ledger rows. Money is dollars; simulated calls cost nothing and are told apart.

    Cached tokens are part of the input ones, reasoning ones of the output ones.
    """

    real: Decimal = ZERO  # what is known to have been spent
    simulated_cost: Decimal = ZERO
    calls: int = 0
    simulated: int = 0
    unknown: int = 0  # calls that cost something, nobody knows what
    estimated: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: Totals) -> Totals:
        return Totals(*(mine - its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    @property
    def cost(self) -> Decimal | None:
        """What was spent; None when there are only calls of unknown cost."""
        return None if self.unknown and not self.real else self.real

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def fresh_input_tokens(self) -> int:
        return self.input_tokens - self.cached_tokens

    @property
    def answer_tokens(self) -> int:
        return max(self.output_tokens - self.reasoning_tokens, 0)  # endpoints may count otherwise


def _totals(row: dict[str, Any]) -> Totals:
    return Totals(**{name: row[f"sum_{name}"] for name in SUMS if row[f"sum_{name}"] is not None})


def total(entries: QuerySet[LedgerEntry]) -> Totals:
    """One sum over all of `entries`."""
    return _totals(entries.aggregate(**NAMED))


def totals_by(entries: QuerySet[LedgerEntry], *fields: str) -> dict[tuple[Any, ...], Totals]:
    """Sums by the values of some columns, the dearest first, then the longest."""
    rows = entries.order_by().values(*fields).annotate(**NAMED)
    return dearest_first({tuple(row[name] for name in fields): _totals(row) for row in rows})


def dearest_first(sums: dict[tuple[Any, ...], Totals]) -> dict[tuple[Any, ...], Totals]:
    def place(pair: tuple[tuple[Any, ...], Totals]) -> tuple[Decimal, Decimal, int, str]:
        key, one = pair
        return -one.real, -one.simulated_cost, -one.tokens, str(key)

    return dict(sorted(sums.items(), key=place))


def totals_of_runs(runs: Iterable[UUID]) -> dict[UUID, Totals]:
    """Totals by run, in one query; a run that has not called anything is all zeros."""
    wanted = list(runs)
    rows = totals_by(LedgerEntry.objects.filter(run__in=wanted), "run_id")
    return {run: rows.get((run,), Totals()) for run in wanted}


OPEN_CALLS = """
SELECT span.run_id, event.body FROM runs_span span
JOIN runs_event event ON event.run_id = span.run_id AND event.type = 'ModelCallStarted'
    AND event.path = span.path AND span.key = event.call || '#' || span.attempt
WHERE span.run_id = ANY(%s) AND span.kind = 'model' AND span.ended_at IS NULL
"""


@dataclass(frozen=True)
class Reserved:
    """What calls in flight may cost at most; `unpriced` ones have no known price."""

    cost: Decimal = ZERO
    tokens: int = 0
    unpriced: int = 0

    def __add__(self, other: Reserved) -> Reserved:
        return Reserved(self.cost + other.cost, self.tokens + other.tokens, self.unpriced + other.unpriced)


def reserved_of_runs(runs: Iterable[UUID]) -> dict[UUID, Reserved]:
    """What is reserved by run, for runs that have not ended; runs with nothing in flight are left out."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_CALLS, [list(runs)])
        rows = cursor.fetchall()
    found: dict[UUID, dict[str, ev.ModelCallStarted]] = {}
    for run, body in rows:
        event = ev.decode(body)
        if isinstance(event, ev.ModelCallStarted):  # an earlier attempt of an open call is over
            calls = found.setdefault(run, {})
            known = calls.get(event.call)
            calls[event.call] = event if known is None or event.attempt > known.attempt else known
    return {run: _reserved(calls.values()) for run, calls in found.items()}


def _reserved(calls: Iterable[ev.ModelCallStarted]) -> Reserved:
    listed = list(calls)
    costs = [Decimal(call.reserved_cost) for call in listed if call.reserved_cost is not None]
    return Reserved(
        cost=sum(costs, ZERO),
        tokens=sum(call.reserved_tokens for call in listed),
        unpriced=len(listed) - len(costs),
    )


# ── runs with those of their sub-teams ──────────────────────────────────────────────────────────────
FAMILIES = """
WITH RECURSIVE family (root, run, ended) AS (
    SELECT id, id, ended_at IS NOT NULL FROM runs_run WHERE id = ANY(%s)
    UNION ALL
    SELECT family.root, child.id, child.ended_at IS NOT NULL
    FROM family JOIN runs_run child ON child.parent_id = family.run
)
SELECT root, run, ended FROM family
"""


@dataclass(frozen=True)
class Family:
    """A run with the runs of its sub-teams, at any depth: who they are and what they sum up to."""

    members: list[UUID] = field(default_factory=list)  # the run itself comes first
    open: list[UUID] = field(default_factory=list)  # those of them that have not ended
    own: Totals = Totals()  # of the run alone
    totals: Totals = Totals()  # of all
    own_reserved: Reserved = Reserved()
    reserved: Reserved = Reserved()  # by all

    @property
    def sub_teams(self) -> int:
        """How many runs of sub-teams there are."""
        return len(self.members) - 1

    @property
    def below(self) -> Totals:
        """What the sub-teams alone have used."""
        return self.totals - self.own


def families_of_runs(runs: Iterable[UUID]) -> dict[UUID, Family]:
    """Families by run: three queries, however many there are."""
    wanted = list(runs)
    with connection.cursor() as cursor:
        cursor.execute(FAMILIES, [wanted])
        rows: list[tuple[UUID, UUID, bool]] = cursor.fetchall()
    members: dict[UUID, list[UUID]] = {run: [run] for run in wanted}
    for root, run, _ in rows:
        if run != root:
            members[root].append(run)
    still_open = {run for _, run, ended in rows if not ended}
    totals = totals_of_runs({run for _, run, _ in rows} | set(wanted))
    reserved = reserved_of_runs(still_open) if still_open else {}
    return {run: _family(members[run], still_open, totals, reserved) for run in wanted}


def _family(
    members: list[UUID], still_open: set[UUID], totals: dict[UUID, Totals], reserved: dict[UUID, Reserved]
) -> Family:
    return Family(
        members=members,
        open=[run for run in members if run in still_open],
        own=totals[members[0]],
        totals=sum((totals[run] for run in members), Totals()),
        own_reserved=reserved.get(members[0], Reserved()),
        reserved=sum((reserved[run] for run in members if run in reserved), Reserved()),
    )
