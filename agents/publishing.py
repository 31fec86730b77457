"""Makes a draft into what a run executes: agents, tools and their versions pinned inside."""

from __future__ import annotations

from collections.abc import Iterator

from agents import queries
from agents.actions.tools import problems_of_spec
from agents.models import Agent, Team
from agents.subteams import Subteams
from agents.toolbox.registry import tool_kind
from agents.topology.check import Catalog, blocking, check
from agents.topology.graph import AgentSpec, Graph, PinnedAgent, PinnedTeam, PinnedTool, TeamFile, ToolSpec
from agents.topology.policy_check import people_problems
from agents.topology.problems import Problem, Refused
from agents.topology.references import agents_of, agents_of_node, teams_of, tools_of


def problems_of(team: Team) -> list[Problem]:
    """Everything that is wrong with the draft."""
    graph, catalog = team.parsed_draft(), queries.catalog(team.workspace)
    return [*problems_of_graph(graph, catalog), *_circles(team, graph, catalog)]


def _circles(team: Team, graph: Graph, catalog: Catalog) -> Iterator[Problem]:
    """A team that would run itself, at whatever depth, would do so without end."""
    for name in teams_of(graph):
        known = (catalog.teams or {}).get(name)
        if known is not None and str(team.pk) in (known.team, *known.contains):
            what = "is this team itself" if known.team == str(team.pk) else "runs this team in turn"
            node = next(node.id for node in graph.nodes if name in node.config.values())
            yield Problem("team.circle", f"{name} {what}.", "Choose another.", node, field="team")


def problems_of_graph(graph: Graph, catalog: Catalog) -> list[Problem]:
    """The graph's problems, and those of the agents, models and tools it refers to."""
    found = check(graph, catalog)
    return [*found, *_beyond_the_graph(graph, catalog, found)]


def pin(team: Team) -> PinnedTeam:
    """The draft with everything it needs. Raises Refused with every problem that keeps it from running."""
    problems = problems_of(team)
    if blocking(problems):
        raise Refused(blocking(problems))
    graph = team.parsed_draft()
    keys = agents_of(graph)
    rows = {agent.key: agent for agent in queries.agents(team.workspace).filter(key__in=keys)}
    agents = {key: _pinned_agent(rows[key]) for key in keys}
    given = (name for agent in agents.values() for name in agent.spec.tools)
    names = dict.fromkeys([*given, *tools_of(graph)])
    tools = {row.name: row.parsed() for row in queries.tools(team.workspace).filter(name__in=names)}
    return PinnedTeam(
        name=team.name,
        description=team.description,
        agents=agents,
        tools={name: _pinned_tool(tools[name]) for name in names},
        teams={name: Subteams(team.workspace)[name] for name in teams_of(graph)},
        graph=graph,
    )


def draft_as_file(team: Team) -> TeamFile:
    """The draft as a portable file; agents and tools that are not there are left out."""
    graph, known = team.parsed_draft(), queries.catalog(team.workspace)
    agents = {key: known.agents[key] for key in agents_of(graph) if key in known.agents}
    names = dict.fromkeys([*(name for spec in agents.values() for name in spec.tools), *tools_of(graph)])
    tools = {name: known.tools[name] for name in names if name in known.tools}
    return TeamFile(name=team.name, description=team.description, agents=agents, tools=tools, graph=graph)


def _pinned_agent(agent: Agent) -> PinnedAgent:
    return PinnedAgent(spec=queries.spec_of(agent), version=agent.current.number if agent.current else 0)


def _pinned_tool(spec: ToolSpec) -> PinnedTool:
    kind = tool_kind(spec.kind)
    return PinnedTool(
        spec=spec,
        title=kind.title,
        description=spec.description or kind.summary,
        parameters=kind.schema(spec.config),
        effect=kind.effect_of(spec.config),
    )


def _beyond_the_graph(graph: Graph, catalog: Catalog, found: list[Problem]) -> Iterator[Problem]:
    """Models and tools that cannot be used, of agents in any kind of node, where no kind said so itself."""
    said = {(problem.node, problem.code) for problem in found}
    for node in graph.nodes:
        for key in agents_of_node(node):
            spec = catalog.agents.get(key)
            if spec is None:
                continue
            yield from _chain_problems(node.id, spec, catalog)
            model = (spec.model.endpoint, spec.model.model)
            missing = catalog.models is not None and model not in catalog.models
            if missing and (node.id, "agent.model") not in said:
                yield Problem(
                    "agent.model",
                    f"{spec.name} uses {spec.model.model} at {spec.model.endpoint}, which is not set up.",
                    "Choose a model that is.",
                    node.id,
                    field="agent",
                )
            for name in spec.tools:
                if name in catalog.tools:
                    yield from _tool_problems(node.id, spec.name, name, catalog.tools[name])
                    yield from _approver_problems(node.id, name, catalog.tools[name], catalog)


def _chain_problems(node: str, spec: AgentSpec, catalog: Catalog) -> Iterator[Problem]:
    """A chain with a gap still runs: what is missing is passed over."""
    for ref in spec.fallbacks:
        if catalog.models is not None and (ref.endpoint, ref.model) not in catalog.models:
            yield Problem(
                "agent.fallback",
                f"{spec.name} falls back to {ref.model} at {ref.endpoint}, which is not set up.",
                "Choose a model that is.",
                node,
                field="agent",
                severity="warning",
            )


def _tool_problems(node: str, agent: str, name: str, spec: ToolSpec) -> Iterator[Problem]:
    for problem in problems_of_spec(name, spec):
        yield Problem(
            "tool.unusable",
            f"The tool {name} of {agent} cannot be used: {problem.message}",
            problem.fix or "Correct it under Tools.",
            node,
            field="agent",
        )


def _approver_problems(node: str, name: str, spec: ToolSpec, catalog: Catalog) -> Iterator[Problem]:
    """Whether enough people could approve a call that the tool's rule asks about."""
    if spec.policy and spec.approval and catalog.people is not None:
        yield from people_problems(
            spec.policy,
            what=f"The tool {name}",
            people=catalog.people,
            groups=catalog.groups or {},
            node=node,
            field="agent",
        )
