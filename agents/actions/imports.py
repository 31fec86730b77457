"""Brings a team file into a workspace: its tools, its agents and its graph, all or nothing.

What is here already and says the same is used again. What has a taken name but says something else comes
in under a new name, and everything in the file that refers to it follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from django.db import transaction

from agents import queries
from agents.actions.agents import create_agent, numbered
from agents.actions.outcome import Problem, Refused
from agents.actions.teams import create_team, free_name
from agents.actions.tools import create_tool, problems_of_spec
from agents.actions.turns import take_turn
from agents.formats.reading import Reading
from agents.formats.team_file import located
from agents.models import Agent, Team, Tool
from agents.toolbox.registry import kinds
from agents.topology import schemas
from agents.topology.canonical import digest
from agents.topology.check import Catalog, blocking, check
from agents.topology.graph import AgentSpec, ModelRef, TeamFile, ToolSpec
from agents.topology.references import renamed
from studio import audit
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Workspace


@dataclass
class Imported:
    """What an import did. Names map what the file says to what it is called here."""

    team: Team
    agents: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    reused: list[str] = field(default_factory=list)  # file names of agents and tools that were here already
    problems: list[Problem] = field(default_factory=list)  # warnings, and errors of a draft

    @property
    def renamed(self) -> dict[str, str]:
        return {old: new for old, new in (self.agents | self.tools).items() if old != new}


@transaction.atomic
def import_team(
    *,
    actor: Member,
    file: TeamFile,
    name: str = "",
    pattern: str = "",
    reading: Reading | None = None,
    as_draft: bool = False,
    quiet: bool = False,
) -> Imported:
    """The new team. `reading` gives problems their line in the file.

    Raises Refused with every error; with `as_draft`, errors of the graph alone are reported instead.
    `quiet` says nothing of models that are not here, for presets, which name none on purpose.
    """
    actor.require(Role.DESIGNER)
    take_turn(actor.workspace)
    workspace = actor.workspace
    known = queries.model_names(workspace)
    refs, problems = _models(workspace, file)
    problems = [] if quiet else [*problems, *_chain_gaps(file, known)]
    errors = [*_spec_problems(workspace, file), *([] if refs is not None else _no_models())]
    graph_problems = located(check(file.graph, _catalog(workspace, file)), file, reading)
    if errors or (blocking(graph_problems) and not as_draft):
        raise Refused([*_placed(errors, reading), *blocking(graph_problems)])
    done = Imported(team=Team())
    tools = {key: _tool(actor, key, spec, done) for key, spec in file.tools.items()}
    for key, spec in file.agents.items():
        model = (refs or {}).get((spec.model.endpoint, spec.model.model), spec.model)
        given = [tools.get(tool, tool) for tool in spec.tools]
        chain = [ref for ref in spec.fallbacks if (ref.endpoint, ref.model) in known and ref != model]
        changed = {"model": model, "fallbacks": chain, "tools": given}
        _agent(actor, key, spec.model_copy(update=changed), done)
    done.team = create_team(
        actor=actor,
        name=free_name(workspace, name.strip() or file.name),
        description=file.description,
        graph=renamed(file.graph, {"agent": done.agents, "tool": done.tools}),
        pattern=pattern,
    )
    done.problems = [*_placed(problems, reading), *graph_problems, *_secrets_missing(file)]
    audit.record(actor, "team.imported", done.team, renamed=done.renamed, reused=done.reused)
    return done


# ── what would be wrong ─────────────────────────────────────────────────────────────────────────────
def _catalog(workspace: Workspace, file: TeamFile) -> Catalog:
    """What the graph may refer to: the file's own first, then the workspace's."""
    here = queries.catalog(workspace)
    return Catalog(
        agents={**here.agents, **file.agents},
        tools={**here.tools, **file.tools},
        people=here.people,
        groups=here.groups,
    )


def _spec_problems(workspace: Workspace, file: TeamFile) -> Iterator[Problem]:
    known = set(file.tools) | set(Tool.objects.filter(workspace=workspace).values_list("name", flat=True))
    for key, spec in file.tools.items():
        for problem in problems_of_spec(key, _plain(spec)):
            yield replace(problem, field=f"tools.{key}.{problem.field}")
    for key, agent in file.agents.items():
        for tool in agent.tools:
            if tool not in known:
                message = (
                    f"{agent.name} needs the tool {tool}, which neither the file nor this workspace has."
                )
                yield Problem("agent.tool", message, "Add it to the file.", field=f"agents.{key}.tools")
        if agent.output.json_schema and (wrong := schemas.problem_with(agent.output.json_schema)):
            yield Problem("agent.schema", wrong, "Correct the schema.", field=f"agents.{key}.output.schema")


def _models(
    workspace: Workspace, file: TeamFile
) -> tuple[dict[tuple[str, str], ModelRef] | None, list[Problem]]:
    """For each model in the file the one to use here, and a warning for each that is another one.

    The same model at another endpoint comes first, then the workspace's default; None if it has no model.
    """
    here = queries.model_names(workspace)
    default = queries.default_model(workspace)
    if default is None:
        return (None if file.agents else {}), []
    refs, problems = {}, []
    for key, agent in file.agents.items():
        wanted = (agent.model.endpoint, agent.model.model)
        if wanted in here:
            continue
        elsewhere = sorted(endpoint for endpoint, model in here if model == wanted[1])
        use = ModelRef(endpoint=elsewhere[0], model=wanted[1]) if elsewhere else default
        refs[wanted] = use
        message = f"{agent.name} used {wanted[1]} at {wanted[0]}, which is not set up here."
        problems.append(
            Problem(
                "import.model",
                f"{message} It uses {use.model} at {use.endpoint} instead.",
                "Choose a model for it.",
                field=f"agents.{key}.model",
                severity="warning",
            )
        )
    return refs, problems


def _chain_gaps(file: TeamFile, known: frozenset[tuple[str, str]]) -> Iterator[Problem]:
    for key, agent in file.agents.items():
        for ref in agent.fallbacks:
            if (ref.endpoint, ref.model) not in known:
                message = f"{agent.name} fell back to {ref.model} at {ref.endpoint}, which is not here."
                fix = "Choose another model for when its own fails."
                field = f"agents.{key}.fallbacks"
                yield Problem("import.fallback", message, fix, field=field, severity="warning")


def _no_models() -> list[Problem]:
    message = "This workspace has no model yet, so its agents could not be given one."
    return [Problem("import.no_models", message, "Set up an endpoint under Models first.", field="agents")]


def _placed(problems: list[Problem], reading: Reading | None) -> list[Problem]:
    if reading is None:
        return problems
    found = []
    for problem in problems:
        place = reading.place(tuple(problem.field.split(".")))
        found.append(replace(problem, line=place[0], column=place[1]) if place else problem)
    return found


# ── bringing it in ──────────────────────────────────────────────────────────────────────────────────
def _plain(spec: ToolSpec) -> ToolSpec:
    """Without secret values, which a file should not hold and which are never taken from one."""
    kind = kinds().get(spec.kind)
    return spec.model_copy(update={"config": kind.split_secrets(spec.config)[0]}) if kind else spec


def _tool(actor: Member, key: str, spec: ToolSpec, done: Imported) -> str:
    """The name of the tool here: an identical one, or a new one under a free name."""
    spec = _plain(spec)
    rows = {row.name: row for row in Tool.objects.filter(workspace=actor.workspace)}
    name = _same_or_free(key, {name: row.parsed() == spec for name, row in rows.items()})
    if name in rows:
        done.reused.append(key)
    else:
        create_tool(actor=actor, name=name, spec=spec)
    done.tools[key] = name
    return name


def _agent(actor: Member, key: str, spec: AgentSpec, done: Imported) -> None:
    rows = {row.key: row for row in Agent.objects.filter(workspace=actor.workspace).select_related("current")}
    same = {
        name: row.archived_at is None and row.current is not None and row.current.digest == digest(spec)
        for name, row in rows.items()
    }
    name = _same_or_free(key, same)
    if name in rows:
        done.reused.append(key)
    else:
        create_agent(actor=actor, spec=spec, key=name)
    done.agents[key] = name


def _same_or_free(key: str, taken: dict[str, bool]) -> str:
    """The first of key, key_2, key_3 … that is free or, in `taken`, said to be the same."""
    names = (key if n == 1 else numbered(key, n) for n in range(1, 100_000))
    return next(name for name in names if taken.get(name, True))


def _secrets_missing(file: TeamFile) -> Iterator[Problem]:
    for key, spec in file.tools.items():
        kind = kinds()[spec.kind]
        for secret in kind.secret_names(kind.Config.model_validate(_plain(spec).config)):
            message = f"The tool {key} needs the secret value of {secret}; files do not hold secrets."
            fix = "Enter it under Tools."
            yield Problem("import.secret", message, fix, field=f"tools.{key}", severity="warning")
