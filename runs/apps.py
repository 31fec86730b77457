"""Run time as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class RunsConfig(AppConfig):
    name = "runs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_out

        from agents.topology import registry
        from runs.live.revoke import signed_out

        user_logged_out.connect(signed_out)
        registry.load(settings.NODE_KIND_PACKAGE, settings.NODE_KINDS)
