"""Everything the canvas needs to draw and edit a team, as one JSON document."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from agents import queries
from agents.models import Agent, EndpointModel, Team, Tool
from agents.presets.registry import presets
from agents.prices import Price
from agents.publishing import problems_of
from agents.subteams import Subteams
from agents.toolbox.registry import kinds as tool_kinds
from agents.toolbox.tool import ToolKind
from agents.topology.graph import dump
from agents.topology.kind import DesignKind
from agents.topology.registry import kinds
from studio.web.figures import money
from studio.web.navigation import href
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Workspace


def canvas_data(member: Member, team: Team, csrf: str) -> dict[str, Any]:
    workspace = member.workspace
    slug = workspace.slug
    return {
        "team": team_facts(team),
        "graph": dump(team.parsed_draft()),
        "kinds": [kind_facts(kind) for kind in kinds().values()],
        "agents": [agent_facts(agent, slug) for agent in queries.agents(workspace)],
        "tools": [tool_facts(tool) for tool in queries.tools(workspace)],
        "models": model_facts(workspace),
        "patterns": pattern_facts(),
        "teams": team_choices(workspace),
        "problems": [problem.as_dict() for problem in problems_of(team)],
        "can_edit": member.may(Role.DESIGNER),
        "urls": urls(member, team),
        "csrf": csrf,
    }


def team_facts(team: Team) -> dict[str, Any]:
    return {
        "id": str(team.pk),
        "name": team.name,
        "description": team.description,
        "revision": team.draft_revision,
        "version": team.current.number if team.current else None,
        "pattern": team.pattern,
        "changed": queries.has_unpublished_changes(team),
        "saved_at": team.draft_saved_at.isoformat(),
    }


def urls(member: Member, team: Team) -> dict[str, str]:
    """Where the page sends to; what the member may not do, or no room offers, is empty."""
    slug = member.workspace.slug
    runs = member.may(Role.OPERATOR)
    return {
        "save": href("team_save", slug, team.pk),
        "validate": href("team_validate", slug, team.pk),
        "publish": href("team_publish", slug, team.pk),
        "export": href("team_export", slug, team.pk),
        "launch": href("launch", slug, team.pk) if runs else "",
        "teams": href("teams", slug),
        "agent_new": href("agent_new", slug),
    }


def kind_facts(kind: DesignKind) -> dict[str, Any]:
    """The kind's own description, and what holds where a node's configuration says nothing."""
    try:
        defaults = kind.Config().model_dump(mode="json", by_alias=True)
    except ValidationError:  # some field has no default
        defaults = {}
    return kind.describe() | {"defaults": defaults}


def agent_facts(agent: Agent, slug: str) -> dict[str, Any]:
    spec = queries.spec_of(agent)
    return {
        "id": str(agent.pk),
        "key": agent.key,
        "name": agent.name,
        "role": spec.role,
        "goal": spec.goal,
        "model": spec.model.model_dump(),
        "fallbacks": [ref.model_dump() for ref in spec.fallbacks],
        "tools": spec.tools,
        "output": spec.output.kind,
        "version": agent.current.number if agent.current else 0,
        "url": href("agent", slug, agent.pk),
    }


def tool_facts(tool: Tool) -> dict[str, Any]:
    kind = tool_kinds().get(tool.kind)
    return {
        "name": tool.name,
        "kind": tool.kind,
        "title": tool.name.replace("_", " ").capitalize(),
        "icon": kind.icon if kind else "wrench",
        "effect": kind.effect if kind else "",
        "approval": tool.approval,
        "parameters": _parameters(kind, tool),
    }


def _parameters(kind: ToolKind | None, tool: Tool) -> dict[str, Any]:
    """The arguments it takes, for nodes that call it themselves; none while it is not set up right."""
    try:
        return kind.schema(tool.config) if kind else {}
    except ValidationError:
        return {}


def team_choices(workspace: Workspace) -> list[dict[str, Any]]:
    """The published teams, of which a node may be one."""
    teams = Team.objects.filter(workspace=workspace, archived_at=None, current__isnull=False)
    rows = teams.values_list("id", "name", "current__number").order_by("name")
    known = Subteams(workspace)
    return [
        {"id": str(key), "name": name, "version": number, "parameters": known[name].input_schema}
        for key, name, number in rows
    ]


def model_facts(workspace: Workspace) -> list[dict[str, Any]]:
    return [
        {"endpoint": endpoint.name, "model": model.name, "price": _price_words(model)}
        for endpoint in queries.endpoints(workspace)
        for model in endpoint.models.all()
    ]


def _price_words(model: EndpointModel) -> str:
    """Dollars for a million tokens in and out, as a choice of models shows them."""
    price: Price | None = queries.price_of(model)
    if price is None:
        return "price unknown"
    return f"{money(price.input)} in, {money(price.output)} out"


def pattern_facts() -> list[dict[str, Any]]:
    """The gallery's presets, to be laid into a team; their agents are chosen anew."""
    return [
        {
            "name": preset.name,
            "title": preset.pattern,
            "icon": preset.icon,
            "summary": preset.summary,
            "graph": dump(preset.file.graph),
        }
        for preset in presets()
    ]
