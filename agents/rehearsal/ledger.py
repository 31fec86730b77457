"""What this server was asked and billed, so that a test can hold a client's account against it."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any

MOST_ENTRIES = 20_000
MOST_KEYS = 32


@dataclass
class Entry:
    """One request as told apart by its content; attempts of it share the entry."""

    profile: str
    digest: str
    model: str
    started: int = 0
    completed: int = 0
    failed: int = 0  # answered with an error, garbage or half a stream
    aborted: int = 0  # the client went away
    usage: dict[str, Any] | None = None
    idempotency_keys: Counter[str] = field(default_factory=Counter)

    def shown(self) -> dict[str, Any]:
        return {**self.__dict__, "idempotency_keys": dict(self.idempotency_keys)}


class Ledger:
    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, str], Entry] = OrderedDict()
        self._totals: dict[str, Counter[str]] = {}
        self._dropped = 0
        self._open: Counter[str] = Counter()
        self._most: Counter[str] = Counter()  # at once, of each profile

    def start(self, profile: str, digest: str, model: str, idempotency_key: str | None) -> Entry:
        key = (profile, digest)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = Entry(profile, digest, model)
            if len(self._entries) > MOST_ENTRIES:
                self._entries.popitem(last=False)
                self._dropped += 1
        entry.started += 1
        self._count(profile, "started")
        self._open[profile] += 1
        self._most[profile] = max(self._most[profile], self._open[profile])
        if idempotency_key and (
            idempotency_key in entry.idempotency_keys or len(entry.idempotency_keys) < MOST_KEYS
        ):
            entry.idempotency_keys[idempotency_key] += 1
        return entry

    def end(self, entry: Entry, how: str, usage: dict[str, Any] | None = None) -> None:
        """`how` is completed, failed or aborted; usage is what this attempt was billed."""
        setattr(entry, how, getattr(entry, how) + 1)
        self._count(entry.profile, how)
        self._open[entry.profile] -= 1
        if usage is None:
            return
        entry.usage = usage
        self._count(entry.profile, "prompt_tokens", usage["prompt_tokens"])
        self._count(entry.profile, "cached_tokens", usage["prompt_tokens_details"]["cached_tokens"])
        self._count(entry.profile, "completion_tokens", usage["completion_tokens"])

    def _count(self, profile: str, what: str, number: int = 1) -> None:
        self._totals.setdefault(profile, Counter())[what] += number

    def shown(self, profile: str | None = None) -> dict[str, Any]:
        """Totals and entries, of one profile or of all."""
        totals = Counter[str]()
        for name, counted in self._totals.items():
            if profile in (None, name):
                totals.update(counted)
        in_flight = totals["started"] - totals["completed"] - totals["failed"] - totals["aborted"]
        most = max((self._most[name] for name in self._totals if profile in (None, name)), default=0)
        entries = [entry.shown() for entry in self._entries.values() if profile in (None, entry.profile)]
        return {
            "totals": {**TOTALS, **totals, "in_flight": in_flight, "most_in_flight": most},
            "entries": entries,
            "dropped": self._dropped,
        }

    def reset(self, profile: str | None = None) -> None:
        if profile is None:
            self.__init__()  # type: ignore[misc]
            return
        self._totals.pop(profile, None)
        self._most[profile] = self._open[profile]
        for key in [key for key in self._entries if key[0] == profile]:
            del self._entries[key]


TOTALS = dict.fromkeys(
    ("started", "completed", "failed", "aborted", "prompt_tokens", "cached_tokens", "completion_tokens"), 0
)
