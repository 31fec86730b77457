"""What the palette finds in this room: runs by id, team or error, and decisions that wait."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q

from runs import queries
from runs.approvals import inbox
from studio.web.navigation import href
from studio.web.search import Hit
from studio.workspaces.access import Member

MOST = 5  # of each sort


def search(member: Member, text: str) -> Iterator[Hit]:
    yield from runs(member, text)
    yield from approvals(member, text)


def runs(member: Member, text: str) -> Iterator[Hit]:
    """The newest."""
    found = queries.by_text(queries.runs_of(member.workspace.pk), text).order_by("-created_at")
    for run in found[:MOST]:
        url = href("run", member.workspace.slug, run.pk)
        title = f"{run.team_version.team.name} {run.short_id}"
        yield Hit("Runs", title, url, "play", run.get_status_display())


def approvals(member: Member, text: str) -> Iterator[Hit]:
    """Those that wait, the soonest deadline first."""
    wanted = Q(title__icontains=text) | Q(run__team_version__team__name__icontains=text)
    for one in inbox.pending(member).filter(wanted)[:MOST]:
        url = href("approval", member.workspace.slug, one.id)
        yield Hit("Approvals", one.title, url, "stamp", one.run.team_version.team.name)
