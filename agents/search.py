"""What the palette finds in this room: teams, agents, tools and model endpoints by name."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q

from agents import queries
from agents.models import Endpoint
from studio.web.navigation import href
from studio.web.search import Hit
from studio.workspaces.access import Member, Role

MOST = 5  # of each sort


def search(member: Member, text: str) -> Iterator[Hit]:
    yield from _teams(member, text)
    yield from _agents(member, text)
    yield from _tools(member, text)
    yield from _endpoints(member, text)


def _teams(member: Member, text: str) -> Iterator[Hit]:
    """Each with a way to launch it, for those who may."""
    slug = member.workspace.slug
    found = queries.teams(member.workspace).filter(
        Q(name__icontains=text) | Q(description__icontains=text) | Q(pattern__icontains=text)
    )
    listed = list(found.defer("draft", "current__content")[:MOST])
    for team in listed:
        version = f"v{team.current.number}" if team.current else "draft"
        yield Hit("Teams", team.name, href("team_canvas", slug, team.pk), "workflow", version)
    if member.may(Role.OPERATOR):
        for team in listed[:3]:
            if team.current and (url := href("launch", slug, team.pk)):
                yield Hit("Launch", f"Launch {team.name}", url, "play")


def _agents(member: Member, text: str) -> Iterator[Hit]:
    slug = member.workspace.slug
    wanted = Q(name__icontains=text) | Q(key__icontains=text) | Q(current__spec__role__icontains=text)
    for agent in queries.agents(member.workspace).filter(wanted)[:MOST]:
        if url := href("agent", slug, agent.pk):
            yield Hit("Agents", agent.name, url, "bot", queries.spec_of(agent).role[:60])


def _tools(member: Member, text: str) -> Iterator[Hit]:
    for tool in queries.tools(member.workspace).filter(name__icontains=text)[:MOST]:
        if url := href("tool", member.workspace.slug, tool.pk):
            yield Hit("Tools", tool.name, url, "wrench")


def _endpoints(member: Member, text: str) -> Iterator[Hit]:
    """By their own name or a model's."""
    wanted = Q(name__icontains=text) | Q(models__name__icontains=text)
    found = Endpoint.objects.filter(wanted, workspace=member.workspace).distinct().order_by("name")
    for endpoint in found[:MOST]:
        if url := href("endpoint", member.workspace.slug, endpoint.pk):
            yield Hit("Models", endpoint.name, url, "cpu", endpoint.get_kind_display())
