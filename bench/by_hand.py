"""The plan of a run with delegations, as somebody would write its requests by hand."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from agents.topology.graph import AgentSpec, TeamFile
from bench.teams import Json
from runs.engine.events import ToolCallCompleted, ToolCallVetted, decode
from runs.models import Blob, Event, Run


@dataclass(frozen=True)
class Assignment:
    """One delegation, as it was made and answered."""

    worker: str
    task: str
    context: str
    result: str


def assignments(run: Run, workers: Collection[str]) -> list[Assignment]:
    """The delegations of a run, in the order asked; each worker must have been asked once."""
    asked: dict[str, Json] = {}
    results: dict[str, Any] = {}
    for body in Event.objects.filter(run=run).order_by("seq").values_list("body", flat=True):
        match decode(body):
            case ToolCallVetted() as event:
                asked[event.call] = _content(run, event.arguments)
            case ToolCallCompleted() as event:
                results[event.call] = _content(run, event.result)
    if sorted(given["to"] for given in asked.values()) != sorted(workers):
        raise SystemExit(f"The supervisor asked {[given['to'] for given in asked.values()]}.")
    return [
        Assignment(given["to"], given["task"], given.get("context", ""), str(results[call]))
        for call, given in asked.items()
    ]


def _content(run: Run, digest: str) -> Any:
    return json.loads(Blob.objects.get(workspace=run.workspace_id, digest=digest).content)


class Ideal:
    """Five requests that somebody would write for this plan: a plan, three pieces of work, and the brief."""

    def __init__(self, file: TeamFile, question: str) -> None:
        self.agents = file.agents
        self.question = question
        self.tasks: dict[str, Any] = {
            node.id: node.config["task"] for node in file.graph.nodes if node.kind == "agent"
        }

    def requests(self, assigned: list[Assignment]) -> list[list[Json]]:
        task = self.tasks["lead"]["description"].replace("{{ input.topic }}", self.question)
        lead, workers = self.agents["lead"], [self.agents[one.worker] for one in assigned]
        team = "\n".join(f"- {spec.name}, {spec.role}. {spec.goal}" for spec in workers)
        works = [self._work(one) for one in assigned]
        results = [f"{self.agents[one.worker].name}:\n{one.result}" for one in assigned]
        plan = _asked(lead, task, f"Your colleagues:\n{team}", "Say what each of them is to do.")
        return [plan, *works, _asked(lead, task, *results, self._expected("lead"))]

    def _work(self, one: Assignment) -> list[Json]:
        return _asked(self.agents[one.worker], one.task, one.context, self._expected(one.worker))

    def _expected(self, node: str) -> str:
        return str(self.tasks[node]["expected_output"])


def _asked(agent: AgentSpec, *parts: str) -> list[Json]:
    who = f"You are {agent.name}, {agent.role}. {agent.goal}\n{agent.backstory}\n{agent.instructions}"
    text = "\n\n".join(part for part in parts if part)
    return [{"role": "system", "content": who}, {"role": "user", "content": text}]
