"""The Celery application: its messages are hints that a run can go on; the truth is in PostgreSQL.

Celery's own Django support is left out: it imports every view into each worker and opens connections
that tasks do not use. What a worker needs of Django is `setup`, before its tasks are imported.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import import_modules, setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

app = Celery("troupe", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # so that `shared_task` sends through it in every process


@import_modules.connect(sender=app, weak=False)  # type: ignore[untyped-decorator]
def set_up_django(**_: Any) -> None:
    import django

    django.setup()


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
def leave_logging_to_django(**_: Any) -> None:
    """Celery would set the root logger to its own level: every library's chatter, twice a statement."""
