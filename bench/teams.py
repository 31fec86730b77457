"""What the benchmarks run: a workspace, an endpoint, a pipeline of agents, and the requests it makes."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.utils import timezone

from agents.models import Endpoint, EndpointModel, ModelPrice, Team, TeamVersion
from agents.topology.canonical import digest
from agents.topology.graph import PinnedTeam, dump
from runs.engine.events import ModelCallStarted, decode
from runs.models import Blob, Event, Run
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Membership, User, Workspace

WORDS = 40  # about as many tokens as an agent's short answer has


def owner() -> Member:
    user = User.objects.create_user("bench@example.org", name="Bench")
    workspace = Workspace.objects.create(name="Bench", slug="bench")
    Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    return Member(user, workspace, Role.OWNER)


def pipeline(actor: Member, length: int, base_url: str, name: str) -> Team:
    """`length` agents in a row on a model at `base_url`, published."""
    endpoint = Endpoint.objects.create(
        workspace=actor.workspace,
        name=name,
        base_url=base_url,
        concurrency=1_000,
        capabilities={"tools": True, "json_schema": True},
    )
    model = EndpointModel.objects.create(endpoint=endpoint, name="rehearsal")
    ModelPrice.objects.create(
        model=model,
        input_per_million=Decimal("0.15"),
        output_per_million=Decimal("0.60"),
        valid_from=timezone.now(),
        source="bench",
    )
    ids = [f"step{n}" for n in range(1, length + 1)]
    spec = {
        "name": "Writer",
        "role": "writer",
        "goal": "Carry the text one step further.",
        "model": {"endpoint": name, "model": "rehearsal"},
        "parameters": {"max_tokens": WORDS},
    }
    task = {"description": "Improve the text in one sentence.", "expected_output": "One sentence."}
    nodes: list[dict[str, Any]] = [{"id": "input", "kind": "input"}, {"id": "output", "kind": "output"}]
    nodes += [{"id": id_, "kind": "agent", "config": {"agent": "writer", "task": task}} for id_ in ids]
    path = ["input", *ids, "output"]
    edges = [{"id": f"e{n}", "source": a, "target": b} for n, (a, b) in enumerate(pairwise(path))]
    pinned = PinnedTeam.model_validate(
        {
            "name": f"Pipeline of {length}",
            "agents": {"writer": {"spec": spec, "version": 1}},
            "tools": {},
            "graph": {"nodes": nodes, "edges": edges},
        }
    )
    team = Team.objects.create(workspace=actor.workspace, name=pinned.name, draft=dump(pinned.graph))
    version = TeamVersion.objects.create(team=team, number=1, content=dump(pinned), digest=digest(pinned))
    team.current = version
    team.save(update_fields=["current"])
    return team


def requests_of(run: Run) -> list[dict[str, Any]]:
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
        messages = [json.loads(texts[digest_]) for digest_ in started.append]
        found.append({"model": started.model, "messages": messages, "max_tokens": started.max_tokens})
    return found
