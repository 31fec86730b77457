"""An import brings in everything or nothing, uses again what is the same, and says what it changed."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from agents import queries
from agents.actions.agents import archive_agent, create_agent
from agents.actions.imports import Imported, import_team
from agents.actions.outcome import Refused
from agents.actions.presets import create_from_preset
from agents.actions.teams import archive_team, publish
from agents.formats.reading import Reading
from agents.formats.team_file import parse_reading, write
from agents.formats.yaml_file import YamlFile
from agents.models import Agent, Endpoint, EndpointModel, Team, Tool
from agents.topology.graph import AgentSpec
from agents.topology.references import agents_of
from studio.audit import AuditEntry
from tests.world import World

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).parents[3] / "docs" / "team-file.md"


def file(**changes: Any) -> str:
    """A small team file as YAML; `changes` replace its parts."""
    value: dict[str, Any] = {
        "format": "troupe.team/v1",
        "name": "Letters",
        "agents": {
            "scribe": {
                "name": "Scribe",
                "model": {"endpoint": "rehearsal", "model": "rehearsal"},
                "tools": ["sums"],
            }
        },
        "tools": {"sums": {"kind": "calculator"}},
        "graph": {
            "nodes": [
                {"id": "input", "kind": "input"},
                {"id": "write", "kind": "agent", "config": {"agent": "scribe"}},
                {"id": "output", "kind": "output"},
            ],
            "edges": [
                {"id": "e1", "source": "input", "target": "write"},
                {"id": "e2", "source": "write", "target": "output"},
            ],
        },
    }
    return YamlFile().write(value | changes)


def bring(world: World, text: str, **options: Any) -> Imported:
    reading = YamlFile().read(text)
    given: dict[str, Any] = {
        "actor": world.designer,
        "file": parse_reading(reading),
        "reading": reading,
    } | options
    return import_team(**given)


def counts() -> list[int]:
    return [model._default_manager.count() for model in (Team, Agent, Tool, AuditEntry)]


def test_a_file_becomes_a_team_with_its_agents_and_tools(world: World) -> None:
    done = bring(world, file())
    assert done.team.name == "Letters"
    assert (done.agents, done.tools, done.renamed, done.problems) == (
        {"scribe": "scribe"},
        {"sums": "sums"},
        {},
        [],
    )
    assert queries.spec_of(world.agent("scribe")).tools == ["sums"]
    assert publish(actor=world.designer, team=done.team).number == 1


def test_importing_the_same_file_again_uses_what_is_there(world: World) -> None:
    bring(world, file())
    before = [Agent.objects.count(), Tool.objects.count()]
    again = bring(world, file())
    assert [Agent.objects.count(), Tool.objects.count()] == before
    assert sorted(again.reused) == ["scribe", "sums"]
    assert again.team.name == "Letters 2"


def test_a_taken_name_that_says_something_else_gets_a_suffix_and_all_that_refers_to_it_follows(
    world: World,
) -> None:
    bring(world, file())
    other = file(tools={"sums": {"kind": "calculator", "description": "Adds up."}})
    done = bring(world, other)
    assert done.renamed == {"scribe": "scribe_2", "sums": "sums_2"}
    assert queries.spec_of(world.agent("scribe_2")).tools == ["sums_2"]
    assert agents_of(done.team.parsed_draft()) == ["scribe_2"]
    assert bring(world, other).renamed == done.renamed
    assert queries.spec_of(world.agent("scribe")).tools == ["sums"]


def test_an_archived_agent_is_not_brought_back_to_life(world: World) -> None:
    done = bring(world, file())
    archive_team(actor=world.designer, team=done.team)
    archive_agent(actor=world.designer, agent=world.agent("scribe"))
    assert bring(world, file()).renamed == {"scribe": "scribe_2"}


@pytest.mark.parametrize(
    ("model", "endpoint"),
    [("rehearsal-plain", "rehearsal"), ("gpt-9", "rehearsal"), ("smollm2-135m", "local")],
)
def test_a_model_that_is_not_here_is_replaced_with_a_warning(world: World, model: str, endpoint: str) -> None:
    text = file(agents={"scribe": {"name": "Scribe", "model": {"endpoint": "Elsewhere", "model": model}}})
    done = bring(world, text)
    used = queries.spec_of(world.agent("scribe")).model
    assert used.endpoint == endpoint
    assert used.model == ("rehearsal" if model == "gpt-9" else model)
    (warning,) = done.problems
    assert (warning.severity, warning.field) == ("warning", "agents.scribe.model")
    assert f"uses {used.model} at {endpoint} instead" in warning.message
    assert warning.line == text.split("\n").index("    model:") + 1


def test_a_workspace_without_models_refuses_agents(world: World) -> None:
    for team in queries.teams(world.workspace):
        archive_team(actor=world.designer, team=team)
    EndpointModel.objects.all().delete()
    with pytest.raises(Refused, match="has no model yet"):
        bring(world, file())


def test_agents_and_tools_of_the_workspace_may_be_referred_to(world: World) -> None:
    graph = {
        "nodes": [
            {"id": "input", "kind": "input"},
            {"id": "write", "kind": "agent", "config": {"agent": "writer"}},
            {"id": "output", "kind": "output"},
        ],
        "edges": [
            {"id": "e1", "source": "input", "target": "write"},
            {"id": "e2", "source": "write", "target": "output"},
        ],
    }
    done = bring(world, file(agents={}, tools={}, graph=graph))
    assert publish(actor=world.designer, team=done.team).parsed().agents["writer"].version == 1


BAD_GRAPH = {
    "nodes": [
        {"id": "input", "kind": "input"},
        {
            "id": "write",
            "kind": "agent",
            "config": {"agent": "nobody", "task": {"description": "{{ nodes.later.output }}"}},
        },
        {"id": "lost", "kind": "magic"},
    ],
    "edges": [
        {"id": "e1", "source": "input", "target": "write"},
        {"id": "e2", "source": "write", "target": "gone"},
    ],
}


def test_every_problem_is_listed_with_its_place_and_nothing_is_saved(world: World) -> None:
    before = counts()
    text = file(
        graph=BAD_GRAPH,
        agents={
            "scribe": {"name": "Scribe", "model": {"endpoint": "x", "model": "y"}, "tools": ["teleport"]}
        },
        tools={"sums": {"kind": "abacus"}, "web": {"kind": "http_request", "config": {"hosts": ["*"]}}},
    )
    with pytest.raises(Refused) as caught:
        bring(world, text)
    found = {
        (problem.code, problem.node or problem.edge or problem.field) for problem in caught.value.problems
    }
    assert found >= {
        ("tool.kind", "tools.sums.kind"),
        ("schema.value_error", "tools.web.config.hosts[0]"),
        ("agent.tool", "agents.scribe.tools"),
        ("agent.unknown", "write"),
        ("template.unreachable", "write"),
        ("node.unknown_kind", "lost"),
        ("edge.dangling", "e2"),
    }
    assert "graph.no_output" in {problem.code for problem in caught.value.problems}
    lines = text.split("\n")
    for problem in caught.value.problems:
        assert problem.line is not None
    unknown = next(problem for problem in caught.value.problems if problem.code == "node.unknown_kind")
    assert lines[(unknown.line or 0) - 1].strip() == "- id: lost"
    assert counts() == before


def test_problems_of_the_graph_alone_can_come_in_as_a_draft(world: World) -> None:
    done = bring(world, file(graph=BAD_GRAPH), as_draft=True)
    assert done.team.current is None
    assert {"agent.unknown", "node.unknown_kind", "edge.dangling"} <= {
        problem.code for problem in done.problems
    }
    with pytest.raises(Refused):
        publish(actor=world.designer, team=done.team)


def test_problems_of_tools_and_agents_cannot(world: World) -> None:
    before = counts()
    with pytest.raises(Refused, match="no kind of tool called abacus"):
        bring(world, file(tools={"sums": {"kind": "abacus"}}), as_draft=True)
    assert counts() == before


def test_a_secret_in_a_file_is_never_taken_and_is_asked_for(world: World) -> None:
    header = {"name": "X-Api-Key", "secret": True, "value": "leaked"}
    text = file(tools={"sums": {"kind": "http_request", "config": {"hosts": ["x.org"], "headers": [header]}}})
    done = bring(world, text)
    tool = world.tool("sums")
    assert tool.secrets == {}
    assert "leaked" not in str(tool.config)
    assert [(problem.code, problem.severity) for problem in done.problems] == [("import.secret", "warning")]


def test_a_name_can_be_given(world: World) -> None:
    assert bring(world, file(), name="My letters").team.name == "My letters"


def test_what_is_exported_imports_as_the_same(world: World) -> None:
    for team in queries.teams(world.workspace):
        assert team.current is not None
        exported = team.current.parsed().as_file()
        done = bring(world, write(exported))
        assert done.renamed == {}
        assert done.team.parsed_draft() == team.parsed_draft()


def test_a_team_moves_to_another_workspace(world: World) -> None:
    team = world.team("Support triage")
    assert team.current is not None
    reading = YamlFile().read(write(team.current.parsed().as_file()))
    there = world.stranger
    endpoint = Endpoint.objects.create(workspace=there.workspace, name="theirs", kind="rehearsal")
    EndpointModel.objects.create(endpoint=endpoint, name="rehearsal")
    done = import_team(actor=there, file=parse_reading(reading), reading=reading)
    version = publish(actor=there, team=done.team)
    assert {agent.spec.model.endpoint for agent in version.parsed().agents.values()} == {"theirs"}
    assert version.parsed().graph == team.current.parsed().graph


def test_the_documented_example_can_be_imported_and_published(world: World) -> None:
    found = re.search(r"^```yaml\n(format: troupe.team/v1\n.*?)^```$", DOCUMENT.read_text(), re.M | re.S)
    assert found
    done = bring(world, found[1])
    assert {problem.code for problem in done.problems} == {"import.model", "import.secret"}
    version = publish(actor=world.designer, team=done.team)
    assert version.parsed().tools["open_case"].effect == "writes"


def test_a_preset_begins_a_team_without_warnings(world: World) -> None:
    done = create_from_preset(actor=world.designer, name="one_agent", team_name="Helper")
    assert (done.team.name, done.team.pattern, done.problems) == ("Helper", "Single agent", [])
    assert done.reused == ["calculator", "current_time"]
    with pytest.raises(LookupError, match="no preset nothing"):
        create_from_preset(actor=world.designer, name="nothing")


def test_importing_belongs_to_designers(world: World) -> None:
    with pytest.raises(PermissionDenied):
        bring(world, file(), actor=world.operator)


def test_a_router_follows_a_renamed_agent_too(world: World) -> None:
    team = world.team("Support triage")
    assert team.current is not None
    exported = team.current.parsed().as_file()
    lead = exported.agents["triage_lead"].model_copy(update={"goal": "Another goal"})
    changed = exported.model_copy(update={"agents": exported.agents | {"triage_lead": lead}})
    done = import_team(actor=world.designer, file=changed)
    assert done.renamed == {"triage_lead": "triage_lead_2"}
    router = next(node for node in done.team.parsed_draft().nodes if node.kind == "router")
    assert router.config["agent"] == "triage_lead_2"


@pytest.mark.django_db(transaction=True)
def test_the_same_file_imported_by_several_at_once_comes_in_once(world: World) -> None:
    teams: list[str] = []

    def run() -> None:
        try:
            teams.append(bring(world, file()).team.name)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(teams) == ["Letters", "Letters 2", "Letters 3", "Letters 4"]
    assert Agent.objects.filter(key__startswith="scribe").count() == 1
    assert Tool.objects.filter(name__startswith="sums").count() == 1


def test_reading_is_not_needed(world: World) -> None:
    plain = create_agent(
        actor=world.designer,
        spec=AgentSpec.model_validate(
            {"name": "Plain", "model": {"endpoint": "rehearsal", "model": "rehearsal"}}
        ),
    )
    assert plain.key == "plain"
    reading = YamlFile().read(file(graph=BAD_GRAPH))
    with pytest.raises(Refused) as caught:
        import_team(actor=world.designer, file=parse_reading(Reading(reading.value, lambda _: None)))
    assert {problem.line for problem in caught.value.problems} == {None}
