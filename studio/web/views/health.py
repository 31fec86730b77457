"""Whether this process lives, and whether what it stands on answers; for load balancers and monitors."""

from __future__ import annotations

import logging

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PATIENCE_S = 2
log = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """503 names the part that does not answer; why is in the log, not for everybody to read."""
    checks = {"database": _database(), "redis": _redis()}
    ready = all(checks.values())
    words = {name: "ok" if answers else "does not answer" for name, answers in checks.items()}
    body = {"status": "ready" if ready else "not ready", "checks": words}
    return JsonResponse(body, status=200 if ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        log.exception("The database does not answer.")
        return False
    return True


def _redis() -> bool:
    try:
        with redis.Redis.from_url(
            settings.REDIS, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        log.exception("Redis does not answer.")
        return False
