"""The doorbell: after a commit, tells whoever watches that a run has moved on. Only ever a hint.

`troupe:bell` carries lists of {run, workspace, seq, status, approvals}; `troupe:text:<run>` carries token
deltas, and the hash of the same name the text so far, for those who join late. Both are coalesced.
"""

from __future__ import annotations

import asyncio
import json
import logging
from functools import lru_cache
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from runs.execute import failpoints

BELL = "troupe:bell"
TEXT = "troupe:text:"
TEXT_LIFETIME_S = 900

log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS, socket_timeout=2, retry=Retry(NoBackoff(), 1))


def _bell(run: UUID, workspace: UUID, seq: int, status: str, approvals: bool) -> dict[str, Any]:
    return {
        "run": str(run),
        "workspace": str(workspace),
        "seq": seq,
        "status": status,
        "approvals": approvals,
    }


def ring_on_commit(run: UUID, workspace: UUID, seq: int, status: str, *, approvals: bool = False) -> None:
    """For web requests. A lost ring costs a moment, so an unreachable Redis is not the caller's problem."""

    def ring() -> None:
        failpoints.hit("before publish", run)
        try:
            _client().publish(BELL, json.dumps([_bell(run, workspace, seq, status, approvals)]))
        except redis.RedisError as error:
            log.warning("The live signal of run %s was lost: %s", run, error)

    transaction.on_commit(ring)


class Ringer:
    """For the workers' loop: collects what changed and sends it at most every DOORBELL_SECONDS."""

    def __init__(self) -> None:
        self.redis: Any = redis.asyncio.Redis.from_url(settings.REDIS, socket_timeout=2)
        self._bells: dict[UUID, tuple[UUID, int, str, bool]] = {}
        self._texts: dict[tuple[UUID, str, int], list[str]] = {}
        self._lengths: dict[tuple[UUID, str, int], int] = {}
        self._flush: asyncio.Task[None] | None = None

    def ring(self, run: UUID, workspace: UUID, seq: int, status: str, approvals: bool) -> None:
        before = self._bells.get(run)
        self._bells[run] = (workspace, seq, status, approvals or bool(before and before[3]))
        self._soon()

    def text(self, run: UUID, call: str, attempt: int, delta: str) -> None:
        self._texts.setdefault((run, call, attempt), []).append(delta)
        self._soon()

    def forget(self, run: UUID, call: str, attempt: int) -> None:
        """The call is settled: what it said stands in the log now."""
        self._texts.pop((run, call, attempt), None)
        self._lengths.pop((run, call, attempt), None)

    def _soon(self) -> None:
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._send())

    async def _send(self) -> None:
        """Until nothing is left: what comes while a batch is under way starts no sender of its own."""
        while self._bells or self._texts:
            await asyncio.sleep(settings.DOORBELL_SECONDS)
            await self._send_batch()

    async def _send_batch(self) -> None:
        bells, self._bells = self._bells, {}
        texts, self._texts = self._texts, {}
        pipe = self.redis.pipeline(transaction=False)
        for run in bells:
            failpoints.hit("before publish", run)
        if bells:  # in one message, for every worker and web process hears it
            pipe.publish(BELL, json.dumps([_bell(run, *bell) for run, bell in bells.items()]))
        for (run, call, attempt), parts in texts.items():
            self._add_text(pipe, run, call, attempt, "".join(parts))
        try:
            await pipe.execute()
        except (redis.RedisError, OSError) as error:
            log.warning("%s live signals were lost: %s", len(bells) + len(texts), error)

    def _add_text(self, pipe: Any, run: UUID, call: str, attempt: int, text: str) -> None:
        key = (run, call, attempt)
        offset = self._lengths.get(key, 0)
        self._lengths[key] = offset + len(text)
        name = f"{TEXT}{run}"
        frame = {"call": call, "attempt": attempt, "offset": offset, "text": text}
        pipe.eval(APPEND, 1, name, f"{call}#{attempt}", text, TEXT_LIFETIME_S)
        pipe.publish(name, json.dumps(frame))

    async def close(self) -> None:
        if self._flush is not None and not self._flush.done():
            await self._flush
        await self.redis.aclose()


APPEND = """
redis.call('HSET', KEYS[1], ARGV[1], (redis.call('HGET', KEYS[1], ARGV[1]) or '') .. ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""
