"""Teams: drafts are saved by revision, and a published version holds all it needs and never changes."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from agents import queries
from agents.actions import teams as actions
from agents.actions.agents import save_agent
from agents.actions.endpoints import create_endpoint, delete_endpoint
from agents.actions.outcome import Conflict, Refused
from agents.actions.tools import update_tool
from agents.models import Team, TeamVersion
from agents.publishing import problems_of
from agents.topology.canonical import digest
from agents.topology.graph import AgentSpec, Graph, ModelRef, dump
from studio.audit import AuditEntry
from tests.world import World

pytestmark = pytest.mark.django_db


def moved(team: Team, x: float) -> Graph:
    """The draft with its first node somewhere else."""
    draft = dump(team.parsed_draft())
    draft["nodes"][0]["position"] = {"x": x, "y": 0.0}
    return Graph.model_validate(draft)


def changed(team: Team, node: str, **config: Any) -> Graph:
    draft = dump(team.parsed_draft())
    for one in draft["nodes"]:
        if one["id"] == node:
            one["config"] = {**one["config"], **config}
    return Graph.model_validate(draft)


def save(world: World, team: Team, graph: Graph) -> Team:
    return actions.save_draft(actor=world.designer, team=team, graph=graph, revision=team.draft_revision)


# ── drafts ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_new_team_has_a_way_in_and_a_way_out(world: World) -> None:
    team = actions.create_team(actor=world.designer, name=" Research ")
    assert team.name == "Research"
    assert [node.kind for node in team.parsed_draft().nodes] == ["input", "output"]
    assert {problem.code for problem in problems_of(team)} == {"node.unreachable", "node.dead_end"}


def test_the_fields_of_a_schema_stay_in_the_order_their_author_gave_them(world: World) -> None:
    """Through the draft, its next order and the published version: a database would sort them by itself."""
    team = world.team()
    for order in (["ticket", "plan", "amount"], ["plan", "amount", "ticket"]):
        schema = {"type": "object", "properties": {name: {"type": "string"} for name in order}}
        team = save(world, team, changed(team, "input", schema=schema))
        stored = dump(Team.objects.get(pk=team.pk).parsed_draft())
        assert list(stored["nodes"][0]["config"]["schema"]["properties"]) == order
    version = TeamVersion.objects.get(pk=actions.publish(actor=world.designer, team=team).pk)
    assert list(version.content["graph"]["nodes"][0]["config"]["schema"]["properties"]) == order


def test_saving_a_draft_moves_its_revision_on(world: World) -> None:
    team = world.team()
    saved = save(world, team, moved(team, 5))
    assert saved.draft_revision == team.draft_revision + 1
    assert saved.parsed_draft() == moved(team, 5)
    assert saved.draft_saved_by == world.designer.user


def test_saving_what_is_there_changes_nothing(world: World) -> None:
    team = world.team()
    assert save(world, team, team.parsed_draft()).draft_revision == team.draft_revision


def test_a_save_on_top_of_an_older_revision_is_a_conflict_that_names_who_and_when(world: World) -> None:
    team = world.team()
    first = actions.save_draft(actor=world.admin, team=team, graph=moved(team, 1), revision=1)
    with pytest.raises(Conflict, match=r"Admin saved Blog pipeline at \d\d:\d\d UTC") as caught:
        actions.save_draft(actor=world.designer, team=team, graph=moved(team, 2), revision=1)
    assert (caught.value.who, caught.value.revision) == ("Admin", 2)
    assert caught.value.when == first.draft_saved_at
    team.refresh_from_db()
    assert team.parsed_draft() == moved(team, 1)


def test_an_autosave_sitting_leaves_one_audit_entry(world: World) -> None:
    team = actions.create_team(actor=world.admin, name="Quiet")
    for x in range(3):
        team = save(world, team, moved(team, x + 1))
    assert AuditEntry.objects.filter(verb="team.draft_saved", object_id=str(team.pk)).count() == 1


def test_a_draft_with_problems_can_be_saved_but_not_published(world: World) -> None:
    team = world.team()
    team = save(world, team, changed(team, "draft", agent="nobody"))
    with pytest.raises(Refused) as caught:
        actions.publish(actor=world.designer, team=team)
    (problem,) = caught.value.problems
    assert (problem.node, problem.field) == ("draft", "agent")
    assert "nobody" in problem.message
    assert problem.fix
    assert TeamVersion.objects.filter(team=team).count() == 1


def test_a_draft_beyond_all_bounds_is_refused(world: World) -> None:
    team = world.team()
    with pytest.raises(Refused, match="MB large"):
        save(world, team, changed(team, "draft", junk=["x" * 1_000] * 2_100))


# ── versions ────────────────────────────────────────────────────────────────────────────────────────
def test_a_version_holds_agents_and_tools_with_what_their_kinds_say(world: World) -> None:
    version = world.team("Support triage").current
    assert version is not None
    pinned = version.parsed()
    assert set(pinned.agents) == {
        "triage_lead",
        "billing_specialist",
        "technical_specialist",
        "customer_care",
    }
    assert {agent.version for agent in pinned.agents.values()} == {1}
    refund = pinned.tools["record_refund"]
    assert refund.description.startswith("Records a proposed refund")
    assert refund.parameters["required"] == ["key", "text"]
    assert version.digest == digest(pinned)


def test_publishing_an_unchanged_draft_gives_the_same_version(world: World) -> None:
    team = world.team()
    again = actions.publish(actor=world.designer, team=team, note="again")
    assert again == team.current
    assert not queries.has_unpublished_changes(team)


def test_a_changed_agent_or_tool_reaches_a_team_only_by_publishing(world: World) -> None:
    team = world.team("Support triage")
    before = team.current
    assert before is not None
    agent = world.agent("customer_care")
    spec = queries.spec_of(agent).model_copy(update={"goal": "Be quick."})
    save_agent(actor=world.designer, agent=agent, spec=AgentSpec.model_validate(dump(spec)))
    tool = world.tool("record_refund")
    rule = tool.parsed().model_copy(update={"approval": "size(args.text) > 100"})
    update_tool(actor=world.designer, tool=tool, spec=rule)
    before.refresh_from_db()
    assert before.parsed().agents["customer_care"].spec.goal != "Be quick."
    after = actions.publish(actor=world.designer, team=team, note="Quicker").parsed()
    assert (after.agents["customer_care"].version, after.agents["triage_lead"].version) == (2, 1)
    assert after.tools["record_refund"].spec.approval == "size(args.text) > 100"
    assert before.digest == digest(before.parsed())


def test_publishing_names_every_problem_of_graph_agents_and_tools(world: World) -> None:
    team = world.team("Support triage")
    office = create_endpoint(actor=world.admin, name="Office", base_url="https://x.org/v1", models=["m"])
    lead = world.agent("triage_lead")
    model = ModelRef(endpoint="Office", model="m")
    save_agent(
        actor=world.designer, agent=lead, spec=queries.spec_of(lead).model_copy(update={"model": model})
    )
    office.models.all().delete()
    world.tool("record_refund").__class__.objects.filter(name="record_refund").update(config={"old": 1})
    save(world, team, changed(team, "general", agent="nobody"))
    with pytest.raises(Refused) as caught:
        actions.publish(actor=world.designer, team=team)
    assert {(problem.node, problem.code) for problem in caught.value.problems} == {
        ("general", "agent.unknown"),
        ("triage", "agent.model"),
        ("billing", "tool.unusable"),
    }


def test_publishing_another_revision_than_the_one_seen_is_a_conflict(world: World) -> None:
    team = world.team()
    actions.save_draft(actor=world.admin, team=team, graph=moved(team, 1), revision=1)
    with pytest.raises(Conflict):
        actions.publish(actor=world.designer, team=team, revision=1)


def test_an_unused_endpoint_does_not_keep_a_team_from_being_published(world: World) -> None:
    delete_endpoint(actor=world.admin, endpoint=world.endpoint("local"))
    assert problems_of(world.team()) == []


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_once_do_not_overwrite_each_other(world: World) -> None:
    team = world.team()
    outcomes: list[str] = []

    def run(x: float) -> None:
        try:
            actions.save_draft(actor=world.designer, team=team, graph=moved(team, x), revision=1)
            outcomes.append("saved")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(x,)) for x in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "conflict", "conflict", "saved"]


# ── the rest ────────────────────────────────────────────────────────────────────────────────────────
def test_a_duplicate_has_the_draft_and_no_versions(world: World) -> None:
    copy = actions.duplicate_team(actor=world.designer, team=world.team())
    assert (copy.name, copy.current) == ("Blog pipeline copy", None)
    assert copy.parsed_draft() == world.team().parsed_draft()
    assert actions.duplicate_team(actor=world.designer, team=world.team()).name == "Blog pipeline copy 2"


def test_an_archived_team_is_out_of_sight_but_keeps_its_versions(world: World) -> None:
    team = world.team()
    actions.archive_team(actor=world.designer, team=team)
    assert team.name not in [one.name for one in queries.teams(world.workspace)]
    assert TeamVersion.objects.filter(team=team).count() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_a_name_that_a_file_could_not_hold_is_refused(world: World, name: str) -> None:
    with pytest.raises(Refused) as caught:
        actions.rename_team(actor=world.designer, team=world.team(), name=name)
    assert [problem.field for problem in caught.value.problems] == ["name"]
    with pytest.raises(Refused):
        actions.create_team(actor=world.designer, name=name)


def test_teams_belong_to_designers(world: World) -> None:
    team = world.team()
    for deed in (
        lambda: actions.create_team(actor=world.operator, name="x"),
        lambda: actions.save_draft(actor=world.operator, team=team, graph=moved(team, 1), revision=1),
        lambda: actions.publish(actor=world.operator, team=team),
        lambda: actions.rename_team(actor=world.operator, team=team, name="x"),
        lambda: actions.duplicate_team(actor=world.operator, team=team),
        lambda: actions.archive_team(actor=world.operator, team=team),
    ):
        with pytest.raises(PermissionDenied, match="needs the role Designer"):
            deed()
