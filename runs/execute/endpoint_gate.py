"""The gate of one endpoint in one process: who may call it now, by what all processes agreed on in Redis.

A process holds a share of the endpoint's slots for as long as it renews them, hands them to its runs in turn,
and looks at the shared gate (one script, `endpoint_gate.lua`) about once a second, or at once when it needs
more. While Redis cannot be reached it goes on with a fixed share: no endpoint is closed for want of Redis.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

from agents.queries import ResolvedModel
from runs.execute.endpoint_permit import Closed, Permit, Report, Waiter

log = logging.getLogger(__name__)

POLL_S = 0.2  # between looks while calls wait
REFRESH_S = 1.0  # between looks while slots are held
AWAY_S = 2.0  # until an unreachable Redis is tried again
SHORT_PAUSE_S = 1.0  # a pause up to this is waited for here, without a timer
LONGEST_BREAK_S = 300.0
ENOUGH_CALLS = 20  # before a percentage means anything
MOST_ASKS = 64


Script = Callable[[UUID, dict[str, Any]], Awaitable[Any]]


class Gate:
    def __init__(self, endpoint: UUID, owner: str, script: Script) -> None:
        self.endpoint = endpoint
        self.owner = owner
        self.script = script
        self.name = ""
        self.limit = self.rpm = self.tpm = 0
        self.allow = 0  # slots this process holds, until `good_until`
        self.share = 0  # slots it should come down to, where others want some, too
        self.good_until = 0.0
        self.tight = False  # more is wanted than there is
        self.full = False  # the last look left some waiting
        self.closed: Closed | None = None
        self.closed_until = 0.0
        self.used = 0
        self.probing: Permit | None = None
        self.may_probe = False
        self.running: Counter[UUID] = Counter()
        self.waiting: list[Waiter] = []
        self.report = Report()
        self._asked: list[asyncio.Future[None]] = []
        self._kick = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._redis_back_at = 0.0
        self._closing = False

    # ── for calls ───────────────────────────────────────────────────────────────────────────────────
    def limits(self, model: ResolvedModel) -> None:
        """As the endpoint is set up now."""
        self.name, self.limit = model.endpoint, model.concurrency
        self.rpm, self.tpm = model.requests_per_minute or 0, model.tokens_per_minute or 0

    async def admit(self, waiter: Waiter) -> None:
        """Give it an outcome if that is certain after one look; else it waits and is woken."""
        if not self.waiting:
            waiter.outcome = self._at_once(waiter)
        if waiter.outcome is None:
            self.waiting.append(waiter)
            if not self.full:  # else another look would say the same
                try:
                    await self.look()
                except asyncio.CancelledError:
                    self.withdraw(waiter)
                    raise

    def withdraw(self, waiter: Waiter) -> None:
        if waiter in self.waiting:
            self.waiting.remove(waiter)
        if isinstance(waiter.outcome, Permit):
            waiter.outcome.drop()

    def returned(
        self, permit: Permit, verdict: str, settle: int, retry_after_s: float, sentence: str
    ) -> None:
        """A permit comes back. Failures are told at once, good news with the next look."""
        report = self.report
        self.used -= 1
        self.running[permit.run] -= 1
        if not self.running[permit.run]:
            del self.running[permit.run]
        report.settle += settle
        if verdict == "answered":
            report.answered, report.trailing = report.answered + 1, 0
        elif verdict == "failed":
            report.failed, report.trailing = report.failed + 1, report.trailing + 1
        report.error = sentence[:300] or report.error
        report.retry_after = max(report.retry_after, retry_after_s)
        if permit is self.probing:
            self.probing, report.probe = None, verdict
        if retry_after_s:
            self._shut(Closed("rate_limited", self._pause_words(sentence), retry_after_s))
        if verdict == "failed" or retry_after_s or report.probe or self.tight or self.waiting:
            self._kick.set()
        self._hand_out()

    def stale(self) -> None:
        """Another process changed something that matters."""
        self.good_until = self.closed_until = 0.0
        if self.used or self.waiting or self.allow:
            self._kick.set()

    def why_wait(self) -> str:
        limits = [f"{self.limit} calls at once"]
        limits += [f"{self.rpm:,} calls a minute"] if self.rpm else []
        limits += [f"{self.tpm:,} tokens a minute"] if self.tpm else []
        return f"It waits for its turn at {self.name}, which takes {', '.join(limits)}."

    @property
    def is_idle(self) -> bool:
        return not (self.used or self.waiting or self.allow or self._asked or self.report != Report())

    # ── letting in ──────────────────────────────────────────────────────────────────────────────────
    def _at_once(self, waiter: Waiter) -> Permit | Closed | None:
        now = time.monotonic()
        if closed := self._still_closed(now):
            return closed if closed.after_s > SHORT_PAUSE_S or closed.code != "rate_limited" else None
        if self.closed is None and not self._counted and self._room(now) > 0:
            return self._let_in(waiter)
        return None

    def _room(self, now: float) -> int:
        return min(self.allow, self.share) - self.used if now < self.good_until else 0

    @property
    def _counted(self) -> bool:
        """Whether requests or tokens are counted by the minute, so that each call needs a look."""
        return bool(self.rpm or self.tpm) and time.monotonic() >= self._redis_back_at

    def _still_closed(self, now: float) -> Closed | None:
        if self.closed is None or now >= self.closed_until:
            return None
        return Closed(self.closed.code, self.closed.message, self.closed_until - now)

    def _let_in(self, waiter: Waiter, *, probe: bool = False) -> Permit:
        self.used += 1
        self.running[waiter.run] += 1
        self.report.started += 1
        waiter.outcome = permit = Permit(self, waiter.run, waiter.tokens, probe=probe)
        if probe:
            self.probing = permit
        return permit

    def _in_turn(self) -> list[Waiter]:
        """Who waits, in the order of being let in: the run with the fewest calls first, then the oldest."""
        ahead: Counter[UUID] = Counter(self.running)
        ranked = []
        for place, waiter in enumerate(self.waiting):
            ranked.append((ahead[waiter.run], place, waiter))
            ahead[waiter.run] += 1
        return [waiter for _, _, waiter in sorted(ranked, key=lambda one: one[:2])]

    def _hand_out(self, granted: int | None = None) -> None:
        """Let in whom there is room for. `granted`: so many, where the minute is counted."""
        if not self.waiting:
            return
        if self.may_probe:
            self.may_probe = False
            self._settle(first := self._in_turn()[0], self._let_in(first, probe=True))
        now = time.monotonic()
        closed = self._still_closed(now)
        if closed and (closed.code != "rate_limited" or closed.after_s > SHORT_PAUSE_S):
            for waiter in list(self.waiting):
                self._settle(waiter, closed)
        if closed or (self.closed and self.closed.code != "rate_limited"):
            return  # when a break is over only another look tells who may try
        room = self._room(now)
        if self._counted:
            room = min(room, granted or 0)
        for waiter in self._in_turn()[: max(room, 0)]:
            self._settle(waiter, self._let_in(waiter))

    def _settle(self, waiter: Waiter, outcome: Permit | Closed) -> None:
        waiter.outcome = outcome
        self.waiting.remove(waiter)
        waiter.wake()

    # ── looking at the shared gate ──────────────────────────────────────────────────────────────────
    async def look(self) -> None:
        """Return after a look that began after this was asked."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._kick.set()
        await asked

    async def _keep(self) -> None:
        while not self._closing:
            await self._until_due()
            asked, self._asked = self._asked, []
            report, self.report = self.report, Report()
            if time.monotonic() >= self._redis_back_at:
                await self._ask(report)
            if time.monotonic() < self._redis_back_at:
                self._alone()
            for one in asked:
                if not one.done():
                    one.set_result(None)
            self.full = bool(self.waiting)
            for waiter in self.waiting:
                if waiter.is_long:
                    waiter.wake()

    async def _ask(self, report: Report) -> None:
        try:
            self._take(await self.script(self.endpoint, self._question(report)))
            return
        except (redis.RedisError, OSError) as error:
            log.warning("The gate of %s is not shared for now: %s", self.name, error)
        except Exception:  # a defect here must not keep every run from its calls
            log.exception("The gate of %s is not shared for now", self.name)
        self._redis_back_at = time.monotonic() + AWAY_S

    async def _until_due(self) -> None:
        pause = POLL_S if self.waiting else min(REFRESH_S, settings.LEASE_SECONDS / 3)
        timeout = None if self.is_idle else pause
        try:
            async with asyncio.timeout(timeout):
                await self._kick.wait()
        except TimeoutError:
            pass
        self._kick.clear()

    def _question(self, report: Report) -> dict[str, Any]:
        wishes = Counter(self.running)
        for waiter in self.waiting:
            wishes[waiter.run] += 1
        probe = report.probe or ("held" if self.probing is not None else "")
        return {
            "endpoint": str(self.endpoint),
            "me": self.owner,
            "lease": settings.LEASE_SECONDS,
            "limit": self.limit,
            "rpm": self.rpm,
            "tpm": self.tpm,
            "counted": bool(self.rpm or self.tpm),
            "used": self.used,
            "runs": list(wishes.values()),
            "waits": len(self.waiting),
            "asks": [waiter.tokens for waiter in self._in_turn()[:MOST_ASKS]],
            "started": report.started,
            "answered": report.answered,
            "failed": report.failed,
            "trailing": report.trailing,
            "settle": report.settle,
            "retry_after": report.retry_after,
            "error": report.error,
            "probe": probe,
            "failures": settings.BREAKER_FAILURES,
            "percent": settings.BREAKER_PERCENT,
            "enough": ENOUGH_CALLS,
            "window": settings.BREAKER_WINDOW_SECONDS,
            "pause": settings.BREAKER_SECONDS,
            "longest_pause": max(LONGEST_BREAK_S, settings.BREAKER_SECONDS),
        }

    def _take(self, answer: dict[str, Any]) -> None:
        self.allow, self.share, self.tight = int(answer["allow"]), int(answer["share"]), bool(answer["tight"])
        self.good_until = time.monotonic() + settings.LEASE_SECONDS
        self.closed = None
        self.may_probe = answer["state"] == "probe"
        if answer["state"] in ("open", "probing", "probe"):
            self._shut(self._breaker(answer))
        elif answer["pause"] > 0:
            self._shut(Closed("rate_limited", self._pause_words(str(answer["paused"])), answer["pause"]))
        self._hand_out(int(answer["go"]))
        if self.may_probe:  # whoever asked has gone meanwhile
            self.may_probe, self.report.probe = False, "dropped"
            self._kick.set()

    def _breaker(self, answer: dict[str, Any]) -> Closed:
        last = f" The last failure: {answer['error']}" if answer["error"] else ""
        if answer["state"] == "open":
            message = f"{self.name} keeps failing, so it is left alone for {_words(answer['wait'])}.{last}"
            return Closed("breaker_open", message, answer["wait"])
        message = f"{self.name} kept failing and is tried with one call now; the others wait for its answer."
        return Closed("probing", message + last, min(max(answer["wait"], 1.0), settings.BREAKER_SECONDS))

    def _pause_words(self, sentence: str) -> str:
        return f"{self.name} asked for a pause, which holds for all calls. {sentence}".strip()

    def _shut(self, closed: Closed) -> None:
        self.closed, self.closed_until = closed, time.monotonic() + closed.after_s

    def _alone(self) -> None:
        """Without Redis: this process's fixed share, and nothing that others found out."""
        self.allow = self.share = max(self.limit // settings.WORKERS, 1)
        self.good_until = math.inf
        self.may_probe = self.tight = False
        if self.closed is not None and self.closed.code != "rate_limited":
            self.closed = None
        self._hand_out()

    async def close(self) -> None:
        self._closing = True
        self._kick.set()
        if self._keeper is not None:
            await self._keeper


def _words(seconds: float) -> str:
    return f"{max(round(seconds), 1)} s"
