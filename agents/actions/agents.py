"""Agents: every change that is saved makes a new version, which never changes again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from django.db import transaction
from django.utils import timezone

from agents import queries
from agents.actions.outcome import Conflict, Problem, Refused, refuse
from agents.actions.turns import take_turn
from agents.models import Agent, AgentVersion, Tool
from agents.topology import schemas
from agents.topology.canonical import digest
from agents.topology.graph import AgentSpec, ModelRef, dump
from studio import audit
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Workspace


@transaction.atomic
def create_agent(*, actor: Member, spec: AgentSpec, key: str = "") -> Agent:
    """A new agent with version 1; without `key`, one is made from its name."""
    actor.require(Role.DESIGNER)
    take_turn(actor.workspace)
    _check(actor.workspace, spec)
    wanted = key or key_from(spec.name)
    if key and Agent.objects.filter(workspace=actor.workspace, key=key).exists():
        refuse("agent.key", f"There is an agent called {key} already.", field="key")
    agent = Agent.objects.create(
        workspace=actor.workspace, key=free_key(actor.workspace, wanted), name=spec.name
    )
    _add_version(actor, agent, spec)
    audit.record(actor, "agent.created", agent, key=agent.key)
    return agent


@transaction.atomic
def save_agent(*, actor: Member, agent: Agent, spec: AgentSpec, based_on: int | None = None) -> AgentVersion:
    """The new version, or the current one if nothing changed.

    Raises Conflict when the current version is no longer number `based_on`.
    """
    actor.require(Role.DESIGNER)
    take_turn(actor.workspace)
    row = Agent.objects.select_for_update().get(pk=agent.pk)
    current = row.versions.select_related("created_by").order_by("-number")[0]
    if based_on is not None and based_on != current.number:
        who = str(current.created_by or "Somebody")
        raise Conflict(what=row.name, who=who, when=current.created_at, revision=current.number)
    _check(actor.workspace, spec)
    if current.digest == digest(spec):
        return current
    row.name = spec.name
    version = _add_version(actor, row, spec)
    audit.record(actor, "agent.saved", row, version=version.number)
    return version


@transaction.atomic
def duplicate_agent(*, actor: Member, agent: Agent, name: str = "") -> Agent:
    spec = queries.spec_of(agent).model_copy(update={"name": (name.strip() or f"{agent.name} copy")[:80]})
    return create_agent(actor=actor, spec=AgentSpec.model_validate(dump(spec)))


@transaction.atomic
def archive_agent(*, actor: Member, agent: Agent) -> None:
    """Out of every list; its versions stay, for the runs that had them. Refused while a draft uses it."""
    actor.require(Role.DESIGNER)
    take_turn(actor.workspace)
    teams = queries.teams_by_agent(actor.workspace).get(agent.key, [])
    if teams:
        names = ", ".join(team.name for team in teams[:5])
        refuse(
            "agent.used", f"{agent.name} is part of {names}.", "Take it out of the team, or archive the team."
        )
    Agent.objects.filter(pk=agent.pk, archived_at=None).update(archived_at=timezone.now())
    audit.record(actor, "agent.archived", agent)


@transaction.atomic
def use_model(*, actor: Member, agents: Iterable[Agent], model: ModelRef) -> list[AgentVersion]:
    """Give all these agents the same model, each in a new version."""
    versions = []
    for agent in agents:
        spec = queries.spec_of(agent).model_copy(update={"model": model})
        versions.append(save_agent(actor=actor, agent=agent, spec=spec))
    return versions


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────
def _add_version(actor: Member, agent: Agent, spec: AgentSpec) -> AgentVersion:
    number = (agent.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    version = AgentVersion.objects.create(
        agent=agent, number=number, spec=dump(spec), digest=digest(spec), created_by=actor.user
    )
    agent.current = version
    agent.save()
    return version


def problems_of_spec(workspace: Workspace, spec: AgentSpec) -> Iterator[Problem]:
    """What the agent refers to and is not there, and an output schema that cannot be used."""
    here = queries.model_names(workspace)
    if (spec.model.endpoint, spec.model.model) not in here:
        yield Problem(
            "agent.model",
            f"There is no model {spec.model.model} at {spec.model.endpoint} in this workspace.",
            "Choose one that is set up under Models.",
            field="model",
        )
    yield from _chain_problems(spec, here)
    known = set(Tool.objects.filter(workspace=workspace).values_list("name", flat=True))
    for name in spec.tools:
        if name not in known:
            yield Problem("agent.tool", f"There is no tool called {name}.", "Choose another.", field="tools")
    for name in sorted({name for name in spec.tools if spec.tools.count(name) > 1}):
        yield Problem("agent.tool", f"The tool {name} is given twice.", "Give it once.", field="tools")
    if spec.output.json_schema and (wrong := schemas.problem_with(spec.output.json_schema)):
        yield Problem("agent.schema", wrong, "Correct the schema.", field="output.schema")


def _chain_problems(spec: AgentSpec, here: frozenset[tuple[str, str]]) -> Iterator[Problem]:
    for ref in spec.fallbacks:
        name = f"{ref.model} at {ref.endpoint}"
        if (ref.endpoint, ref.model) not in here:
            message = f"There is no model {name} in this workspace."
            yield Problem("agent.fallback", message, "Choose one that is set up.", field="fallbacks")
        if spec.models.count(ref) > 1:
            message = f"{name} would be asked twice."
            yield Problem("agent.fallback", message, "Name each model once.", field="fallbacks")
            return


def _check(workspace: Workspace, spec: AgentSpec) -> None:
    if problems := list(problems_of_spec(workspace, spec)):
        raise Refused(problems)


def key_from(name: str) -> str:
    """A key that reads like the name: `Süd-Team Lead` becomes `sud_team_lead`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return (words if words[:1].isalpha() else f"agent_{words}".rstrip("_"))[:48]


def free_key(workspace: Workspace, key: str) -> str:
    """`key`, or the first of key_2, key_3 … that no agent of the workspace has or had."""
    mine = Agent.objects.filter(workspace=workspace, key__startswith=key[:40])
    taken = set(mine.values_list("key", flat=True))
    if key not in taken:
        return key
    return next(other for n in range(2, 100_000) if (other := numbered(key, n)) not in taken)


def numbered(key: str, number: int) -> str:
    suffix = f"_{number}"
    return key[: 48 - len(suffix)] + suffix
