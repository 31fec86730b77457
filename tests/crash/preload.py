"""Loaded once by the process that the crash tests fork all others from; a worker then starts in a moment."""

from __future__ import annotations

import gc
from importlib import import_module

from tests.crash import child

for name in (
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.loops",
    "celery.worker.request",
    "celery.worker.strategy",
    "celery.worker.worker",
    "kombu.transport.redis",
    "redis.asyncio",
):
    import_module(name)
child.load()
gc.collect()
gc.freeze()
