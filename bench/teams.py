"""The teams that are measured, as team files: imported and published like any other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

from django.utils import timezone

from agents.actions.imports import import_team
from agents.actions.teams import publish
from agents.models import Endpoint, EndpointModel, ModelPrice, Team
from agents.topology.graph import TeamFile
from runs.engine.events import ModelCallStarted, decode
from runs.models import Blob, Event, Run
from studio.workspaces.access import Member

WORDS = 40  # about as many tokens as an agent's short answer has
CALLS = 100_000
TASK = {"description": "Improve the text in one sentence.", "expected_output": "One sentence."}
Json = dict[str, Any]
_numbers = count(1)


def pipeline(actor: Member, length: int, url: str) -> Team:
    """`length` agents in a row."""
    steps = [f"step{number}" for number in range(1, length + 1)]
    return made(actor, f"Pipeline of {length}", url, [agent_node(step) for step in steps], row(*steps))


def fan_out(actor: Member, width: int, url: str) -> Team:
    """`width` agents at once, a join, and one agent that takes all their answers."""
    branches = [f"branch{number}" for number in range(1, width + 1)]
    nodes = [*map(agent_node, branches), {"id": "all", "kind": "join", "config": {"policy": "all"}}]
    ways = [way for branch in branches for way in (("input", branch), (branch, "all"))]
    ways += [("all", "synthesis"), ("synthesis", "output")]
    return made(actor, f"Fan-out of {width}", url, [*nodes, agent_node("synthesis")], ways)


def loops(actor: Member, width: int, url: str, tool: str = "calculator") -> Team:
    """`width` agents at once, each going round with a tool until its rounds are used up."""
    names = [f"loop{number}" for number in range(1, width + 1)]
    nodes = [*map(agent_node, names), {"id": "all", "kind": "join", "config": {"policy": "all"}}]
    ways = [way for name in names for way in (("input", name), (name, "all"))] + [("all", "output")]
    looping = {"tools": [tool], "limits": {"max_tool_rounds": 50}, "parameters": {"max_tokens": 400}}
    tools = {tool: {"kind": tool}}
    return made(actor, f"{width} loops with {tool}", url, nodes, ways, agent=looping, tools=tools)


def gate(actor: Member, url: str) -> Team:
    """A person must approve, within ten days."""
    asked = {"title": "Go on with {{ input.topic }}?", "deadline_s": 864_000}
    return made(actor, "Gate", url, [{"id": "gate", "kind": "approval", "config": asked}], row("gate"))


# ── building ────────────────────────────────────────────────────────────────────────────────────────
def agent_node(id_: str, agent: str = "writer", task: Json = TASK) -> Json:
    return {"id": id_, "kind": "agent", "config": {"agent": agent, "task": task}}


def row(*ids: str) -> list[tuple[str, str]]:
    return list(pairwise(["input", *ids, "output"]))


def made(
    actor: Member,
    name: str,
    url: str,
    nodes: Iterable[Json],
    ways: Iterable[tuple[str, str]],
    *,
    agent: Json | None = None,
    tools: Json | None = None,
) -> Team:
    """A published team of one kind of agent, whose model is at `url`."""
    writer = {
        "name": "Writer",
        "role": "writer",
        "goal": "Carry the text one step further.",
        "model": {"endpoint": endpoint(actor, url), "model": "rehearsal"},
        "parameters": {"max_tokens": WORDS},
    }
    ends = [{"id": "input", "kind": "input"}, {"id": "output", "kind": "output"}]
    edges = [{"id": f"e{number}", "source": a, "target": b} for number, (a, b) in enumerate(ways)]
    document = {
        "name": name,
        "agents": {"writer": writer | (agent or {})},
        "tools": tools or {},
        "graph": {"nodes": [*ends, *nodes], "edges": edges, "limits": {"model_calls": CALLS}},
    }
    return published(actor, TeamFile.model_validate(document))


def published(actor: Member, file: TeamFile) -> Team:
    team = import_team(actor=actor, file=file).team
    publish(actor=actor, team=team)
    team.refresh_from_db()
    return team


def endpoint(actor: Member, url: str) -> str:
    """A new endpoint at `url`; returns its name."""
    name = f"rehearsal {next(_numbers)}"
    made_ = Endpoint.objects.create(
        workspace=actor.workspace,
        name=name,
        base_url=url,
        concurrency=1_000,
        capabilities={"tools": True, "json_schema": True},
    )
    model = EndpointModel.objects.create(endpoint=made_, name="rehearsal")
    ModelPrice.objects.create(
        model=model,
        input_per_million=Decimal("0.15"),
        output_per_million=Decimal("0.60"),
        valid_from=timezone.now(),
        source="bench",
    )
    return name


def requests_of(run: Run) -> list[Json]:
    """The requests a finished run made, as the `openai` client takes them."""
    found = []
    bodies = (
        Event.objects.filter(run=run, type="ModelCallStarted").order_by("seq").values_list("body", flat=True)
    )
    for body in bodies:
        started = decode(body)
        assert isinstance(started, ModelCallStarted)
        texts = dict(
            Blob.objects.filter(workspace=run.workspace_id, digest__in=started.append).values_list(
                "digest", "content"
            )
        )
        messages = [json.loads(texts[digest]) for digest in started.append]
        found.append({"model": started.model, "messages": messages, "max_tokens": started.max_tokens})
    return found
