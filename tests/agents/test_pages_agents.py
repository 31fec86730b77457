"""Agents on their pages: the list, the editor that makes versions, and versions compared."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from agents import queries
from agents.actions.agents import create_agent, save_agent
from agents.models import Agent, Endpoint, Tool
from agents.spec_diff import changes, pieces
from agents.topology.graph import AgentSpec, ModelRef
from tests.agents.pages import HTMX, SCHEMA, as_shown, filled, model_id, text, url
from tests.world import World, signed_in


@pytest.fixture
def designer(world: World) -> Client:
    return signed_in(world.designer)


def clerk(world: World) -> Agent:
    return queries.agents(world.workspace).get(key="clerk")


# ── the list ────────────────────────────────────────────────────────────────────────────────────────
def test_numbers_in_names_are_ordered_by_their_size(world: World, designer: Client) -> None:
    names = ["Agent 10", "Agent 2", "agent 1", "Agent 2b", "Agent 1000000000000", "Agent 02"]
    model = ModelRef(endpoint="rehearsal", model="rehearsal")
    for name in names:
        create_agent(actor=world.designer, spec=AgentSpec(name=name, model=model))
    ordered = ["agent 1", "Agent 02", "Agent 2", "Agent 2b", "Agent 10", "Agent 1000000000000"]
    listed = [row.name for row in queries.agents(world.workspace) if row.name.lower().startswith("agent ")]
    assert listed == ordered
    page = text(designer.get(url(world, "agents"), {"q": "agent "}))
    places = [page.index(f">{name}<") for name in ordered]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "record_refund"}, ["Billing specialist"]),
        ({"q": "managing"}, ["Editor"]),
        ({"used": "no"}, []),
        ({"model": "local/smollm2-135m"}, None),
    ],
)
def test_agents_are_found_by_what_they_are_and_have(
    world: World, query: dict[str, str], found: list[str] | None
) -> None:
    page = signed_in(world.viewer).get(url(world, "agents"), query)
    names = [row.agent.name for row in page.context["page"].object_list]
    everybody = [agent.name for agent in queries.agents(world.workspace)]
    default = queries.default_model(world.workspace)
    local = everybody if default and default.endpoint == "local" else []
    assert names == (local if found is None else found)


def test_an_empty_workspace_teaches_what_an_agent_is(world: World) -> None:
    slug = world.stranger.workspace.slug
    assert "No agent yet" in text(signed_in(world.stranger).get(f"/w/{slug}/agents/"))


def test_viewers_read_an_agent_without_a_form(world: World) -> None:
    said = text(signed_in(world.viewer).get(url(world, "agent", world.agent("billing_specialist").pk)))
    assert "Settle a billing question in one reply." in said
    assert "record_refund" in said
    for word in ("<textarea", "Save", "Duplicate", "Archive", "Try it"):
        assert word not in said


# ── the editor ──────────────────────────────────────────────────────────────────────────────────────
def test_a_new_agent_is_made_of_what_was_entered(world: World, designer: Client) -> None:
    form = filled(world, tools=["calculator"], output="form", schema=json.dumps(SCHEMA), temperature="0.3")
    answer = designer.post(url(world, "agent_new"), form, headers=HTMX)
    made = clerk(world)
    assert answer["HX-Redirect"] == url(world, "agent", made.pk)
    spec = queries.spec_of(made)
    assert spec.instructions == "First this.\nThen that."
    assert spec.output.json_schema == SCHEMA
    assert (spec.tools, spec.parameters.temperature, spec.parameters.max_tokens) == (["calculator"], 0.3, 200)


def test_a_new_agent_begins_with_the_default_model(world: World, designer: Client) -> None:
    default = queries.default_model(world.workspace)
    form = designer.get(url(world, "agent_new")).context["form"]
    assert default is not None
    assert form.refs[form["model"].value()] == default


def test_saving_what_is_shown_changes_nothing(world: World, designer: Client) -> None:
    for row in queries.agents(world.workspace):
        address = url(world, "agent", row.pk)
        answer = designer.post(address, as_shown(designer, address), headers=HTMX)
        assert "Nothing changed since v1." in answer["HX-Trigger"], row.name
        assert row.versions.count() == 1


def test_a_change_makes_a_new_version_and_the_head_is_exchanged(world: World, designer: Client) -> None:
    row = world.agent("billing_specialist")
    address = url(world, "agent", row.pk)
    answer = designer.post(address, as_shown(designer, address) | {"goal": "Other."}, headers=HTMX)
    assert "v2 saved." in answer["HX-Trigger"]
    said = text(answer)
    assert '<hx-partial hx-target="#agent-head">' in said
    assert 'name="based_on" value="2"' in said
    assert "<textarea" not in said
    row.refresh_from_db()
    assert queries.spec_of(row).goal == "Other."
    assert designer.post(address, as_shown(designer, address)).status_code == 302


def test_every_mistake_stands_at_its_field_and_nothing_is_lost(world: World, designer: Client) -> None:
    wrong = filled(
        world,
        name="",
        role="x" * 201,
        goal="kept",
        temperature="9",
        max_tokens="0",
        top_p="0",
        retries="many",
        output="json",
        schema='{"type": }',
        stop="a\nb\nc\nd\ne",
    )
    answer = designer.post(url(world, "agent_new"), wrong, headers=HTMX)
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert set(errors) >= {"name", "role", "temperature", "max_tokens", "retries", "schema", "stop"}
    assert "line 1, column 10" in errors["schema"][0]
    said = text(answer)
    assert "kept</textarea>" in said
    assert "<html" not in said
    left = filled(world, top_p="0", model="", tools=["no_such_tool"])
    errors = designer.post(url(world, "agent_new"), left).context["form"].errors
    assert set(errors) == {"model", "tools"}
    errors = designer.post(url(world, "agent_new"), filled(world, top_p="0")).context["form"].errors
    assert set(errors) == {"top_p"}
    assert not Agent.objects.filter(workspace=world.workspace, key="clerk").exists()


@pytest.mark.parametrize("schema", ["", "[]", '{"type": "nonsense"}', '{"$ref": "https://example.org/x"}'])
def test_a_schema_that_cannot_be_used_is_refused_at_its_field(
    world: World, designer: Client, schema: str
) -> None:
    answer = designer.post(url(world, "agent_new"), filled(world, output="json", schema=schema))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"schema"}


def test_somebody_faster_is_said_and_nothing_is_overwritten(world: World, designer: Client) -> None:
    row = world.agent("billing_specialist")
    address = url(world, "agent", row.pk)
    mine = as_shown(designer, address) | {"goal": "Mine."}
    spec = queries.spec_of(row).model_copy(update={"goal": "Theirs."})
    save_agent(actor=world.owner, agent=row, spec=spec)
    answer = designer.post(address, mine, headers=HTMX)
    assert answer.status_code == 409
    said = text(answer)
    assert "Olga saved Billing specialist" in said
    assert "Mine." in said
    assert 'name="based_on" value="2"' in said
    row.refresh_from_db()
    assert queries.spec_of(row).goal == "Theirs."
    again = designer.post(address, mine | {"based_on": "2"}, headers=HTMX)
    assert "v3 saved." in again["HX-Trigger"]


def test_a_model_and_a_tool_that_are_gone_are_shown_and_kept_until_changed(
    world: World, designer: Client
) -> None:
    row = world.agent("billing_specialist")
    Endpoint.objects.filter(pk=world.endpoint().pk).update(name="renamed")
    Tool.objects.filter(workspace=world.workspace, name="calculator").delete()
    address = url(world, "agent", row.pk)
    said = text(designer.get(address))
    assert "not set up here" in said
    assert "not there" in said
    refused = designer.post(address, as_shown(designer, address) | {"goal": "Other."})
    assert set(refused.context["form"].errors) == {"model", "tools"}


def test_the_picker_says_what_a_model_can_do_and_costs(world: World, designer: Client) -> None:
    plain = designer.get(url(world, "agent_model"), {"model": model_id(world, "rehearsal-plain")})
    assert "cannot" in text(plain)
    assert "$0.40" in text(plain)
    assert "Choose a model" in text(designer.get(url(world, "agent_model"), {"model": ""}))
    other = model_id(world)
    stranger = signed_in(world.stranger)
    assert stranger.get(f"/w/elsewhere/agents/model/?model={other}").status_code == 404


def test_an_agent_is_duplicated_and_archived_unless_a_team_uses_it(world: World, designer: Client) -> None:
    row = world.agent("billing_specialist")
    refused = designer.post(url(world, "agent_delete", row.pk), follow=True)
    assert "Billing specialist is part of Support triage." in text(refused)
    designer.post(url(world, "agent_duplicate", row.pk))
    copy = queries.agents(world.workspace).get(name="Billing specialist copy")
    done = designer.post(url(world, "agent_delete", copy.pk), follow=True)
    assert "has been archived" in text(done)
    assert designer.get(url(world, "agent", copy.pk)).status_code == 404


# ── versions ────────────────────────────────────────────────────────────────────────────────────────
def test_versions_are_compared_field_by_field(world: World, designer: Client) -> None:
    row = world.agent("billing_specialist")
    first = queries.spec_of(row)
    second = AgentSpec.model_validate(
        first.model_dump(by_alias=True)
        | {
            "instructions": first.instructions.replace("100 words", "80 words"),
            "tools": ["calculator", "current_time"],
            "output": {"kind": "json", "schema": SCHEMA},
        }
    )
    save_agent(actor=world.designer, agent=row, spec=second)
    page = designer.get(url(world, "agent_versions", row.pk))
    labels = [change.label for change in page.context["changes"]]
    assert labels == ["Instructions", "Tools", "Output", "Output schema"]
    said = text(page)
    assert '<del class="was">100</del><ins class="now">80</ins>' in said
    assert '<ins class="now wrap-anywhere">current_time</ins>' in said
    assert "Edit from v" not in said
    back = designer.get(url(world, "agent_versions", row.pk), {"a": "2", "b": "1"})
    assert "Edit from v1" in text(back)
    assert designer.get(url(world, "agent_versions", row.pk), {"b": "9"}).status_code == 404
    begun = designer.get(url(world, "agent", row.pk), {"from": "1"})
    assert begun.context["form"]["tools"].value() == ["calculator", "record_refund"]
    assert begun.context["form"]["based_on"].value() == 2


def test_long_texts_are_compared_line_by_line() -> None:
    old = "\n".join(f"line {n} of many words here" for n in range(900))
    found = pieces(old, old.replace("line 450 ", "line x "))
    assert [piece.text for piece in found if piece.op != "same"] == [
        "line 450 of many words here\n",
        "line x of many words here\n",
    ]


def test_equal_versions_have_no_changes() -> None:
    spec = AgentSpec(name="A", model=ModelRef(endpoint="e", model="m"))
    assert changes(spec, spec) == []


def test_the_editor_is_filled_with_an_agent_made_by_the_api(world: World, designer: Client) -> None:
    spec = AgentSpec.model_validate(
        {
            "name": "Full",
            "model": {"endpoint": "rehearsal", "model": "rehearsal"},
            "parameters": {"temperature": 0, "top_p": 0.5, "seed": 7, "stop": ["END"], "max_tokens": 10},
            "limits": {"timeout_s": 1.5, "retries": 0, "max_tool_rounds": 0, "corrective_turns": 0},
        }
    )
    made = create_agent(actor=world.designer, spec=spec)
    address = url(world, "agent", made.pk)
    shown = as_shown(designer, address) | {"stop": "END"}
    answer = designer.post(address, shown, headers=HTMX)
    assert "Nothing changed since v1." in answer["HX-Trigger"]
