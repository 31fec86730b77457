"""What an edit at a gate has to fit: the output schema of the one agent whose answer arrived there."""

from __future__ import annotations

from typing import Any

from runs.engine.kind import NodeView
from runs.engine.plan import Plan


def schema_of_sources(plan: Plan, sources: list[str]) -> dict[str, Any] | None:
    """None when the answer is of several, of no agent, or free text."""
    if len(sources) != 1:
        return None
    agent = plan.team.agents.get(getattr(plan.config(sources[0]), "agent", ""))
    schema = agent.spec.output.json_schema if agent and agent.spec.output.kind == "json" else None
    return dict(schema) if schema else None


def schema_at(view: NodeView) -> dict[str, Any] | None:
    """For the gate at `view`."""
    return schema_of_sources(view.plan, view.contributions())
