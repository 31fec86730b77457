"""Sweeps for ever: the one process that makes lost messages, dead workers and due timers harmless."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections
from kombu.exceptions import OperationalError

from runs.sweeper import sweep
from studio.embedded.processes import SWEEPER_KEY

log = logging.getLogger(__name__)


class Command(BaseCommand):
    requires_system_checks = []
    help = "Offers runs that should go on to the workers, every SWEEP_SECONDS."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        client = redis.Redis.from_url(settings.REDIS)
        while not stop.is_set():
            try:
                close_old_connections()
                sweep()
                client.set(SWEEPER_KEY, "alive", px=int(settings.SWEEP_SECONDS * 5_000))
            except (Error, redis.RedisError, OperationalError, OSError) as error:
                log.warning("This sweep failed and is repeated: %s", error)
            stop.wait(settings.SWEEP_SECONDS)
