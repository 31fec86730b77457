"""Trying an agent from its editor, and the schema builder: what it shows and what it gives back."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from agents.models import Agent
from studio.embedded import node
from tests.agents.pages import HTMX, SCHEMA, filled, text, url
from tests.rehearsal import RehearsalServer
from tests.world import World, signed_in


@pytest.fixture
def designer(world: World) -> Client:
    return signed_in(world.designer)


# ── trying ──────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def answering(settings: Settings, rehearsal: RehearsalServer, own_profile: str) -> RehearsalServer:
    """The workspace's rehearsal model answers."""
    settings.REHEARSAL_URL = rehearsal.url(own_profile)
    return rehearsal


def test_a_try_shows_answer_tokens_cost_and_time(
    world: World, designer: Client, answering: RehearsalServer
) -> None:
    answer = designer.post(url(world, "agent_try"), filled(world, words="What is a team?"), headers=HTMX)
    assert answer.status_code == 200
    found = answer.context["found"]
    assert found.text
    assert found.cost is not None
    assert found.cost > 0
    assert found.input_tokens > 20
    said = text(answer)
    assert "Tokens in" in said
    assert "simulated" in said
    assert not Agent.objects.filter(workspace=world.workspace, key="clerk").exists()


def test_a_try_checks_the_answer_against_its_schema(
    world: World, designer: Client, answering: RehearsalServer
) -> None:
    form = filled(world, words="Refund 5 dollars.", output="form", schema=json.dumps(SCHEMA))
    found = designer.post(url(world, "agent_try"), form).context["found"]
    assert found.fits
    assert {name for name, _ in found.parts} == {"refund", "why"}


def test_a_try_says_which_tools_would_be_asked_for_and_calls_none(
    world: World, designer: Client, answering: RehearsalServer
) -> None:
    form = filled(world, words="Write the note refunds/7.", tools=["record_refund"])
    answer = designer.post(url(world, "agent_try"), form)
    [tool] = answer.context["found"].tools
    assert tool.name == "record_refund"
    assert tool.asks
    assert "A run would ask a person first" in text(answer)
    assert not world.workspace.notes.exists()


def test_a_try_needs_words_and_an_agent_that_can_be(world: World, designer: Client) -> None:
    nothing = designer.post(url(world, "agent_try"), filled(world, words=" "), headers=HTMX)
    assert nothing.status_code == 422
    assert "Say what it should do." in text(nothing)
    wrong = designer.post(url(world, "agent_try"), filled(world, words="x", temperature="9"))
    assert "Temperature: " in text(wrong)


def test_a_try_that_fails_says_why(world: World, designer: Client, settings: Settings) -> None:
    settings.REHEARSAL_URL = ""
    answer = designer.post(url(world, "agent_try"), filled(world, words="x"), headers=HTMX)
    assert "The model rehearsal at rehearsal is not running." in text(answer)
    settings.REHEARSAL_URL = "http://127.0.0.1:1/v1"
    answer = designer.post(url(world, "agent_try"), filled(world, words="x"), headers=HTMX)
    assert "refused the connection" in text(answer)


def test_what_a_model_says_cannot_break_out_of_the_page(
    world: World, designer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agents.tries import TriedTool, Try

    said = "<script>alert(1)</script>[x](javascript:alert(1))"
    hostile = Try(text=said, problems=[said], tools=[TriedTool(said, said, said)], error=said)
    monkeypatch.setattr("runs.tryout.try_agent", lambda *about: hostile)
    answer = text(designer.post(url(world, "agent_try"), filled(world, words="x"), headers=HTMX))
    assert "<script>" not in answer
    assert 'href="javascript' not in answer


# ── the schema builder ──────────────────────────────────────────────────────────────────────────────
SCHEMAS: list[tuple[Any, bool]] = [
    (SCHEMA, True),
    ({}, True),
    (
        {
            "type": "object",
            "title": "Brief",
            "properties": {
                "kind": {"type": "string", "enum": ["a", "b"], "description": "Which"},
                "many": {"type": "array", "items": {"type": "string", "maxLength": 9}, "maxItems": 3},
                "done": {"type": "boolean"},
                "count": {"type": "integer", "minimum": 0},
            },
            "required": ["kind"],
        },
        True,
    ),
    ({"type": "array", "items": {}}, False),
    ({"type": "object", "properties": {"x": {"type": "object"}}}, False),
    ({"type": "object", "oneOf": []}, False),
    ({"type": "object", "properties": {"x": {"enum": [1, 2]}}}, False),
]


def test_the_builder_shows_what_rows_can_say_and_gives_it_back_unchanged() -> None:
    module = (django_settings.BASE_DIR / "static" / "js" / "schema-rows.js").as_uri()
    script = (
        f"import {{ fromRows, toRows }} from {json.dumps(module)};"
        f"const schemas = {json.dumps([schema for schema, _ in SCHEMAS])};"
        "console.log(JSON.stringify(schemas.map((s) => { const rows = toRows(s);"
        " return rows && rows.length ? fromRows(rows, s) : rows; })));"
    )
    command = [*node.find().node, "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    for (schema, can), given in zip(SCHEMAS, json.loads(done.stdout), strict=True):
        assert given == (None if not can else schema or [])
