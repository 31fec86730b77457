"""Reads of this room that are wider than one model. Nothing here knows of runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from agents import prices
from agents.models import Agent, Endpoint, EndpointModel, ModelPrice, Team, Tool
from agents.prices import Price
from agents.subteams import Subteams
from agents.topology.check import Catalog
from agents.topology.graph import AgentSpec, Graph, ModelRef
from agents.topology.references import agents_of
from studio import secrets
from studio.web.ordering import natural
from studio.workspaces.groups import groups_of, people_of
from studio.workspaces.models import Workspace


# ── models ──────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class ResolvedModel:
    """Everything a call needs to know about a model, at one moment. Never stored: it holds the key."""

    endpoint_id: UUID
    endpoint: str
    kind: str
    base_url: str
    api_key: str = field(repr=False)
    model: str
    capabilities: dict[str, Any]
    concurrency: int
    requests_per_minute: int | None
    tokens_per_minute: int | None
    context_window: int | None
    price: Price | None
    simulated: bool


def resolve_models(
    workspace_id: UUID, refs: Iterable[ModelRef], at: datetime | None = None
) -> dict[tuple[str, str], ResolvedModel]:
    """The models that `refs` name, by (endpoint, model); what is not set up here is left out."""
    wanted = {(ref.endpoint, ref.model) for ref in refs}
    rows = (
        EndpointModel.objects.filter(
            endpoint__workspace=workspace_id,
            endpoint__name__in={endpoint for endpoint, _ in wanted},
            name__in={model for _, model in wanted},
        )
        .select_related("endpoint")
        .prefetch_related("prices")
    )
    found = {(row.endpoint.name, row.name): row for row in rows}
    now = at or timezone.now()
    return {key: _resolved(row, now) for key, row in found.items() if key in wanted}


def _resolved(row: EndpointModel, at: datetime) -> ResolvedModel:
    endpoint = row.endpoint
    return ResolvedModel(
        endpoint_id=endpoint.pk,
        endpoint=endpoint.name,
        kind=endpoint.kind,
        base_url=address_of(endpoint),
        api_key=secrets.decrypt(endpoint.key_encrypted) if endpoint.key_encrypted else "",
        model=row.name,
        capabilities=endpoint.capabilities | row.capabilities,
        concurrency=endpoint.concurrency,
        requests_per_minute=endpoint.requests_per_minute,
        tokens_per_minute=endpoint.tokens_per_minute,
        context_window=row.context_window,
        price=price_of(row, at),
        simulated=endpoint.is_simulated,
    )


def address_of(endpoint: Endpoint) -> str:
    """Where the endpoint is reached now; the embedded services' ports may change with every start."""
    if endpoint.base_url:
        return endpoint.base_url
    return {
        Endpoint.Kind.LOCAL: settings.LOCAL_MODEL_URL,
        Endpoint.Kind.REHEARSAL: settings.REHEARSAL_URL,
        Endpoint.Kind.OPENAI: settings.OPENAI_BASE_URL,
    }.get(Endpoint.Kind(endpoint.kind), "")


def price_of(model: EndpointModel, at: datetime | None = None) -> Price | None:
    """What the model costs at `at`; None when nobody knows."""
    kind, address = model.endpoint.kind, address_of(model.endpoint)
    return prices.choose(model.prices.all(), kind, address, model.name, at or timezone.now())


def default_model(workspace: Workspace) -> ModelRef | None:
    """What a new or imported agent uses: the local model if it runs, else the rehearsal model, else any."""
    rank = {Endpoint.Kind.LOCAL: 0 if settings.LOCAL_MODEL_URL else 8, Endpoint.Kind.REHEARSAL: 1}
    rows = EndpointModel.objects.filter(endpoint__workspace=workspace).select_related("endpoint")
    ordered = sorted(
        rows, key=lambda row: (rank.get(Endpoint.Kind(row.endpoint.kind), 5), row.created_at, row.name)
    )
    return ModelRef(endpoint=ordered[0].endpoint.name, model=ordered[0].name) if ordered else None


def endpoints(workspace: Workspace) -> QuerySet[Endpoint]:
    """Endpoints with their models and prices, for lists and choices."""
    models = EndpointModel.objects.select_related("endpoint").prefetch_related(
        Prefetch("prices", ModelPrice.objects.select_related("created_by"))
    )
    return Endpoint.objects.filter(workspace=workspace).prefetch_related(Prefetch("models", models))


# ── what graphs may refer to ────────────────────────────────────────────────────────────────────────
def catalog(workspace: Workspace) -> Catalog:
    """The agents, tools, models and people of the workspace, as the validator takes them."""
    agents = Agent.objects.filter(workspace=workspace, archived_at=None).exclude(current=None)
    return Catalog(
        agents={agent.key: spec_of(agent) for agent in agents.select_related("current")},
        tools={tool.name: tool.parsed() for tool in Tool.objects.filter(workspace=workspace)},
        models=model_names(workspace),
        people=people_of(workspace),
        groups=groups_of(workspace),
        teams=Subteams(workspace),
    )


def model_names(workspace: Workspace) -> frozenset[tuple[str, str]]:
    rows = EndpointModel.objects.filter(endpoint__workspace=workspace)
    return frozenset(rows.values_list("endpoint__name", "name"))


def spec_of(agent: Agent) -> AgentSpec:
    """The newest version of an agent, which every agent has."""
    if agent.current is None:
        raise LookupError(f"The agent {agent.key} has no version.")
    return agent.current.parsed()


# ── lists for pages ─────────────────────────────────────────────────────────────────────────────────
def teams(workspace: Workspace) -> QuerySet[Team]:
    """Teams that are not archived, with their current version and who saved the draft last."""
    rows = Team.objects.filter(workspace=workspace, archived_at=None)
    related = rows.select_related("current", "current__published_by", "draft_saved_by")
    return related.order_by(natural("name"), "name", "pk")


def agents(workspace: Workspace) -> QuerySet[Agent]:
    """Agents that are not archived, with their current version."""
    rows = Agent.objects.filter(workspace=workspace, archived_at=None).exclude(current=None)
    return rows.select_related("current", "current__created_by").order_by(natural("name"), "name", "pk")


def tools(workspace: Workspace) -> QuerySet[Tool]:
    return Tool.objects.filter(workspace=workspace).order_by(natural("name"), "name")


def has_unpublished_changes(team: Team) -> bool:
    """Whether the draft's graph differs from the published one; agents changed since do not count."""
    return team.current is None or team.current.parsed().graph != Graph.model_validate(team.draft)


# ── where things are used ───────────────────────────────────────────────────────────────────────────
def teams_by_agent(workspace: Workspace) -> dict[str, list[Team]]:
    """For each agent key, the teams whose draft or current version has it."""
    found: dict[str, list[Team]] = defaultdict(list)
    for team in teams(workspace):
        for key in _agent_keys(team):
            found[key].append(team)
    return found


def _agent_keys(team: Team) -> list[str]:
    keys = agents_of(team.parsed_draft())
    if team.current is not None:
        keys += team.current.content.get("agents", {})
    return list(dict.fromkeys(keys))


def agents_by_tool(workspace: Workspace) -> dict[str, list[Agent]]:
    """For each tool name, the agents that were given it."""
    found: dict[str, list[Agent]] = defaultdict(list)
    for agent in agents(workspace):
        for tool in spec_of(agent).tools:
            found[tool].append(agent)
    return found


def agents_by_model(workspace: Workspace) -> dict[tuple[str, str], list[Agent]]:
    """For each (endpoint, model), the agents that use it."""
    found: dict[tuple[str, str], list[Agent]] = defaultdict(list)
    for agent in agents(workspace):
        for model in spec_of(agent).models:
            if agent not in found[model.endpoint, model.model]:
                found[model.endpoint, model.model].append(agent)
    return found


def teams_by_endpoint(workspace: Workspace) -> dict[str, list[Team]]:
    """For each endpoint name, the teams whose published version calls it."""
    found: dict[str, list[Team]] = defaultdict(list)
    for team in teams(workspace):
        if team.current is not None:
            pinned = team.current.parsed().agents.values()
            for name in dict.fromkeys(model.endpoint for agent in pinned for model in agent.spec.models):
                found[name].append(team)
    return found
