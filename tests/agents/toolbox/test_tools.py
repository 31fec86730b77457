"""The built-in tools, called the way the engine calls them."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from pydantic import JsonValue, ValidationError

from agents.models import Note
from agents.toolbox.registry import kinds, tool_kind
from agents.toolbox.tool import (
    ToolArguments,
    ToolConfig,
    ToolContext,
    ToolFailed,
    ToolKind,
    validate_arguments,
)
from studio.workspaces.models import Workspace


def context(workspace: Workspace | None = None, **changes: Any) -> ToolContext:
    fields: dict[str, Any] = {
        "workspace_id": workspace.pk if workspace else uuid4(),
        "tool_name": "tool",
        "actor_name": "Writer in run r-1",
        "idempotency_key": "k1",
    }
    return ToolContext(**fields | changes)


def call(
    name: str, arguments: dict[str, Any], at: ToolContext, config: dict[str, Any] | None = None
) -> JsonValue:
    return async_to_sync(tool_kind(name).run)(arguments, config or {}, at)


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    """Tools reach the database from their own thread, outside the test's transaction."""
    return Workspace.objects.create(name="Acme", slug="acme")


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_each_kind_has_a_closed_schema_that_describes_every_argument(kind: ToolKind) -> None:
    schema = kind.schema({})
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert all(spec.get("description") for spec in schema["properties"].values())
    assert "title" not in str(schema)
    assert kind.effect_of({}) in ("reads", "idempotent", "writes")


def test_an_unknown_kind_is_named_together_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"no tool kind teleport.*calculator"):
        tool_kind("teleport")


def test_a_configuration_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValidationError):
        tool_kind("calculator").schema({"surprise": 1})


def test_the_calculator_gives_a_result_or_a_sentence() -> None:
    assert call("calculator", {"expression": "6 * 7"}, context()) == {"result": "42"}
    assert call("calculator", {"expression": "6 * 7"}, context(simulated=True)) == {"result": "42"}
    with pytest.raises(ToolFailed, match="divides by zero"):
        call("calculator", {"expression": "1/0"}, context())


def test_the_clock_takes_a_zone_from_the_call_or_the_configuration() -> None:
    here = call("current_time", {"time_zone": "Asia/Tokyo"}, context())
    assert isinstance(here, dict)
    assert str(here["time"]).endswith("+09:00")
    default = call("current_time", {}, context(), {"time_zone": "Asia/Kolkata"})
    assert isinstance(default, dict)
    assert str(default["time"]).endswith("+05:30")
    for bad in ("Mars/Olympus", "../../etc/passwd", "/etc/passwd"):
        with pytest.raises(ToolFailed, match="is no time zone"):
            call("current_time", {"time_zone": bad}, context())


def test_notes_are_written_listed_and_read(workspace: Workspace) -> None:
    call("notes_write", {"key": "brief/acme", "text": "Lead with price."}, context(workspace))
    assert call("notes_read", {}, context(workspace)) == {"keys": ["brief/acme"]}
    note = call("notes_read", {"key": "brief/acme"}, context(workspace))
    assert isinstance(note, dict)
    assert note["text"] == "Lead with price."
    assert Note.objects.get().written_by == "Writer in run r-1"


def test_a_missing_note_answers_with_the_keys_there_are(workspace: Workspace) -> None:
    call("notes_write", {"key": "a", "text": "x"}, context(workspace))
    assert call("notes_read", {"key": "b"}, context(workspace)) == {
        "key": "b",
        "text": None,
        "note": "There is no note with this key.",
        "keys": ["a"],
    }


def test_notes_of_another_workspace_are_not_there(workspace: Workspace) -> None:
    other = Workspace.objects.create(name="Other", slug="other")
    call("notes_write", {"key": "a", "text": "ours"}, context(workspace))
    call("notes_write", {"key": "a", "text": "theirs"}, context(other))
    assert call("notes_read", {}, context(other)) == {"keys": ["a"]}
    assert Note.objects.get(workspace=workspace).text == "ours"


def test_the_same_write_twice_is_one_write(workspace: Workspace) -> None:
    call("notes_write", {"key": "a", "text": "first"}, context(workspace))
    first = Note.objects.get()
    call("notes_write", {"key": "a", "text": "first"}, context(workspace))
    assert Note.objects.get().updated_at == first.updated_at
    call("notes_write", {"key": "a", "text": "second"}, context(workspace, idempotency_key="k2"))
    assert Note.objects.get().text == "second"


def test_a_prefix_limits_what_notes_can_be_reached(workspace: Workspace) -> None:
    Note.objects.create(workspace=workspace, key="private/plan", text="secret")
    Note.objects.create(workspace=workspace, key="public/plan", text="open")
    limit = {"prefix": "public/"}
    assert call("notes_read", {}, context(workspace), limit) == {"keys": ["public/plan"]}
    missed = call("notes_read", {"key": "private/plan"}, context(workspace), limit)
    assert isinstance(missed, dict)
    assert missed["text"] is None
    assert missed["keys"] == ["public/plan"]
    call("notes_write", {"key": "private/plan", "text": "x"}, context(workspace), limit)
    assert Note.objects.get(key="private/plan").text == "secret"
    assert Note.objects.get(key="public/private/plan").text == "x"


def test_the_prefix_may_be_left_out_of_a_key(workspace: Workspace) -> None:
    limit = {"prefix": "refunds/"}
    call("notes_write", {"key": "INV-1", "text": "49 dollars"}, context(workspace), limit)
    for key in ("INV-1", "refunds/INV-1"):
        note = call("notes_read", {"key": key}, context(workspace), limit)
        assert isinstance(note, dict)
        assert note["text"] == "49 dollars"


def test_nul_characters_are_refused_in_words(workspace: Workspace) -> None:
    with pytest.raises(ToolFailed, match="NUL"):
        call("notes_write", {"key": "a", "text": "x\x00y"}, context(workspace))


def test_a_rehearsal_writes_nothing(workspace: Workspace) -> None:
    answer = call("notes_write", {"key": "a", "text": "x"}, context(workspace, simulated=True))
    assert isinstance(answer, dict)
    assert answer["simulated"] is True
    assert not Note.objects.exists()


def test_a_read_note_fits_what_the_model_is_told_to_pass() -> None:
    assert validate_arguments(tool_kind("notes_read").schema({}), '{"key": "a"}') == {"key": "a"}


class Slow(ToolKind):
    name = title = summary = "slow"
    icon = "clock"
    Arguments = ToolArguments

    def __init__(self, effect: Any) -> None:
        self._effect = effect

    def effect_with(self, config: ToolConfig, arguments: Any) -> Any:
        return self._effect

    async def perform(self, arguments: dict[str, Any], config: Any, context: ToolContext) -> JsonValue:
        await asyncio.Event().wait()
        return None


@pytest.mark.parametrize(
    ("effect", "retryable", "uncertain"),
    [("reads", True, False), ("idempotent", True, True), ("writes", False, True)],
)
async def test_a_tool_that_takes_too_long_fails_and_says_what_is_known(
    effect: str, retryable: bool, uncertain: bool
) -> None:
    with pytest.raises(ToolFailed, match="did not finish within") as caught:
        await Slow(effect).run({}, {}, context(timeout_s=0.01))
    assert (caught.value.retryable, caught.value.uncertain) == (retryable, uncertain)
