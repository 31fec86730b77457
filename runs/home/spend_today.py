"""What today has cost, hour by hour, beside a usual day: one query over the ledger. A day is a day in UTC."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import accumulate

from django.db.models.functions import TruncHour
from django.utils import timezone

from runs.figures.totals import ZERO, Totals, totals_by
from runs.models import LedgerEntry
from studio.workspaces.access import Member

USUAL_DAYS = 14  # days before today that a usual day is the mean of
FEWEST = 3  # of them must have spent something
WIDTH, HEIGHT, FLOOR, TOP = 328, 118, 100, 18  # the drawing, its base line and its upper edge
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class SpendToday:
    """Sums by hour since the beginning of the month, or of the usual days, whichever is earlier."""

    now: datetime
    hours: dict[datetime, Totals]

    @cached_property
    def midnight(self) -> datetime:
        return self.now.replace(hour=0, minute=0, second=0, microsecond=0)

    def _between(self, start: datetime, end: datetime) -> Totals:
        return sum((row for hour, row in self.hours.items() if start <= hour < end), Totals())

    @cached_property
    def today(self) -> Totals:
        return self._between(self.midnight, self.midnight + timedelta(days=1))

    @cached_property
    def yesterday(self) -> Totals:
        return self._between(self.midnight - timedelta(days=1), self.midnight)

    @cached_property
    def month(self) -> Totals:
        return self._between(self.midnight.replace(day=1), self.now + HOUR)

    # ── the drawing ─────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def _so_far(self) -> list[Decimal]:
        """Spent at the end of each hour that has begun."""
        begun = [self.midnight + HOUR * at for at in range(self.now.hour + 1)]
        return list(accumulate(self.hours[hour].real if hour in self.hours else ZERO for hour in begun))

    @cached_property
    def _usual(self) -> list[Decimal]:
        """The same for a usual day; empty while there were too few days."""
        by_hour: dict[int, Decimal] = defaultdict(Decimal)
        days = set()
        for hour, row in self.hours.items():
            if self.midnight - timedelta(days=USUAL_DAYS) <= hour < self.midnight and row.real:
                by_hour[hour.hour] += row.real
                days.add(hour.date())
        if len(days) < FEWEST:
            return []
        return list(accumulate(by_hour[at] / len(days) for at in range(24)))

    @cached_property
    def _scale(self) -> Decimal:
        return max([*self._so_far, *self._usual]) or Decimal(1)

    def _y(self, amount: Decimal) -> float:
        return float(FLOOR - (FLOOR - TOP) * amount / self._scale)

    @property
    def usual_label_y(self) -> float:
        """Above the end of the usual day's line."""
        return self._y(self._usual[-1]) - 6

    @property
    def usual_path(self) -> str:
        return _path([(0.0, float(FLOOR)), *self._points(self._usual)]) if self._usual else ""

    @property
    def line(self) -> str:
        return _path(self._today_points)

    @property
    def area(self) -> str:
        return f"{self.line}L{self.tip[0]:.1f} {FLOOR}L0 {FLOOR}Z"

    @property
    def tip(self) -> tuple[float, float]:
        """Now, as a point."""
        return self._today_points[-1]

    @cached_property
    def _today_points(self) -> list[tuple[float, float]]:
        ends = [(0.0, float(FLOOR)), *self._points(self._so_far[:-1])]
        passed = (self.now - self.midnight).total_seconds() / 86_400
        return [*ends, (WIDTH * passed, self._y(self._so_far[-1]))]

    def _points(self, amounts: list[Decimal]) -> Iterator[tuple[float, float]]:
        return ((WIDTH * (at + 1) / 24, self._y(amount)) for at, amount in enumerate(amounts))


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def spend_today(member: Member, now: datetime | None = None) -> SpendToday:
    now = now or timezone.now()
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = min(day.replace(day=1), day - timedelta(days=USUAL_DAYS))
    entries = LedgerEntry.objects.filter(workspace=member.workspace, at__gte=start)
    rows = totals_by(entries.annotate(hour=TruncHour("at")), "hour")
    return SpendToday(now, {hour: totals for (hour,), totals in rows.items()})
