"""The Celery application: its messages are hints that a run can go on; the truth is in PostgreSQL."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

app = Celery("troupe")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # so that `shared_task` sends through it in every process
app.autodiscover_tasks()
