"""Renews the leases of this process, on a thread and a connection of its own.

A slow rule or a full loop must not cost hundreds of runs their lease; a renewal that comes too late
must. Each renewal brings back the `seq` of every run, so a lost doorbell is noticed too.
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
UPDATE runs_run SET lease_until = now() + make_interval(secs => %(lease)s)
WHERE owner = %(owner)s AND id = ANY(%(runs)s) RETURNING id, seq
"""
log = logging.getLogger(__name__)


class Heartbeat:
    def __init__(
        self,
        owner: str,
        owned: Callable[[], list[UUID]],
        on_beat: Callable[[list[UUID], dict[UUID, int]], None],
    ) -> None:
        self.owner = owner
        self.owned = owned
        self.on_beat = on_beat
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
        for run in runs:
            failpoints.hit("during renew", run)
        if began > self.good_until:
            log.warning("A renewal came %.1f s late: all runs are let go", began - self.good_until)
            self.on_beat(runs, {})
        else:
            self.on_beat(runs, dict(rows))
        self.good_until = began + settings.LEASE_SECONDS
