"""What the tests of pages share: addresses in the world's workspace, and what an answer says."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tests.world import World

HTMX = {"HX-Request": "true"}


def url(world: World, name: str, *args: object) -> str:
    return reverse(name, args=[world.workspace.slug, *args])


def text(response: Any) -> str:
    """The page or fragment, as a test client got it."""
    said: str = response.content.decode()
    return said
