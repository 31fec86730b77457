"""The sweeper: every few seconds it offers runs that should go on to the workers, whatever was lost."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from runs.tasks import advance

WAKE = """
UPDATE runs_run SET runnable = true
WHERE NOT runnable AND ended_at IS NULL
    AND id IN (SELECT run_id FROM runs_timer WHERE open AND due_at <= now())
"""
OFFER = """
SELECT id FROM runs_run
WHERE runnable AND (lease_until IS NULL OR lease_until < now())
ORDER BY created_at LIMIT %s
"""
LIMIT = 2_000


def sweep() -> list[UUID]:
    """Wake runs with a due timer; offer every runnable run that nobody owns. Returns those offered."""
    with connection.cursor() as cursor:
        cursor.execute(WAKE)
        cursor.execute(OFFER, [LIMIT])
        runs = [row[0] for row in cursor.fetchall()]
    for run in runs:
        advance.delay(str(run))
    return runs
