"""Design time as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class AgentsConfig(AppConfig):
    name = "agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agents.toolbox import registry as toolbox

        toolbox.load(settings.TOOL_KINDS)
