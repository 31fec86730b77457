"""What the tests of pages share: addresses in the world's workspace, and what an answer says."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from tests.world import World

HTMX = {"HX-Request": "true"}
SCHEMA = {
    "type": "object",
    "properties": {"refund": {"type": "number"}, "why": {"type": "string", "maxLength": 90}},
    "required": ["refund", "why"],
    "additionalProperties": False,
}


def url(world: World, name: str, *args: object) -> str:
    return reverse(name, args=[world.workspace.slug, *args])


def text(response: Any) -> str:
    """The page or fragment, as a test client got it."""
    said: str = response.content.decode()
    return said


def model_id(world: World, name: str = "rehearsal") -> str:
    return str(world.endpoint().models.get(name=name).pk)


def filled(world: World, **more: Any) -> dict[str, Any]:
    """What the editor sends for a new agent."""
    form = {
        "name": "Clerk",
        "role": "clerk",
        "goal": "Answer.",
        "backstory": "",
        "instructions": "First this.\r\nThen that.",
        "model": model_id(world),
        "output": "text",
        "schema": "",
        "temperature": "",
        "max_tokens": "200",
        "timeout_s": "120",
        "retries": "2",
        "max_tool_rounds": "8",
        "corrective_turns": "2",
    }
    return {**form, **more}


def as_shown(client: Client, address: str) -> dict[str, Any]:
    """What a browser would send of the editor as it is shown."""
    form = client.get(address).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in values.items()}
