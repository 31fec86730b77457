"""The state that all processes share about an endpoint, in Redis: where it is kept, and how pages read it.

Written by the workers' gates (`runs.execute.endpoint_gate`). Nothing of it must last: what is not there is an
endpoint that nobody calls and nothing is wrong with.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

CHANNEL = "troupe:gates"
REDIS_S = 0.5
FIELDS = ("until", "since", "error", "probe", "probe_until", "pause_until", "pause")
BREAKER = ("until", "since", "opens", "error", "probe", "probe_until", "streak", "streak_at")

WORDS = {
    "open": ("Left alone", "unplug"),
    "probing": ("Being tried", "plug"),
    "due": ("To be tried", "plug"),
    "pause": ("Pausing", "hourglass"),
    "": ("", ""),
}

log = logging.getLogger(__name__)


def keys(endpoint: UUID) -> list[str]:
    """Breaker and pause; processes and what they hold; requests and tokens by second: in one hash slot."""
    name = f"troupe:gate:{{{endpoint}}}"
    return [name, f"{name}:processes", f"{name}:minute"]


@dataclass(frozen=True)
class EndpointState:
    """What the workers know of an endpoint now."""

    breaker: str = ""  # open, probing, due (the next call tries); empty: closed, all is well
    since: datetime | None = None
    until: datetime | None = None  # of the breaker, or of the pause
    error: str = ""
    paused: bool = False  # it asked for a pause, by Retry-After
    in_flight: int = 0
    waiting: int = 0

    @property
    def word(self) -> str:
        return WORDS[self.breaker or ("pause" if self.paused else "")][0]

    @property
    def icon(self) -> str:
        return WORDS[self.breaker or ("pause" if self.paused else "")][1]


def read(endpoints: Iterable[UUID]) -> dict[UUID, EndpointState]:
    """The state of each endpoint; nothing at all while Redis cannot be reached."""
    wanted = list(endpoints)
    pipe = _client().pipeline(transaction=False)
    pipe.time()
    for endpoint in wanted:
        gate, processes, _ = keys(endpoint)
        pipe.hmget(gate, FIELDS)
        pipe.hvals(processes)
    try:
        (seconds, micros), *found = pipe.execute()
    except redis.RedisError as error:
        log.warning("The state of the endpoints cannot be read: %s", error)
        return {}
    now = seconds + micros / 1e6
    pairs = zip(found[::2], found[1::2], strict=True)
    return {endpoint: _state(now, *pair) for endpoint, pair in zip(wanted, pairs, strict=True)}


def close_breaker(endpoint: UUID) -> bool:
    """Let calls go out again. False: it was not open. Raises RedisError where that cannot be known.

    A call that is out to try whether the endpoint works again decides nothing any more.
    """
    gate, *_ = keys(endpoint)
    pipe = _client().pipeline()  # one transaction
    pipe.hget(gate, "until")
    pipe.hdel(gate, *BREAKER)
    pipe.delete(f"{gate}:tally")
    pipe.publish(CHANNEL, f"{endpoint} hand")
    return pipe.execute()[0] is not None


def _state(now: float, fields: list[bytes | None], rows: list[bytes]) -> EndpointState:
    told: dict[str, Any] = {name: (value or b"").decode() for name, value in zip(FIELDS, fields, strict=True)}
    until, pause = float(told["until"] or 0), float(told["pause_until"] or 0)
    breaker = ""
    if until:
        trying = told["probe"] and float(told["probe_until"] or 0) > now
        breaker = "open" if until > now else "probing" if trying else "due"
    paused = pause > now and not breaker
    processes = [row for row in map(orjson.loads, rows) if row["till"] > now]
    return EndpointState(
        breaker=breaker,
        since=_moment(float(told["since"] or 0)) if breaker else None,
        until=_moment(until if breaker else pause) if breaker or paused else None,
        error=told["error"] if breaker else told["pause"] if paused else "",
        paused=paused,
        in_flight=sum(row["used"] for row in processes),
        waiting=sum(row["waits"] for row in processes),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS,
        socket_timeout=REDIS_S,
        socket_connect_timeout=REDIS_S,
        retry=Retry(NoBackoff(), 0),
    )
