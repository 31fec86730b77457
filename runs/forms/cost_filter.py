"""The filters of the costs page, as they stand in its address. What makes no sense is left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_date

from runs.models import LedgerEntry

RANGES = {"24h": "24 h", "7d": "7 d", "14d": "14 d", "30d": "30 d"}
GROUPS = {"team": "Team", "agent": "Agent", "model": "Model"}
MODES = {"": "live", "rehearsal": "rehearsals"}
LONGEST = 400  # days of a range of one's own
DAILY = 62  # days; a longer range is drawn by weeks
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
MIDNIGHT = time(tzinfo=UTC)


@dataclass(frozen=True)
class CostFilter:
    """`since` and `until` bound the calls that count; `step` is the width of a bar. Days are days in UTC."""

    now: datetime
    range: str = "14d"
    first: date | None = None  # of a range of one's own, both days included
    last: date | None = None
    by: str = "team"
    team: UUID | None = None
    model: str = ""
    rehearsal: bool = False

    @classmethod
    def parse(cls, query: QueryDict, now: datetime) -> CostFilter:
        chosen = query.get("range", "")
        first, last = _days(query) if chosen not in RANGES else (None, None)
        return cls(
            now=now.astimezone(UTC),
            range="custom" if first else chosen if chosen in RANGES else "14d",
            first=first,
            last=last,
            by=by if (by := query.get("by", "")) in GROUPS else "team",
            team=_uuid(query.get("team", "")),
            model=query.get("model", "").replace("\x00", "")[:401],
            rehearsal=query.get("mode") == "rehearsal",
        )

    @property
    def is_narrow(self) -> bool:
        return bool(self.team or self.model)

    @property
    def step(self) -> timedelta:
        if self.range == "24h":
            return HOUR
        return WEEK if self.days > DAILY else DAY

    @property
    def step_word(self) -> str:
        return {HOUR: "hour", DAY: "day"}.get(self.step, "week")

    @property
    def length(self) -> str:
        """As in `+8 % on the 14 d before`."""
        return RANGES.get(self.range, f"{self.days} d")

    @property
    def days(self) -> int:
        if self.first and self.last:
            return (self.last - self.first).days + 1
        return int(self.range.removesuffix("d")) if self.range != "24h" else 1

    @property
    def since(self) -> datetime:
        if self.range == "24h":
            return self.now.replace(minute=0, second=0, microsecond=0) - 23 * HOUR
        first = self.first or self.now.date() - (self.days - 1) * DAY
        return datetime.combine(first, MIDNIGHT)

    @property
    def until(self) -> datetime:
        return datetime.combine(self.last + DAY, MIDNIGHT) if self.last else self.now

    @property
    def before(self) -> datetime:
        """Where the stretch of the same length that went before begins."""
        return self.since - (min(self.until, self.now) - self.since)

    @property
    def buckets(self) -> list[datetime]:
        """The beginnings of all bars, weeks from the first Monday on or before `since`."""
        start = self.since - timedelta(days=self.since.weekday()) if self.step == WEEK else self.since
        count = -(-(self.until - start) // self.step)
        return [start + self.step * at for at in range(count)]

    def narrow(self, entries: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
        """All but the time."""
        entries = entries.filter(simulated=self.rehearsal)
        if self.team:
            entries = entries.filter(run__team_version__team=self.team)
        if self.model:
            endpoint, _, model = self.model.partition("/")
            entries = entries.filter(endpoint=endpoint, model=model)
        return entries

    def apply(self, entries: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
        return self.narrow(entries).filter(at__gte=self.since, at__lt=self.until)

    def apply_before(self, entries: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
        return self.narrow(entries).filter(at__gte=self.before, at__lt=self.since)


def _days(query: QueryDict) -> tuple[date, date] | tuple[None, None]:
    first, last = _day(query.get("from", "")), _day(query.get("to", ""))
    if first is None or last is None or not first <= last or (last - first).days >= LONGEST:
        return None, None
    return first, last


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
