"""Runs by the calls they made: how a chart of costs leads to the runs behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from runs.models import LedgerEntry, Run

KINDS = {"live": False, "simulated": True}


@dataclass(frozen=True)
class CallsFilter:
    """Calls between two moments, of an agent (its key), to a model (`endpoint/model`), live or simulated."""

    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    agent: str = ""
    model: str = ""

    @classmethod
    def parse(cls, query: QueryDict) -> CallsFilter:
        kind = query.get("calls", "")
        return cls(
            kind=kind if kind in KINDS else "",
            since=_moment(query.get("from", "")),
            until=_moment(query.get("to", "")),
            agent=query.get("agent", "").replace("\x00", "")[:48],
            model=query.get("model", "").replace("\x00", "")[:401],
        )

    def __bool__(self) -> bool:
        return self != CallsFilter()

    @property
    def query(self) -> list[tuple[str, str]]:
        """As it stands in an address."""
        values = {
            "calls": self.kind,
            "from": _written(self.since),
            "to": _written(self.until),
            "agent": self.agent,
            "model": self.model,
        }
        return [(name, value) for name, value in values.items() if value]

    def address(self, **more: str) -> str:
        return "?" + urlencode([*self.query, *more.items()])

    @property
    def words(self) -> str:
        """`live calls, 14 Nov, of triage, to gpt-5-mini`."""
        parts = [f"{self.kind} calls".strip()]
        if self.since or self.until:
            parts.append(_stretch(self.since, self.until))
        parts += [f"of {self.agent}"] if self.agent else []
        parts += [f"to {self.model.partition('/')[2] or self.model}"] if self.model else []
        return ", ".join(parts)

    def apply(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        if not self:
            return runs
        calls = Q(run=OuterRef("pk"))
        if self.kind:
            calls &= Q(simulated=KINDS[self.kind])
        if self.since:
            calls &= Q(at__gte=self.since)
        if self.until:
            calls &= Q(at__lt=self.until)
        if self.agent:
            calls &= Q(agent_key=self.agent)
        if self.model:
            endpoint, _, model = self.model.partition("/")
            calls &= Q(endpoint=endpoint, model=model)
        return runs.filter(Exists(LedgerEntry.objects.filter(calls)))


def _stretch(since: datetime | None, until: datetime | None) -> str:
    """Whole days as days, anything else to the minute."""
    if since and until and since.time() == until.time() == time():
        first, last = since.date(), until.date() - timedelta(days=1)
        return " – ".join(f"{one.day} {one:%b}" for one in dict.fromkeys((first, last)))
    return " – ".join(f"{one.day} {one:%b %H:%M}" if one else "" for one in (since, until)).strip()


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and timezone.is_naive(found) else found


def _written(moment: datetime | None) -> str:
    """In UTC, to the second, without the offset's plus sign, which addresses garble."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
