"""The only place of this room that turns an id from outside into an object.

Each function raises Http404 when the object is not in the member's workspace, so that nobody can tell
"not yours" from "not there", and PermissionDenied when the member lacks the role.
"""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404

from agents.models import Agent, AgentVersion, Endpoint, EndpointModel, Note, Team, TeamVersion, Tool
from studio.workspaces.access import Member, Role

M = TypeVar("M", bound=Model)


def _one(found: QuerySet[M], member: Member, need: Role, **by: object) -> M:
    row = found.filter(**by).first()
    if row is None:
        raise Http404(f"No such {found.model._meta.verbose_name}.")
    member.require(need)
    return row


def _uuid(value: UUID | str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        raise Http404("No such object.") from None


def get_team(member: Member, team_id: UUID | str, need: Role = Role.VIEWER) -> Team:
    """A team that is not archived."""
    teams = Team.objects.select_related("current", "draft_saved_by").filter(archived_at=None)
    return _one(teams, member, need, workspace=member.workspace, pk=_uuid(team_id))


def get_team_version(member: Member, team_id: UUID | str, number: int) -> TeamVersion:
    versions = TeamVersion.objects.published().select_related("team", "published_by")
    found = versions.filter(team__workspace=member.workspace, team__archived_at=None)
    return _one(found, member, Role.VIEWER, team=_uuid(team_id), number=number)


def get_agent(member: Member, agent_id: UUID | str, need: Role = Role.VIEWER) -> Agent:
    """An agent that is not archived."""
    agents = Agent.objects.select_related("current").filter(archived_at=None)
    return _one(agents, member, need, workspace=member.workspace, pk=_uuid(agent_id))


def get_agent_version(member: Member, agent_id: UUID | str, number: int) -> AgentVersion:
    versions = AgentVersion.objects.select_related("agent", "created_by")
    found = versions.filter(agent__workspace=member.workspace)
    return _one(found, member, Role.VIEWER, agent=_uuid(agent_id), number=number)


def get_tool(member: Member, tool_id: UUID | str, need: Role = Role.VIEWER) -> Tool:
    return _one(Tool.objects.all(), member, need, workspace=member.workspace, pk=_uuid(tool_id))


def get_note(member: Member, note_id: int, need: Role = Role.VIEWER) -> Note:
    return _one(Note.objects.all(), member, need, workspace=member.workspace, pk=note_id)


def get_endpoint(member: Member, endpoint_id: UUID | str, need: Role = Role.VIEWER) -> Endpoint:
    endpoints = Endpoint.objects.prefetch_related("models__prices")
    return _one(endpoints, member, need, workspace=member.workspace, pk=_uuid(endpoint_id))


def get_model(member: Member, model_id: UUID | str, need: Role = Role.VIEWER) -> EndpointModel:
    models = EndpointModel.objects.select_related("endpoint").prefetch_related("prices")
    return _one(models, member, need, endpoint__workspace=member.workspace, pk=_uuid(model_id))
