"""Teams that really run: a workspace with a rehearsal endpoint, and published versions of given graphs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from agents.models import Endpoint, EndpointModel, ModelPrice, Team, TeamVersion
from agents.topology.canonical import digest
from agents.topology.graph import PinnedTeam, dump
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Membership, User, Workspace


def owner(name: str = "owner") -> Member:
    """A workspace with its owner and nothing in it."""
    user = User.objects.create_user(f"{name}@example.org", name=name.title())
    workspace = Workspace.objects.create(name=name.title(), slug=name)
    Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    return Member(user, workspace, Role.OWNER)


def endpoint(
    member: Member, base_url: str, *, name: str = "local", model: str = "rehearsal", **fields: Any
) -> Endpoint:
    """An endpoint with one model at 1 dollar a million input tokens and 2 a million output tokens."""
    made = Endpoint.objects.create(
        workspace=member.workspace,
        name=name,
        base_url=base_url,
        capabilities={"tools": True, "json_schema": True},
    )
    Endpoint.objects.filter(pk=made.pk).update(**fields)
    served = EndpointModel.objects.create(endpoint=made, name=model)
    ModelPrice.objects.create(
        model=served,
        input_per_million=Decimal(1),
        cached_per_million=Decimal("0.1"),
        output_per_million=Decimal(2),
        valid_from=timezone.now(),
        source="test price",
    )
    return made


def published(member: Member, pinned: PinnedTeam) -> Team:
    team = Team.objects.create(workspace=member.workspace, name=pinned.name, draft=dump(pinned.graph))
    content = dump(pinned)
    version = TeamVersion.objects.create(team=team, number=1, content=content, digest=digest(pinned))
    Team.objects.filter(pk=team.pk).update(current=version)
    team.refresh_from_db()
    return team
