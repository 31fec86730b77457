"""How the pages of this room let a member in."""

from __future__ import annotations

from django.http import HttpRequest

from studio.workspaces import access
from studio.workspaces.access import Member, Role


def enter(request: HttpRequest, slug: str, need: Role = Role.VIEWER) -> Member:
    """The member, also left on the request so that the frame need not look it up again."""
    member = access.enter(request.user, slug, need)
    request.member = member  # type: ignore[attr-defined]
    return member
