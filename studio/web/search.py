"""Find anything: the palette's results, asked of every room through SEARCH_SOURCES."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string

from studio.web.navigation import ENTRIES, href
from studio.workspaces.access import Member, enter
from studio.workspaces.roles import Role

LONGEST_QUERY = 200


@dataclass(frozen=True)
class Hit:
    """One result: `group` is its heading ("Teams"), `meta` a few words or the keys that lead there."""

    group: str
    title: str
    href: str
    icon: str
    meta: str = ""
    is_keys: bool = False


@dataclass(frozen=True)
class Action:
    """Something to start from the palette, for those who may."""

    name: str
    title: str
    icon: str
    need: Role = Role.VIEWER


ACTIONS = (
    Action("team_new", "New team", "plus", Role.DESIGNER),
    Action("team_import", "Import a team from a file", "file-up", Role.DESIGNER),
    Action("agent_new", "New agent", "plus", Role.DESIGNER),
    Action("tool_new", "New tool", "plus", Role.DESIGNER),
    Action("endpoint_new", "New model endpoint", "plus", Role.ADMIN),
    Action("members", "Invite someone", "user-plus", Role.ADMIN),
    Action("settings", "Settings: the workspace", "building-2"),
    Action("members", "Settings: members and roles", "users"),
    Action("approver_groups", "Settings: approver groups", "users-round"),
    Action("tokens", "Settings: API tokens", "key-round"),
    Action("audit", "Settings: audit trail", "scroll-text", Role.ADMIN),
    Action("profile", "Settings: your profile, password and theme", "user"),
)


def hits(member: Member, text: str) -> Iterator[Hit]:
    """What the rooms know under `text`, then pages and actions whose name contains it."""
    if text:
        for dotted in settings.SEARCH_SOURCES:
            found: Iterable[Hit] = import_string(dotted)(member, text)
            yield from found
    wanted = text.casefold()
    slug = member.workspace.slug
    for entry in ENTRIES:
        if wanted in entry.label.casefold() and (url := href(entry.name, slug)):
            yield Hit("Go to", entry.label, url, entry.icon, f"g {entry.key}", is_keys=True)
    for action in ACTIONS:
        if wanted in action.title.casefold() and member.may(action.need) and (url := href(action.name, slug)):
            yield Hit("Actions", action.title, url, action.icon)


@login_required
def search(request: HttpRequest, slug: str) -> HttpResponse:
    """The palette's list; a plain page for those who come by address."""
    member = enter(request.user, slug)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    groups: dict[str, list[Hit]] = {}
    for hit in hits(member, text):
        groups.setdefault(hit.group, []).append(hit)
    htmx = getattr(request, "htmx", False)
    template = "studio/_palette_hits.html" if htmx else "studio/search.html"
    return render(request, template, {"groups": groups, "text": text})
