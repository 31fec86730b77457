"""Calls of the API as a line for a shell, to be copied from a page."""

from __future__ import annotations

import json
import shlex
from typing import Any

from django.conf import settings
from django.urls import reverse

from agents.models import Team
from agents.topology.graph import RunLimits


def start_run(team: Team, value: dict[str, Any], mode: str, limits: RunLimits) -> str:
    """What starts this run; the token comes from the shell's environment."""
    body: dict[str, Any] = {"input": value}
    if mode != "live":
        body["mode"] = mode
    body["limits"] = limits.model_dump(mode="json")
    address = settings.PUBLIC_URL + reverse("api:start_run", args=[team.pk])
    lines = [
        f"curl -X POST {shlex.quote(address)}",
        '-H "Authorization: Bearer $TROUPE_TOKEN"',
        "-H 'Content-Type: application/json'",
        '-H "Idempotency-Key: $(uuidgen)"',
        f"-d {shlex.quote(json.dumps(body, ensure_ascii=False, indent=2))}",
    ]
    return " \\\n  ".join(lines)
