"""What base.html needs on every page, computed only when a template asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from studio.web.navigation import Place, places, tabs
from studio.workspaces.access import Member, enter, may_found
from studio.workspaces.models import User, Workspace
from studio.workspaces.roles import Role

THEMES = {"light": "troupe-light", "dark": "troupe-dark"}


class May:
    """The member's rights in templates: `{% if may.designer %}`."""

    def __init__(self, member: Member | None) -> None:
        self._member = member

    def _has(self, role: Role) -> bool:
        return self._member is not None and self._member.may(role)

    @property
    def operator(self) -> bool:
        return self._has(Role.OPERATOR)

    @property
    def designer(self) -> bool:
        return self._has(Role.DESIGNER)

    @property
    def admin(self) -> bool:
        return self._has(Role.ADMIN)

    @property
    def owner(self) -> bool:
        return self._has(Role.OWNER)


def frame(request: HttpRequest) -> dict[str, Any]:
    """`member`, `may`, `workspace`, `workspaces`, `may_found`, `nav`, `tabs`, `theme`, and what is in
    FRAME_CONTEXT.

    A view that has a Member may put it on the request as `member`; otherwise the address's `slug` decides.
    """

    @cache
    def member() -> Member | None:
        return _member(request)

    @cache
    def nav() -> list[Place]:
        entered = member()
        return places(entered.workspace.slug, request.path) if entered else []

    context: dict[str, Any] = {
        "member": SimpleLazyObject(member),
        "may": SimpleLazyObject(lambda: May(member())),
        "workspace": SimpleLazyObject(lambda: entered.workspace if (entered := member()) else None),
        "workspaces": SimpleLazyObject(lambda: _workspaces(request)),
        "may_found": SimpleLazyObject(lambda: may_found(getattr(request, "user", AnonymousUser()))),
        "nav": SimpleLazyObject(nav),
        "tabs": SimpleLazyObject(lambda: tabs(nav())),
        "theme": THEMES.get(request.COOKIES.get("theme", ""), ""),
    }
    for name, dotted in settings.FRAME_CONTEXT.items():
        context[name] = SimpleLazyObject(partial(_extra, dotted, member))
    return context


def _member(request: HttpRequest) -> Member | None:
    if isinstance(known := getattr(request, "member", None), Member):
        return known
    match = request.resolver_match
    slug = match.kwargs.get("slug") if match else None
    user = getattr(request, "user", None)
    if slug is None or user is None:
        return None
    try:
        return enter(user, slug)
    except (Http404, PermissionDenied):
        return None


def _workspaces(request: HttpRequest) -> list[Workspace]:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return []
    return list(Workspace.objects.filter(memberships__user=user).order_by("name"))


def _extra(dotted: str, member: Callable[[], Member | None]) -> Any:
    entered = member()
    return import_string(dotted)(entered) if entered else None
