"""The versions of an agent: who changed what, compared field by field."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agents.access import get_agent, get_agent_version
from agents.models import Agent, AgentVersion
from agents.spec_diff import changes
from agents.views.answers import by_htmx, enter, page_of
from studio.workspaces.access import Member

PAGE = 30
STRIP = 6  # versions in the editor


@dataclass(frozen=True)
class VersionRow:
    version: AgentVersion
    changed: list[str]  # labels of the fields that differ from the one before


def rows_of(versions: list[AgentVersion]) -> list[VersionRow]:
    """All but the last, which is only compared with; the first version of an agent changed nothing."""
    found = [
        VersionRow(new, [change.label for change in changes(old.parsed(), new.parsed())])
        for new, old in pairwise(versions)
    ]
    return [*found, VersionRow(versions[-1], [])] if versions and versions[-1].number == 1 else found


def strip(agent: Agent) -> list[VersionRow]:
    """The newest versions, for the editor."""
    return rows_of(list(agent.versions.select_related("created_by")[: STRIP + 1]))[:STRIP]


@login_required
@require_GET
def agent_versions(request: HttpRequest, slug: str, agent_id: UUID) -> HttpResponse:
    """`?a=2&b=5` compares two versions; without, the newest with the one before it."""
    member = enter(request, slug)
    row = get_agent(member, agent_id)
    new = _chosen(request, member, row, "b", row.current.number if row.current else 1)
    old = _chosen(request, member, row, "a", max(new.number - 1, 1))
    page = page_of(row.versions.select_related("created_by"), request, PAGE)
    listed = list(page.object_list)
    before = row.versions.filter(number=listed[-1].number - 1).first() if listed else None
    context = {
        "agent": row,
        "old": old,
        "new": new,
        "changes": changes(old.parsed(), new.parsed()),
        "page": page,
        "rows": rows_of([*listed, before] if before else listed),
        "numbers": row.versions.values_list("number", flat=True),
    }
    template = "agents/_agent_versions.html" if by_htmx(request) else "agents/agent_versions.html"
    return render(request, template, context)


def _chosen(request: HttpRequest, member: Member, agent: Agent, name: str, default: int) -> AgentVersion:
    number = request.GET.get(name) or str(default)
    if not number.isdecimal() or len(number) > 9:
        raise Http404("There is no such version.")
    return get_agent_version(member, agent.pk, int(number))
