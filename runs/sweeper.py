"""The sweeper: every few seconds it offers runs that should go on to the workers, whatever was lost."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection

from runs.budgets.upkeep import keep_up
from runs.children import care
from runs.execute.owners import gone
from runs.tasks import advance

WAKE = """
UPDATE runs_run SET runnable = true
WHERE NOT runnable AND ended_at IS NULL
    AND id IN (SELECT run_id FROM runs_timer WHERE open AND due_at <= now())
"""
OWNERS = "SELECT DISTINCT owner FROM runs_run WHERE runnable AND lease_until > now()"
LET_GO = """
UPDATE runs_run SET owner = '', lease_until = NULL
WHERE runnable AND lease_until > now() AND owner = ANY(%s)
"""
OFFER = """
SELECT id FROM runs_run
WHERE runnable AND (lease_until IS NULL OR lease_until < now())
ORDER BY created_at LIMIT %s
"""
LIMIT = 2_000
PRUNE = (
    "DELETE FROM runs_cachedanswer WHERE at < now() - interval '30 days'"  # the longest a node may ask for
)


def sweep() -> list[UUID]:
    """Wake runs with a due timer; offer the runnable runs that nobody owns; keep budgets true.

    The leases of workers that are known to have ended are not waited for. As long as at least as many
    messages as there are such runs wait for a worker, none is taken for lost: more of them would only keep
    busy workers from what comes after. Returns the runs that were offered.
    """
    with connection.cursor() as cursor:
        cursor.execute(WAKE)
        if ended := gone(owners()):
            cursor.execute(LET_GO, [list(ended)])
        cursor.execute(OFFER, [LIMIT])
        runs = [row[0] for row in cursor.fetchall()]
    if runs and waiting_messages() >= len(runs):
        runs = []
    for run in runs:
        advance.delay(str(run))
    keep_up()
    care()
    return runs


def waiting_messages() -> int:
    """How many are in the queue. Raises RedisError."""
    return int(_client().llen(settings.CELERY_TASK_DEFAULT_QUEUE))


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS, socket_timeout=2)


def owners() -> set[str]:
    """The workers that hold a live lease."""
    with connection.cursor() as cursor:
        cursor.execute(OWNERS)
        return {row[0] for row in cursor.fetchall()}


def prune() -> None:
    """Answers that nobody may use again. Every now and then is often enough."""
    with connection.cursor() as cursor:
        cursor.execute(PRUNE)
