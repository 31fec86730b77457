"""Sweeps for ever: the one process that makes lost messages, dead workers and due timers harmless."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections
from kombu.exceptions import OperationalError

from runs.execute.owners import wait_for_end
from runs.sweeper import owners, prune, sweep
from studio.embedded.processes import SWEEPER_KEY

PRUNE_SECONDS = 3_600

log = logging.getLogger(__name__)


class Command(BaseCommand):
    requires_system_checks = []
    help = "Offers runs that should go on to the workers, every SWEEP_SECONDS."

    def handle(self, *args: Any, **options: Any) -> None:
        stop, (wake, alarm) = threading.Event(), os.pipe()

        def end(*_: Any) -> None:
            stop.set()
            os.write(alarm, b".")

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        workers: set[str] = set()  # those seen; when one of this machine ends, the next sweep comes at once
        pruned = -float(PRUNE_SECONDS)
        client = redis.Redis.from_url(settings.REDIS)
        while not stop.is_set():
            try:
                close_old_connections()
                sweep()
                workers |= owners()
                if time.monotonic() > pruned + PRUNE_SECONDS:
                    prune()
                    pruned = time.monotonic()
                client.set(SWEEPER_KEY, "alive", px=int(settings.SWEEP_SECONDS * 5_000))
            except (Error, redis.RedisError, OperationalError, OSError) as error:
                log.warning("This sweep failed and is repeated: %s", error)
            workers -= wait_for_end(workers, settings.SWEEP_SECONDS, wake)
