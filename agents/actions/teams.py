"""Teams: one draft that everybody edits, and published versions that never change."""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from agents import queries
from agents.actions.outcome import Conflict, Problem, Refused
from agents.actions.turns import take_turn
from agents.models import Team, TeamVersion
from agents.publishing import pin
from agents.topology.canonical import canonical, digest
from agents.topology.graph import Graph, Node, Position, TeamFile, dump
from agents.topology.problems import from_validation_error
from studio import audit
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Workspace

MAX_BYTES = 2_000_000
SAME_SITTING = timedelta(minutes=10)  # autosaves of one person within it leave one audit entry


def blank_graph() -> Graph:
    """Where every team begins: a way in and a way out."""
    return Graph(
        nodes=[
            Node(id="input", kind="input", name="Input", position=Position(x=48, y=192)),
            Node(id="output", kind="output", name="Output", position=Position(x=768, y=192)),
        ]
    )


@transaction.atomic
def create_team(
    *, actor: Member, name: str, description: str = "", graph: Graph | None = None, pattern: str = ""
) -> Team:
    """A team with a draft; without `graph`, an empty one."""
    actor.require(Role.DESIGNER)
    drawn = graph or blank_graph()
    team = Team(workspace=actor.workspace, pattern=pattern, draft_saved_by=actor.user)
    _name(team, name, description)
    team.draft = _storable(drawn)
    team.save()
    audit.record(actor, "team.created", team, pattern=pattern)
    return team


@transaction.atomic
def save_draft(*, actor: Member, team: Team, graph: Graph, revision: int) -> Team:
    """The team with its new revision. Problems in the graph do not keep a draft from being saved.

    Raises Conflict when the draft is no longer at `revision`.
    """
    actor.require(Role.DESIGNER)
    row = _locked(team)
    _refuse_conflict(row, revision)
    draft = _storable(graph)
    if json.dumps(draft) == json.dumps(row.draft):  # the order of a schema's fields is part of it
        return row
    now = timezone.now()
    sitting = row.draft_saved_by_id == actor.user.pk and now - row.draft_saved_at < SAME_SITTING
    row.draft, row.draft_revision = draft, row.draft_revision + 1
    row.draft_saved_at, row.draft_saved_by = now, actor.user
    row.save()
    if not sitting:
        audit.record(actor, "team.draft_saved", row, revision=row.draft_revision)
    return row


@transaction.atomic
def publish(*, actor: Member, team: Team, note: str = "", revision: int | None = None) -> TeamVersion:
    """The draft as a new version with everything it refers to pinned inside.

    An unchanged draft gives the current version again. Raises Refused with every problem, and Conflict
    when the draft is no longer at `revision`.
    """
    actor.require(Role.DESIGNER)
    take_turn(actor.workspace)
    row = _locked(team)
    if revision is not None:
        _refuse_conflict(row, revision)
    pinned = pin(row)
    fingerprint = digest(pinned)
    current = row.versions.published().order_by("-number").first()
    if current is not None and current.digest == fingerprint:
        return current
    version = TeamVersion.objects.create(
        team=row,
        number=(current.number if current else 0) + 1,
        content=dump(pinned),
        digest=fingerprint,
        note=note.strip().replace("\x00", "")[:200],
        published_by=actor.user,
    )
    row.current = version
    row.save()
    audit.record(actor, "team.published", row, version=version.number, digest=fingerprint)
    return version


@transaction.atomic
def rename_team(*, actor: Member, team: Team, name: str, description: str | None = None) -> Team:
    actor.require(Role.DESIGNER)
    row = _locked(team)
    before = row.name
    _name(row, name, row.description if description is None else description)
    row.save()
    audit.record(actor, "team.renamed", row, before=before)
    return row


@transaction.atomic
def duplicate_team(*, actor: Member, team: Team, name: str = "") -> Team:
    """A new team with the same draft and no versions."""
    copy = create_team(
        actor=actor,
        name=free_name(actor.workspace, name.strip() or f"{team.name} copy"),
        description=team.description,
        graph=team.parsed_draft(),
        pattern=team.pattern,
    )
    audit.record(actor, "team.duplicated", copy, of=str(team.pk))
    return copy


@transaction.atomic
def archive_team(*, actor: Member, team: Team) -> None:
    """Out of every list; its versions stay, for the runs they belong to."""
    actor.require(Role.DESIGNER)
    Team.objects.filter(pk=team.pk, archived_at=None).update(archived_at=timezone.now())
    audit.record(actor, "team.archived", team)


def free_name(workspace: Workspace, name: str) -> str:
    """`name`, or the first of `name 2`, `name 3` … that no team of the workspace has."""
    taken = set(queries.teams(workspace).values_list("name", flat=True))
    if name[:80] not in taken:
        return name[:80]
    return next(other for n in range(2, 100_000) if (other := f"{name[: 79 - len(str(n))]} {n}") not in taken)


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────
def _locked(team: Team) -> Team:
    rows = Team.objects.select_for_update(of=("self",)).select_related("workspace", "draft_saved_by")
    return rows.get(pk=team.pk)


def _refuse_conflict(row: Team, revision: int) -> None:
    if row.draft_revision != revision:
        who = str(row.draft_saved_by or "Somebody")
        raise Conflict(what=row.name, who=who, when=row.draft_saved_at, revision=row.draft_revision)


def _name(team: Team, name: str, description: str) -> None:
    """Checks both as the team file does, so that every team can be exported."""
    try:
        checked = TeamFile(name=name, description=description, graph=Graph())
    except ValidationError as error:
        raise Refused(from_validation_error(error)) from error
    team.name, team.description = checked.name, checked.description


def _storable(graph: Graph) -> dict[str, object]:
    draft = dump(graph)
    size = len(canonical(draft))
    if size > MAX_BYTES:
        message = f"The team is {size / 1e6:.1f} MB large; at most {MAX_BYTES / 1e6:.0f} MB can be stored."
        raise Refused([Problem("graph.large", message, "Shorten its texts, or split it.")])
    return draft
