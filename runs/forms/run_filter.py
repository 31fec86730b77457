"""The filters of the list of runs, as they stand in its address. What makes no sense is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, DecimalField, F, OuterRef, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, Now
from django.http import QueryDict
from django.utils import timezone

from runs import queries
from runs.forms.calls_filter import CallsFilter
from runs.models import LedgerEntry, Run

GROUPS = {
    "": "All",
    "live": "Live",
    "people": "Needs you",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
STATUSES: dict[str, tuple[str, ...]] = {
    "live": queries.LIVE,
    "people": queries.PEOPLE,
    "done": (Run.Status.DONE,),
    "failed": (Run.Status.FAILED,),
    "cancelled": (Run.Status.CANCELLED,),
}
PERIODS = {"1": "in 24 hours", "7": "in 7 days", "30": "in 30 days"}
SORTS = {
    "": "Started, newest",
    "started": "Started, oldest",
    "-time": "Time, longest",
    "-cost": "Cost, highest",
    "-tokens": "Tokens, most",
}


@dataclass(frozen=True)
class RunFilter:
    q: str = ""
    group: str = ""
    team: UUID | None = None
    who: UUID | None = None
    mode: str = ""
    days: str = ""
    calls: CallsFilter = field(default_factory=CallsFilter)
    sort: str = ""

    @classmethod
    def parse(cls, query: QueryDict) -> RunFilter:
        return cls(
            q=query.get("q", "").strip().replace("\x00", "")[:200],
            group=_one_of(GROUPS, query.get("state", "")),
            team=_uuid(query.get("team", "")),
            who=_uuid(query.get("who", "")),
            mode=_one_of(dict(Run.Mode.choices), query.get("mode", "")),
            days=_one_of(PERIODS, query.get("days", "")),
            calls=CallsFilter.parse(query),
            sort=_one_of(SORTS, query.get("sort", "")),
        )

    @property
    def is_narrow(self) -> bool:
        return self != RunFilter(sort=self.sort)

    def without_group(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """What all filters but the state leave, for the numbers on the states."""
        exact = {"team_version__team": self.team, "started_by": self.who, "mode": self.mode}
        runs = runs.filter(**{name: value for name, value in exact.items() if value})
        if self.days:
            runs = runs.filter(created_at__gte=timezone.now() - timedelta(days=int(self.days)))
        runs = self.calls.apply(runs)
        return queries.by_text(runs, self.q) if self.q else runs

    def apply(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """What all filters leave, unsorted."""
        runs = self.without_group(runs)
        return runs.filter(status__in=STATUSES[self.group]) if self.group else runs

    def sorted(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        match self.sort:
            case "started":
                return runs.order_by("created_at", "pk")
            case "-time":
                taken = Coalesce("ended_at", Now()) - F("started_at")
                return runs.order_by(taken.desc(nulls_last=True), "-created_at")
            case "-cost":
                return runs.annotate(spent=_sum("cost")).order_by(
                    F("spent").desc(nulls_last=True), "-created_at"
                )
            case "-tokens":
                used = _sum(F("input_tokens") + F("output_tokens"))
                return runs.annotate(used=used).order_by(F("used").desc(nulls_last=True), "-created_at")
            case _:
                return runs.order_by("-created_at", "-pk")


def _sum(what: Any) -> Subquery:
    """A sum over a run's ledger rows; simulated calls cost nothing."""
    if what == "cost":
        what = Case(When(simulated=False, then="cost"), output_field=DecimalField())
    entries = LedgerEntry.objects.filter(run=OuterRef("pk")).order_by().values("run")
    return Subquery(entries.annotate(total=Sum(what)).values("total"))


def _one_of(known: dict[str, Any], value: str) -> str:
    return value if value in known else ""


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
