"""Changes to a published team for a run that is forked with them: words, models, parameters. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field, JsonValue, ValidationError

from agents.topology.document import Document
from agents.topology.graph import (
    AgentSpec,
    JsonObject,
    Key,
    Line,
    ModelRef,
    Parameters,
    PinnedAgent,
    PinnedTeam,
    Prose,
    dump,
)
from agents.topology.problems import Problem, Refused, from_validation_error
from agents.topology.references import agents_of_node


class AgentChange(Document):
    """What is given replaces what the agent has; of the parameters, only those that are named."""

    role: Line | None = None
    goal: Prose | None = None
    backstory: Prose | None = None
    instructions: Prose | None = None
    model: ModelRef | None = None
    parameters: JsonObject = Field(default_factory=dict)


class Changes(Document):
    """By agent and by node. A node's are parts of its configuration, such as its task; nothing is rewired."""

    agents: dict[Key, AgentChange] = Field(default_factory=dict)
    nodes: dict[Key, JsonObject] = Field(default_factory=dict)


def apply(team: PinnedTeam, changes: Changes) -> PinnedTeam:
    """The team with the changes in it. Raises Refused when they name what is not there or do not fit."""
    problems = list(_unknown(team, changes))
    agents, nodes = dict(team.agents), []
    for key, change in changes.agents.items():
        if key in team.agents:
            spec = _changed_agent(key, team.agents[key].spec, change, problems)
            agents[key] = PinnedAgent(spec=spec, version=team.agents[key].version)
    for node in team.graph.nodes:
        part = changes.nodes.get(node.id)
        nodes.append(node.model_copy(update={"config": _merged(node.config, part)}) if part else node)
    if problems:
        raise Refused(problems)
    return team.model_copy(update={"agents": agents, "graph": team.graph.model_copy(update={"nodes": nodes})})


def _unknown(team: PinnedTeam, changes: Changes) -> Iterator[Problem]:
    known = {node.id for node in team.graph.nodes}
    for key in changes.agents.keys() - team.agents.keys():
        there = ", ".join(sorted(team.agents)) or "none"
        yield Problem("change.agent", f"The team has no agent {key}.", f"Its agents: {there}.")
    for node in changes.nodes.keys() - known:
        there = ", ".join(sorted(known))
        yield Problem("change.node", f"The team has no node {node}.", f"Its nodes: {there}.")


def _changed_agent(key: str, spec: AgentSpec, change: AgentChange, problems: list[Problem]) -> AgentSpec:
    given: dict[str, Any] = change.model_dump(exclude_none=True, exclude={"parameters", "model"})
    if change.model is not None:
        given["model"] = change.model
    try:
        if change.parameters:
            given["parameters"] = Parameters.model_validate(spec.parameters.model_dump() | change.parameters)
    except ValidationError as error:
        problems += from_validation_error(error, prefix=f"agents.{key}.parameters")
    return spec.model_copy(update=given)


def _merged(config: dict[str, JsonValue], part: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Objects are merged by their keys; everything else is replaced."""
    merged = dict(config)
    for key, value in part.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def in_words(before: PinnedTeam, after: PinnedTeam) -> list[str]:
    """What differs, as people call it: “Writer: instructions”, “Draft: task”."""
    found = []
    for key, agent in before.agents.items():
        old, new = agent.spec, after.agents[key].spec
        fields = [name for name in AgentSpec.model_fields if getattr(old, name) != getattr(new, name)]
        if fields:
            found.append(f"{old.name}: {', '.join(fields)}")
    for old_node, new_node in zip(before.graph.nodes, after.graph.nodes, strict=True):
        keys = old_node.config.keys() | new_node.config.keys()
        names = sorted(key for key in keys if old_node.config.get(key) != new_node.config.get(key))
        if names:
            found.append(f"{old_node.title}: {', '.join(names)}")
    return found


def rewritten(before: PinnedTeam, after: PinnedTeam) -> frozenset[str]:
    """The nodes that say or ask something else than before: a conversation under way cannot go on there."""
    changed = {key for key, agent in before.agents.items() if _voice(agent) != _voice(after.agents[key])}
    found = set()
    for old, new in zip(before.graph.nodes, after.graph.nodes, strict=True):
        if old.config != new.config or changed.intersection(agents_of_node(new)):
            found.add(new.id)
    return frozenset(found)


def _voice(agent: PinnedAgent) -> Any:
    """Everything about an agent but its sampling parameters, which may change between two turns."""
    return dump(agent.spec.model_copy(update={"parameters": Parameters()}))
