"""Agents: each saved change is a new version, and no version ever changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents import queries
from agents.actions import agents as actions
from agents.actions.outcome import Conflict, Refused
from agents.actions.teams import archive_team
from agents.models import Agent, AgentVersion
from agents.topology.graph import AgentSpec, ModelRef
from studio.audit import AuditEntry
from tests.world import World

pytestmark = pytest.mark.django_db
MODEL = {"endpoint": "rehearsal", "model": "rehearsal"}


def spec(**fields: Any) -> AgentSpec:
    return AgentSpec.model_validate({"name": "Süd-Team Lead", "model": MODEL} | fields)


def test_a_new_agent_has_version_one_and_a_key_like_its_name(world: World) -> None:
    agent = actions.create_agent(actor=world.designer, spec=spec())
    assert agent.key == "sud_team_lead"
    assert agent.current is not None
    assert (agent.current.number, agent.current.created_by) == (1, world.designer.user)
    assert queries.spec_of(agent) == spec()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Reply writer", "reply_writer"),
        ("4th reviewer", "agent_4th_reviewer"),
        ("编辑", "agent"),
        ("-", "agent"),
        ("x" * 80, "x" * 48),
    ],
)
def test_keys_are_made_of_names(name: str, key: str) -> None:
    assert actions.key_from(name) == key


def test_two_agents_of_one_name_have_two_keys(world: World) -> None:
    keys = [actions.create_agent(actor=world.designer, spec=spec(name="x" * 80)).key for _ in range(3)]
    assert keys == ["x" * 48, "x" * 46 + "_2", "x" * 46 + "_3"]


def test_saving_makes_a_version_only_when_something_changed(world: World) -> None:
    agent = actions.create_agent(actor=world.designer, spec=spec())
    same = actions.save_agent(actor=world.admin, agent=agent, spec=spec())
    assert same.number == 1
    second = actions.save_agent(actor=world.admin, agent=agent, spec=spec(goal="Win"))
    assert second.number == 2
    agent.refresh_from_db()
    assert agent.current == second
    first = AgentVersion.objects.get(agent=agent, number=1)
    assert first.parsed() == spec()
    assert list(AuditEntry.objects.filter(object_id=str(agent.pk)).values_list("verb", flat=True)) == [
        "agent.saved",
        "agent.created",
    ]


def test_going_back_to_what_was_is_a_new_version_too(world: World) -> None:
    agent = actions.create_agent(actor=world.designer, spec=spec())
    actions.save_agent(actor=world.designer, agent=agent, spec=spec(goal="Win"))
    assert actions.save_agent(actor=world.designer, agent=agent, spec=spec()).number == 3


def test_a_change_on_top_of_an_old_version_is_a_conflict_that_names_who_was_first(world: World) -> None:
    agent = actions.create_agent(actor=world.designer, spec=spec())
    actions.save_agent(actor=world.admin, agent=agent, spec=spec(goal="Win"), based_on=1)
    with pytest.raises(Conflict, match="Admin saved Süd-Team Lead at") as caught:
        actions.save_agent(actor=world.designer, agent=agent, spec=spec(goal="Draw"), based_on=1)
    assert caught.value.revision == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"model": {"endpoint": "nowhere", "model": "x"}}, "model"),
        ({"model": {"endpoint": "rehearsal", "model": "gpt-9"}}, "model"),
        ({"tools": ["teleport"]}, "tools"),
        ({"tools": ["calculator", "calculator"]}, "tools"),
        ({"output": {"kind": "json", "schema": {"type": "nonsense"}}}, "output.schema"),
        ({"output": {"kind": "json", "schema": {"$ref": "https://evil.example/s"}}}, "output.schema"),
    ],
)
def test_what_an_agent_refers_to_must_be_there(world: World, fields: dict[str, Any], field: str) -> None:
    count = Agent.objects.count()
    with pytest.raises(Refused) as caught:
        actions.create_agent(actor=world.designer, spec=spec(**fields))
    assert {problem.field for problem in caught.value.problems} == {field}
    assert Agent.objects.count() == count
    with pytest.raises(Refused):
        actions.save_agent(actor=world.designer, agent=world.agent(), spec=spec(**fields))


def test_a_duplicate_says_the_same_under_another_name(world: World) -> None:
    copy = actions.duplicate_agent(actor=world.designer, agent=world.agent())
    assert (copy.key, copy.name) == ("writer_copy", "Writer copy")
    assert queries.spec_of(copy).goal == queries.spec_of(world.agent()).goal


def test_an_agent_of_a_team_cannot_be_archived_until_the_team_is(world: World) -> None:
    with pytest.raises(Refused, match="part of Blog pipeline"):
        actions.archive_agent(actor=world.designer, agent=world.agent())
    archive_team(actor=world.designer, team=world.team())
    agent = world.agent()
    actions.archive_agent(actor=world.designer, agent=agent)
    assert "writer" not in queries.catalog(world.workspace).agents
    assert agent.versions.count() == 1


def test_giving_many_agents_a_model_makes_a_version_of_each(world: World) -> None:
    model = ModelRef(endpoint="rehearsal", model="rehearsal-plain")
    versions = actions.use_model(actor=world.designer, agents=queries.agents(world.workspace), model=model)
    assert {version.number for version in versions} == {2}
    assert {queries.spec_of(agent).model for agent in queries.agents(world.workspace)} == {model}


def test_agents_belong_to_designers(world: World) -> None:
    agent = world.agent()
    for deed in (
        lambda: actions.create_agent(actor=world.operator, spec=spec()),
        lambda: actions.save_agent(actor=world.operator, agent=agent, spec=spec()),
        lambda: actions.duplicate_agent(actor=world.operator, agent=agent),
        lambda: actions.archive_agent(actor=world.operator, agent=agent),
    ):
        with pytest.raises(PermissionDenied, match="needs the role Designer"):
            deed()
