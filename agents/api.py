"""The design-time part of the JSON API: teams and their files, agents, models."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router, Schema, Status
from pydantic import Field

from agents import access, endpoint_state, queries
from agents.actions.endpoints import close_breaker as do_close
from agents.actions.imports import import_team as do_import
from agents.actions.outcome import Conflict, Refused
from agents.actions.teams import publish as publish_draft
from agents.endpoint_state import EndpointState
from agents.formats.reading import decode
from agents.formats.registry import FORMATS, format_of
from agents.formats.team_file import json_schema, parse_reading, write
from agents.models import Endpoint, EndpointModel, Team, TeamVersion
from agents.prices import Price
from agents.publishing import draft_as_file, problems_of
from studio.api import Answer, ApiError, ErrorOut, ProblemOut, caller
from studio.workspaces.access import Role

router = Router()
FAILS: dict[int, type[Schema]] = dict.fromkeys((401, 403, 404), ErrorOut)
REFUSES = FAILS | {409: ErrorOut, 413: ErrorOut, 422: ErrorOut}

ERRORS: dict[type[Exception], Answer] = {
    Refused: lambda error: ApiError(
        422, "refused", "Nothing was saved.", [one.as_dict() for one in error.problems]
    ),
    Conflict: lambda error: ApiError(409, "conflict", str(error)),
}


# ── what is answered ────────────────────────────────────────────────────────────────────────────────
class VersionOut(Schema):
    number: int
    digest: str
    note: str
    published_at: datetime


class TeamOut(Schema):
    id: UUID
    name: str
    description: str
    pattern: str
    draft_revision: int
    draft_saved_at: datetime
    current: VersionOut | None  # what a run is started from; null until the team is published


class TeamsOut(Schema):
    items: list[TeamOut]
    total: int


class TeamDetailOut(TeamOut):
    input_schema: dict[str, Any] | None  # what a run of the current version must be given
    problems: list[ProblemOut]  # of the draft


class ImportOut(Schema):
    team: TeamOut
    agents: dict[str, str]  # key in the file → key here
    tools: dict[str, str]
    reused: list[str]
    problems: list[ProblemOut]


class AgentOut(Schema):
    id: UUID
    key: str
    name: str
    version: int
    spec: dict[str, Any]


class AgentsOut(Schema):
    items: list[AgentOut]


class PriceOut(Schema):
    """US dollars for a million tokens, as decimal text."""

    input: str
    cached: str
    output: str
    source: str

    @staticmethod
    def of(price: Price | None) -> PriceOut | None:
        if price is None:
            return None
        return PriceOut(
            input=f"{price.input:f}",
            cached=f"{price.cached:f}",
            output=f"{price.output:f}",
            source=price.source,
        )


class EndpointOut(Schema):
    id: UUID
    name: str
    kind: str
    breaker: Literal["closed", "open", "probing", "due"]  # due: the next call tries
    paused: bool  # it asked for a pause, by Retry-After
    until: datetime | None  # of the breaker or the pause
    error: str  # why
    in_flight: int
    waiting: int


class EndpointsOut(Schema):
    items: list[EndpointOut]


class ModelOut(Schema):
    endpoint: str
    model: str
    kind: str
    capabilities: dict[str, Any]
    context_window: int | None
    simulated: bool
    price: PriceOut | None  # null: unknown


class ModelsOut(Schema):
    items: list[ModelOut]


# ── teams ───────────────────────────────────────────────────────────────────────────────────────────
@router.get("/teams", response={200: TeamsOut, **FAILS}, tags=["teams"], url_name="teams")
def list_teams(
    request: HttpRequest,
    limit: Annotated[int, Field(ge=1, le=500)] = 100,
    offset: Annotated[int, Field(ge=0)] = 0,
) -> dict[str, Any]:
    """The teams of the workspace, by name."""
    teams = queries.teams(caller(request).workspace)
    return {"items": list(teams[offset : offset + limit]), "total": teams.count()}


FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            one.media_type: {"schema": {"type": "object", "description": "A troupe.team/v1 document."}}
            for one in FORMATS.values()
        },
    }
}


@router.post(
    "/teams/import",
    response={201: ImportOut, **REFUSES},
    tags=["teams"],
    url_name="team_import",
    openapi_extra=FILE_BODY,
)
def import_team(
    request: HttpRequest,
    name: str = "",
    publish: bool = False,
    draft: bool = False,
) -> Status[dict[str, Any]]:
    """A team out of a team file, which is the body of the request.

    Everything comes in, or nothing does. With `publish=true` the team can be run at once; with `draft=true`
    problems of the graph are reported instead of refused.
    """
    member = caller(request)
    text = decode(request.body)
    reading = format_of("", request.headers.get("Content-Type", ""), text).read(text)
    file = parse_reading(reading)
    with transaction.atomic():
        done = do_import(actor=member, file=file, name=name, reading=reading, as_draft=draft)
        if publish:
            publish_draft(actor=member, team=done.team)
    team = access.get_team(member, done.team.pk)
    problems = [one.as_dict() for one in done.problems]
    return Status(
        201,
        {
            "team": team,
            "agents": done.agents,
            "tools": done.tools,
            "reused": done.reused,
            "problems": problems,
        },
    )


@router.get("/teams/{uuid:team_id}", response={200: TeamDetailOut, **FAILS}, tags=["teams"], url_name="team")
def get_team(request: HttpRequest, team_id: UUID) -> dict[str, Any]:
    """One team, with what its runs must be given and what is wrong with its draft."""
    team = access.get_team(caller(request), team_id)
    shown: dict[str, Any] = TeamOut.from_orm(team).model_dump()
    problems = [one.as_dict() for one in problems_of(team)]
    return shown | {"input_schema": _input_schema(team), "problems": problems}


def _input_schema(team: Team) -> dict[str, Any] | None:
    nodes = team.current.parsed().graph.nodes if team.current else []
    schema = next((node.config.get("schema") for node in nodes if node.kind == "input"), None)
    return schema if isinstance(schema, dict) else None


@router.post(
    "/teams/{uuid:team_id}/publish",
    response={201: VersionOut, **REFUSES},
    tags=["teams"],
    url_name="team_publish",
)
def publish_team(request: HttpRequest, team_id: UUID, note: str = "") -> Status[TeamVersion]:
    """The draft as a new version; an unchanged one answers with the current version."""
    member = caller(request)
    team = access.get_team(member, team_id, Role.DESIGNER)
    return Status(201, publish_draft(actor=member, team=team, note=note))


@router.get("/teams/{uuid:team_id}/export", response=FAILS, tags=["teams"], url_name="team_export")
def export_team(
    request: HttpRequest,
    team_id: UUID,
    format: Literal["yaml", "json"] = "yaml",
    version: Annotated[int | None, Field(ge=1)] = None,
    draft: bool = False,
) -> HttpResponse:
    """The team file of the current version, else of the draft; without secrets."""
    member = caller(request)
    team = access.get_team(member, team_id)
    if version is not None:
        file = access.get_team_version(member, team_id, version).parsed().as_file()
    elif draft or team.current is None:
        file = draft_as_file(team)
    else:
        file = team.current.parsed().as_file()
    one = FORMATS[format]
    return HttpResponse(write(file, format), content_type=f"{one.media_type}; charset=utf-8")


@router.get("/team-file.schema.json", auth=None, tags=["teams"], url_name="team_file_schema")
def team_file_schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of the team file, for editors."""
    return JsonResponse(json_schema())


# ── agents and models ───────────────────────────────────────────────────────────────────────────────
@router.get("/agents", response={200: AgentsOut, **FAILS}, tags=["agents"], url_name="agents")
def list_agents(request: HttpRequest) -> dict[str, Any]:
    """The agents of the workspace, each in its newest version."""
    rows = queries.agents(caller(request).workspace)
    items = [
        {
            "id": row.pk,
            "key": row.key,
            "name": row.name,
            "version": row.current.number,
            "spec": row.current.spec,
        }
        for row in rows
        if row.current is not None
    ]
    return {"items": items}


@router.get("/models", response={200: ModelsOut, **FAILS}, tags=["models"], url_name="models")
def list_models(request: HttpRequest) -> dict[str, Any]:
    """The models of the workspace, with what they can do and cost now."""
    endpoints = queries.endpoints(caller(request).workspace)
    return {"items": [_model(model) for endpoint in endpoints for model in endpoint.models.all()]}


@router.get("/endpoints", response={200: EndpointsOut, **FAILS}, tags=["models"], url_name="endpoints")
def list_endpoints(request: HttpRequest) -> dict[str, Any]:
    """The endpoints of the workspace, and whether workers call them now."""
    rows = list(queries.endpoints(caller(request).workspace))
    states = endpoint_state.read(row.pk for row in rows)
    return {"items": [_endpoint(row, states.get(row.pk, EndpointState())) for row in rows]}


@router.post(
    "/endpoints/{uuid:endpoint_id}/close-breaker",
    response={200: EndpointOut, **REFUSES},
    tags=["models"],
    url_name="close_breaker",
)
def close_breaker(request: HttpRequest, endpoint_id: UUID) -> dict[str, Any]:
    """Let calls go out again to an endpoint that was left alone; 422 where its breaker is not open."""
    member = caller(request)
    row = access.get_endpoint(member, endpoint_id, Role.OPERATOR)
    do_close(actor=member, endpoint=row)
    return _endpoint(row, endpoint_state.read([row.pk]).get(row.pk, EndpointState()))


def _endpoint(row: Endpoint, state: EndpointState) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "breaker": state.breaker or "closed",
        "paused": state.paused,
        "until": state.until,
        "error": state.error,
        "in_flight": state.in_flight,
        "waiting": state.waiting,
    }


def _model(model: EndpointModel) -> dict[str, Any]:
    endpoint = model.endpoint
    return {
        "endpoint": endpoint.name,
        "model": model.name,
        "kind": endpoint.kind,
        "capabilities": endpoint.capabilities | model.capabilities,
        "context_window": model.context_window,
        "simulated": endpoint.is_simulated,
        "price": PriceOut.of(queries.price_of(model)),
    }
