"""A new workspace is furnished once, with teams that can be published and run as they are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from agents import queries
from agents.actions.agents import archive_agent
from agents.actions.teams import archive_team, rename_team
from agents.models import Agent, Endpoint, EndpointModel, Team, Tool
from agents.presets.registry import EXAMPLES, preset, presets
from agents.seed import furnish, switch_examples
from agents.topology.check import Catalog, check
from agents.topology.graph import EdgeKind, ModelRef
from agents.topology.view import GraphView
from studio.workspaces.access import Member, Role
from studio.workspaces.actions import create_workspace
from studio.workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Member:
    return create_workspace(user=User.objects.create_user("olga@example.org"), name="Acme")


def test_a_new_workspace_has_models_tools_and_published_teams(owner: Member) -> None:
    teams = queries.teams(owner.workspace)
    assert [team.name for team in teams] == ["Blog pipeline", "Market brief", "Support triage"]
    assert all(team.current is not None and team.current.number == 1 for team in teams)
    assert set(Endpoint.objects.values_list("name", flat=True)) == {"local", "rehearsal"}
    assert {"calculator", "current_time", "http_request", "notes_read", "notes_write"} <= set(
        Tool.objects.values_list("name", flat=True)
    )


def test_furnishing_again_adds_nothing(owner: Member) -> None:
    models = (Agent, Team, Tool, Endpoint, EndpointModel)
    before = [model.objects.count() for model in models]
    furnish(owner)
    assert [model.objects.count() for model in models] == before


def test_an_example_that_was_archived_or_renamed_stays_so(owner: Member) -> None:
    blog, market, _ = queries.teams(owner.workspace)
    archive_team(actor=owner, team=blog)
    rename_team(actor=owner, team=market, name="Our brief")
    furnish(owner)
    assert [team.name for team in queries.teams(owner.workspace)] == ["Our brief", "Support triage"]


@pytest.mark.parametrize(
    ("local", "endpoint", "model"),
    [("http://127.0.0.1:9999/v1", "local", "smollm2-135m"), ("", "rehearsal", "rehearsal")],
)
def test_examples_use_the_local_model_if_it_runs_else_the_rehearsal_model(
    settings: Settings, local: str, endpoint: str, model: str
) -> None:
    settings.LOCAL_MODEL_URL = local
    owner = create_workspace(user=User.objects.create_user("olga@example.org"), name="Acme")
    used = {queries.spec_of(agent).model for agent in queries.agents(owner.workspace)}
    assert used == {ModelRef(endpoint=endpoint, model=model)}


def test_an_openai_endpoint_comes_with_a_key_and_known_prices(settings: Settings) -> None:
    settings.OPENAI_API_KEY = "sk-test-0123456789abcdef"
    owner = create_workspace(user=User.objects.create_user("olga@example.org"), name="Acme")
    endpoint = queries.endpoints(owner.workspace).get(name="openai")
    assert endpoint.key_hint.endswith("cdef")
    assert "0123456789" not in endpoint.key_encrypted
    prices = [queries.price_of(model) for model in endpoint.models.all()]
    assert len(prices) == 2
    assert all(price is not None and price.output > price.input > 0 for price in prices)


def test_prices_say_that_nothing_is_charged(owner: Member) -> None:
    models = EndpointModel.objects.select_related("endpoint").prefetch_related("prices")
    by_name = {model.name: queries.price_of(model) for model in models}
    local, rehearsal = by_name["smollm2-135m"], by_name["rehearsal"]
    assert local is not None
    assert rehearsal is not None
    assert (int(local.input), int(local.output), local.source) == (0, 0, "runs on this machine")
    assert rehearsal.source == "demonstration price: nothing is charged"
    assert rehearsal.output > 0


def test_the_models_of_an_endpoint_may_differ_in_what_they_can(owner: Member) -> None:
    refs = [ModelRef(endpoint="rehearsal", model=name) for name in ("rehearsal", "rehearsal-plain")]
    resolved = queries.resolve_models(owner.workspace.pk, refs)
    assert resolved["rehearsal", "rehearsal"].capabilities["tools"] is True
    assert resolved["rehearsal", "rehearsal-plain"].capabilities["json_schema"] is False
    assert resolved["rehearsal", "rehearsal-plain"].capabilities["streaming"] is True


def test_one_agent_of_the_examples_has_a_tool_that_a_person_must_approve(owner: Member) -> None:
    team = queries.teams(owner.workspace).get(name="Support triage")
    assert team.current is not None
    pinned = team.current.parsed()
    assert set(pinned.tools) == {"calculator", "record_refund"}
    assert pinned.tools["record_refund"].spec.approval == "true"
    assert pinned.tools["record_refund"].effect == "idempotent"
    assert pinned.agents["billing_specialist"].spec.tools == ["calculator", "record_refund"]


def test_switching_the_examples_gives_every_agent_the_model_and_publishes(owner: Member) -> None:
    plain = ModelRef(endpoint="rehearsal", model="rehearsal-plain")
    switch_examples(owner, plain)
    for team in queries.teams(owner.workspace):
        assert team.current is not None
        assert team.current.number == 2
        assert {agent.spec.model for agent in team.current.parsed().agents.values()} == {plain}


def test_the_command_furnishes_the_workspace_it_names(owner: Member) -> None:
    for team in queries.teams(owner.workspace):
        archive_team(actor=owner, team=team)
    for agent in queries.agents(owner.workspace):
        archive_agent(actor=owner, agent=agent)
    Team.objects.all().delete()
    call_command("seed", workspace=owner.workspace.slug, model="rehearsal/rehearsal", verbosity=0)
    assert queries.teams(owner.workspace).count() == 3


def test_the_command_makes_the_first_workspace() -> None:
    call_command("seed", verbosity=0)
    assert Workspace.objects.count() == 1
    assert queries.teams(Workspace.objects.get()).count() == 3


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"workspace": "nowhere"}, "no workspace nowhere"),
        ({"model": "rehearsal"}, "ENDPOINT/MODEL"),
        ({"model": "rehearsal/nothing"}, "no model nothing"),
    ],
)
def test_the_command_says_what_is_wrong(options: dict[str, str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("seed", verbosity=0, **options)


def test_only_a_designer_can_be_furnished_for(owner: Member) -> None:
    viewer = Member(owner.user, owner.workspace, Role.VIEWER)
    Endpoint.objects.all().delete()
    with pytest.raises(Exception, match="needs the role Admin"):
        furnish(viewer)


@pytest.mark.parametrize("one", presets(), ids=lambda one: one.name)
def test_a_preset_has_no_problem_not_even_a_warning(one: object) -> None:
    file = preset(str(getattr(one, "name", ""))).file
    assert check(file.graph, Catalog(agents=file.agents, tools=file.tools)) == []


@pytest.mark.parametrize("one", presets(), ids=lambda one: one.name)
def test_a_preset_says_what_it_is_for_and_what_not(one: object) -> None:
    found = preset(str(getattr(one, "name", "")))
    for text in (found.summary, found.use_when, found.avoid_when):
        assert 20 < len(text) < 160
        assert text.endswith(".")


@pytest.mark.parametrize("one", presets(), ids=lambda one: one.name)
def test_a_preset_is_laid_out_from_left_to_right_with_workers_below(one: object) -> None:
    graph = preset(str(getattr(one, "name", ""))).file.graph
    at = {node.id: node.position for node in graph.nodes}
    back = GraphView(graph).back_edges
    for edge in graph.edges:
        if edge.kind is EdgeKind.FLOW and edge.id not in back:
            assert at[edge.source].x < at[edge.target].x
        elif edge.kind is EdgeKind.DELEGATES:
            assert at[edge.source].y < at[edge.target].y
    places = sorted((p.x, p.y) for p in at.values())
    for (x1, y1), (x2, y2) in pairwise(places):
        assert x2 - x1 >= 132 or abs(y2 - y1) >= 132


def test_presets_bound_what_an_agent_may_write() -> None:
    for one in presets():
        assert all(agent.parameters.max_tokens <= 400 for agent in one.file.agents.values())
        assert one.file.graph.limits.cost_usd is not None
    assert set(EXAMPLES) <= {one.name for one in presets()}
