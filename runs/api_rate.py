"""How often a member may call the API: a count a minute in Redis, shared by all web processes."""

from __future__ import annotations

import logging
import time
from functools import lru_cache

import redis
from django.conf import settings
from django.http import HttpRequest
from ninja.throttling import BaseThrottle
from redis.backoff import NoBackoff
from redis.retry import Retry

from studio.api import caller

MINUTE_S = 60
log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    at_once = Retry(NoBackoff(), 0)  # a count is not worth waiting for
    return redis.Redis.from_url(settings.REDIS, socket_timeout=1, socket_connect_timeout=1, retry=at_once)


class PerMinute(BaseThrottle):
    """At most `most` requests a minute of one member, of those that share this `name`."""

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.most = most
        self.now = time.time

    def allow_request(self, request: HttpRequest) -> bool:
        """A lost count lets requests through: an unreachable Redis must not close the API."""
        member = caller(request)
        minute = int(self.now() // MINUTE_S)
        key = f"troupe:api:{self.name}:{member.workspace.pk}:{member.user.pk}:{minute}"
        try:
            pipe = _client().pipeline(transaction=False)
            pipe.incr(key)
            pipe.expire(key, 2 * MINUTE_S)
            count = int(pipe.execute()[0])
        except redis.RedisError as error:
            log.warning("API requests are not counted now: %s", error)
            return True
        return count <= self.most

    def wait(self) -> float:
        """Seconds until the next minute."""
        return MINUTE_S - self.now() % MINUTE_S
