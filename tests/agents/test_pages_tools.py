"""Tools and notes on their pages: forms made from the kind, secrets kept apart, rules tried."""

from __future__ import annotations

import pytest
from django.test import Client

from agents.actions.tools import create_tool
from agents.models import Note, Tool
from agents.topology.graph import ToolSpec
from tests.agents.pages import HTMX, text, url
from tests.world import World, signed_in

HEADERS = {
    "config-headers-0-name": "Authorization",
    "config-headers-0-value": "Bearer s3cret",
    "config-headers-0-secret": "on",
    "config-headers-2-name": "X-Team",
    "config-headers-2-value": "blue",
}
HTTP: dict[str, str | list[str]] = {
    "name": "crm",
    "description": "Asks the CRM.",
    "config-hosts": "api.example.com\r\n*.example.org\r\n",
    "config-methods": ["GET", "POST"],
    "config-max_bytes": "65536",
    **HEADERS,
}


@pytest.fixture
def designer(world: World) -> Client:
    return signed_in(world.designer)


def kind_url(world: World, kind: str) -> str:
    return f"{url(world, 'tool_new')}?kind={kind}"


def crm(world: World) -> Tool:
    return Tool.objects.get(workspace=world.workspace, name="crm")


# ── the list ────────────────────────────────────────────────────────────────────────────────────────
def test_the_list_says_effect_rule_and_users(world: World) -> None:
    said = text(signed_in(world.viewer).get(url(world, "tools")))
    for word in ("record_refund", "always", "repeatable", "Billing specialist", "exactly"):
        assert word.lower() in said.lower()
    assert "New tool" not in said


def test_viewers_read_a_tool_and_designers_get_its_form(world: World, designer: Client) -> None:
    row = world.tool("record_refund")
    read = text(signed_in(world.viewer).get(url(world, "tool", row.pk)))
    assert "refunds/" in read
    assert "<textarea" not in read
    form = text(designer.get(url(world, "tool", row.pk)))
    assert 'name="config-prefix"' in form
    assert "Only keys that begin with" in form


# ── making and changing ─────────────────────────────────────────────────────────────────────────────
def test_a_new_tool_begins_with_the_choice_of_its_kind(world: World, designer: Client) -> None:
    said = text(designer.get(url(world, "tool_new")))
    assert "HTTP request" in said
    assert "?kind=http_request" in said


def test_a_form_made_from_the_kind_keeps_secrets_apart(world: World, designer: Client) -> None:
    answer = designer.post(kind_url(world, "http_request"), HTTP)
    assert answer["Location"] == url(world, "tools")
    made = crm(world)
    assert made.config == {
        "hosts": ["api.example.com", "*.example.org"],
        "methods": ["GET", "POST"],
        "headers": [
            {"name": "Authorization", "secret": True},
            {"name": "X-Team", "value": "blue", "secret": False},
        ],
    }
    assert set(made.secrets) == {"Authorization"}
    page = text(designer.get(url(world, "tool", made.pk)))
    assert "s3cret" not in page
    assert "stored; empty keeps it" in page
    assert "writes" in page


def test_a_secret_is_kept_when_its_field_stays_empty_and_asked_for_on_new_hosts(
    world: World, designer: Client
) -> None:
    designer.post(kind_url(world, "http_request"), HTTP)
    made = crm(world)
    kept = HTTP | {"config-headers-0-value": "", "description": "Other words."}
    assert designer.post(url(world, "tool", made.pk), kept).status_code == 302
    made.refresh_from_db()
    assert set(made.secrets) == {"Authorization"}
    assert made.description == "Other words."
    moved = kept | {"config-hosts": "evil.example.net"}
    refused = designer.post(url(world, "tool", made.pk), moved)
    assert refused.status_code == 422
    assert "Enter it again for the new hosts." in text(refused)
    assert "evil.example.net" in text(refused)


def test_every_mistake_stands_at_its_field_and_nothing_is_lost(world: World, designer: Client) -> None:
    wrong: dict[str, str | list[str]] = {
        "name": "Not A Key",
        "approval": "args.amount >",
        "config-hosts": "api.example.com\nnot a host/",
        "config-methods": [],
        "config-max_bytes": "12",
        "config-headers-0-value": "without a name",
    }
    answer = designer.post(kind_url(world, "http_request"), wrong)
    assert answer.status_code == 422
    said = text(answer)
    assert "greater than or equal to 256" in said
    assert "Row 1, name: This field is required." in said
    assert 'value="without a name"' in said
    mended = wrong | {
        "config-methods": ["GET"],
        "config-max_bytes": "512",
        "config-headers-0-name": "X-Team",
    }
    said = text(designer.post(kind_url(world, "http_request"), mended))
    assert "is no host" in said
    mended |= {"config-hosts": "api.example.com"}
    said = text(designer.post(kind_url(world, "http_request"), mended))
    assert "Use lower-case letters" in said
    assert "not valid CEL" in said
    assert not Tool.objects.filter(workspace=world.workspace, name="Not A Key").exists()


def test_what_says_the_default_is_not_stored(world: World, designer: Client) -> None:
    designer.post(kind_url(world, "current_time"), {"name": "clock", "config-time_zone": "UTC"})
    assert Tool.objects.get(name="clock", workspace=world.workspace).config == {}


def test_a_tool_in_use_is_neither_renamed_nor_deleted(world: World, designer: Client) -> None:
    row = world.tool("record_refund")
    refused = designer.post(url(world, "tool", row.pk), {"name": "other", "config-prefix": "refunds/"})
    assert refused.status_code == 422
    assert "Billing specialist uses it" in text(refused)
    answer = designer.post(url(world, "tool_delete", row.pk), follow=True)
    assert "Billing specialist uses it" in text(answer)
    spare = create_tool(actor=world.designer, name="spare", spec=ToolSpec(kind="calculator"))
    answer = designer.post(url(world, "tool_delete", spare.pk), follow=True)
    assert "spare has been deleted." in text(answer)


def test_a_tool_of_a_kind_that_is_not_installed_can_still_be_read(world: World, designer: Client) -> None:
    row = world.tool("current_time")
    Tool.objects.filter(pk=row.pk).update(kind="gone")
    assert "not installed" in text(designer.get(url(world, "tool", row.pk)))
    assert designer.get(url(world, "tools")).status_code == 200


# ── rules ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("rule", "sample", "says"),
    [
        ("", '{"key": "a", "text": "b"}', "Runs without asking"),
        ("true", '{"key": "a", "text": "b"}', "Asks a person"),
        ("size(args.text) > 3", '{"key": "a", "text": "b"}', "Runs without asking"),
        ("size(args.text) > 3", '{"key": "a", "text": "long"}', "Asks a person"),
        ("args.amount > 5", '{"key": "a", "text": "b"}', "because the rule fails"),
        ("args.text", '{"key": "a", "text": "b"}', "because the rule fails"),
        ("args.text >", '{"key": "a", "text": "b"}', "This rule cannot be saved"),
        ("true", '{"key": 5}', "would be refused before the rule is asked"),
        ("true", "{", "not valid JSON"),
    ],
)
def test_a_rule_is_tried_on_sample_arguments_as_the_engine_would(
    world: World, designer: Client, rule: str, sample: str, says: str
) -> None:
    form = {"name": "x", "approval": rule, "sample": sample, "config-prefix": ""}
    answer = designer.post(f"{url(world, 'tool_rule')}?kind=notes_write", form, headers=HTMX)
    assert answer.status_code == 200
    assert says in text(answer)


def test_the_trial_reads_the_configuration_as_it_is_being_written(world: World, designer: Client) -> None:
    form = HTTP | {"approval": "args.method == 'POST'", "sample": '{"url": "https://a", "method": "POST"}'}
    answer = designer.post(f"{url(world, 'tool_rule')}?kind=http_request", form)
    assert "Asks a person" in text(answer)
    assert "writes" in text(answer)
    assert designer.post(url(world, "tool_rule"), form).status_code == 404


# ── notes ───────────────────────────────────────────────────────────────────────────────────────────
def test_notes_are_listed_found_read_corrected_and_deleted(world: World, designer: Client) -> None:
    designer.post(url(world, "note_new"), {"key": "brief/acme", "text": "One\r\ntwo"})
    row = Note.objects.get(workspace=world.workspace, key="brief/acme")
    assert row.text == "One\ntwo"
    assert row.written_by == "Designer"
    assert "brief/acme" in text(designer.get(url(world, "notes"), {"q": "TWO"}))
    assert "No note says that" in text(designer.get(url(world, "notes"), {"q": "three"}))
    again = designer.post(url(world, "note_new"), {"key": "brief/acme", "text": "lost?"}, headers=HTMX)
    assert again.status_code == 422
    assert "lost?" in text(again)
    read = text(signed_in(world.viewer).get(url(world, "note", row.pk), headers=HTMX))
    assert "One\ntwo" in read
    assert "<textarea" not in read
    designer.post(url(world, "note", row.pk), {"text": "Better"})
    row.refresh_from_db()
    assert row.text == "Better"
    designer.post(url(world, "note_delete", row.pk))
    assert not Note.objects.filter(pk=row.pk).exists()
    assert "No note yet" in text(designer.get(url(world, "notes")))
