"""What a run's page gives its island besides the log: the pinned team, look-ups, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from agents.toolbox import registry as toolbox
from agents.topology.graph import PinnedAgent, PinnedTeam, PinnedTool, dump
from agents.topology.registry import kinds
from runs.engine.kind import node_of
from runs.models import Run
from studio.web.navigation import href

ANY_DIGEST = "0" * 64  # stands in the content's address where the island puts a digest


def trace_of(run: Run, slug: str, *, until: int = 0, may_fork: bool = False) -> dict[str, Any]:
    """As static/islands/run-trace/page.ts reads it. `until`: the last event that is looked at; 0: all."""
    team = run.team_version.parsed()
    used = {node.kind for node in team.graph.nodes}
    return {
        "run": {"id": str(run.pk), "mode": run.mode, "version": run.team_version.number, "team": team.name},
        "graph": dump(team.graph),
        "kinds": [kind.describe() for name, kind in kinds().items() if name in used],
        "agents": [_agent(key, agent) for key, agent in team.agents.items()],
        "tools": [_tool(name, tool) for name, tool in team.tools.items()],
        "urls": _urls(run, slug) | {"fork": href("run_fork", slug, run.pk) if may_fork else ""},
        "until": until,
        "approvals": href("approvals", slug),
    }


def _urls(run: Run, slug: str) -> dict[str, str]:
    content = reverse("run_content", args=[slug, run.pk, ANY_DIGEST])
    return {
        "events": reverse("run_events", args=[slug, run.pk]),
        "content": content.removesuffix(f"{ANY_DIGEST}/"),
        "cost": reverse("run_cost", args=[slug, run.pk]),
        "socket": f"/ws/runs/{run.pk}/",
        "runs": reverse("runs", args=[slug]),
    }


def _agent(key: str, agent: PinnedAgent) -> dict[str, Any]:
    spec = agent.spec
    return {
        "id": "",
        "key": key,
        "name": spec.name,
        "role": spec.role,
        "goal": spec.goal,
        "model": {"endpoint": spec.model.endpoint, "model": spec.model.model},
        "tools": spec.tools,
        "output": spec.output.kind,
        "version": agent.version,
        "url": "",
    }


def _tool(name: str, tool: PinnedTool) -> dict[str, Any]:
    kind = toolbox.kinds().get(tool.spec.kind)
    return {
        "name": name,
        "kind": tool.spec.kind,
        "title": tool.title or name,
        "icon": kind.icon if kind else "wrench",
        "effect": tool.effect,
        "approval": tool.spec.approval,
    }


def titles_of(team: PinnedTeam) -> dict[str, str]:
    """The names of nodes by their ids; `name_of` says them of their instances."""
    return {node.id: node.title for node in team.graph.nodes}


def name_of(path: str, titles: Mapping[str, str]) -> str:
    """An instance in words: `Draft`, `Draft, round 2`, `Researcher for Lead`."""
    *above, last = path.split("/")
    name = titles.get(node_of(last), last)
    _, _, iteration = last.partition("@")
    if iteration:
        name += f", round {iteration}"
    parent = next((titles[node_of(part)] for part in reversed(above) if node_of(part) in titles), "")
    return f"{name} for {parent}" if parent else name
