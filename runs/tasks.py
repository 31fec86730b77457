"""Celery tasks: an id in, one call, nothing else. A lost or doubled message changes nothing.

`host` is imported where it is used: the web server and the sweeper only send tasks, and it brings the whole
model client along, a second and 50 MB.
"""

from __future__ import annotations

import gc
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_init, worker_shutting_down


@shared_task  # type: ignore[untyped-decorator]
def advance(run: str) -> None:
    from runs.execute import host

    host.host().submit(UUID(run))


@worker_init.connect  # type: ignore[untyped-decorator]
def start_host(**_: Any) -> None:
    from runs.execute import host

    host.host()
    # What is loaded by now stays: the collector need not look through 200 MB of it for ever.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def stop_host(**_: Any) -> None:
    """Celery cannot stop threads softly, so runs are parked here, at the boundaries of calls."""
    from runs.execute import host

    host.shut_down()
