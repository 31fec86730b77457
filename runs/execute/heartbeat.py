"""Renews the leases of this process, on a thread and a connection of its own.

A slow rule or a full loop must not cost hundreds of runs their lease; a renewal that comes too late
must. Each renewal brings back the `seq` of every run, so a lost doorbell is noticed too, and the budgets
there are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings

from runs.execute import failpoints
from runs.execute.store import conninfo

RENEW = """
WITH renewed AS (
    UPDATE runs_run SET lease_until = now() + make_interval(secs => %(lease)s)
    WHERE owner = %(owner)s AND id = ANY(%(runs)s) RETURNING id, seq
)
SELECT id, seq, NULL::json FROM renewed
UNION ALL SELECT NULL, NULL, (
    SELECT json_agg(json_build_array(b.workspace_id, b.id, b.team_id, a.key)) FROM runs_budget b
    LEFT JOIN agents_agent a ON a.id = b.agent_id)
"""
log = logging.getLogger(__name__)


class Heartbeat:
    def __init__(
        self,
        owner: str,
        owned: Callable[[], list[UUID]],
        on_beat: Callable[[list[UUID], dict[UUID, int]], None],
        on_budgets: Callable[[list[Any] | None], None],
    ) -> None:
        self.owner = owner
        self.owned = owned
        self.on_beat = on_beat
        self.on_budgets = on_budgets
        self.good_until = time.monotonic() + settings.LEASE_SECONDS
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _beat(self) -> None:
        connection: psycopg.Connection[Any] | None = None
        while not self._stop.wait(settings.HEARTBEAT_SECONDS):
            try:
                if connection is None or connection.closed:
                    connection = psycopg.connect(conninfo(), autocommit=True, connect_timeout=5)
                self._renew(connection)
            except psycopg.Error as error:
                log.warning("Leases could not be renewed: %s", error)
                connection = None
        if connection is not None:
            connection.close()

    def _renew(self, connection: psycopg.Connection[Any]) -> None:
        """One renewal. What was asked before the statement began counts, so the deadline is never late."""
        began, runs = time.monotonic(), self.owned()
        rows = connection.execute(
            RENEW, {"lease": settings.LEASE_SECONDS, "owner": self.owner, "runs": runs}
        ).fetchall()
        self.on_budgets(rows.pop()[2])
        for run in runs:
            failpoints.hit("during renew", run)
        if began > self.good_until:
            log.warning("A renewal came %.1f s late: all runs are let go", began - self.good_until)
            self.on_beat(runs, {})
        else:
            self.on_beat(runs, {run: seq for run, seq, _ in rows})
        self.good_until = began + settings.LEASE_SECONDS
