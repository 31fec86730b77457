"""Tools keep their secrets apart and bound to their hosts; notes are bounded texts."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents.actions import notes, tools
from agents.actions.outcome import Refused
from agents.models import Note, Tool
from agents.topology.graph import ToolSpec
from studio import secrets
from studio.audit import AuditEntry
from tests.world import World

pytestmark = pytest.mark.django_db
HEADERS = [{"name": "X-Api-Key", "secret": True}]


def crm(*hosts: str, headers: list[dict[str, Any]] | None = None, **fields: Any) -> ToolSpec:
    config = {"hosts": list(hosts) or ["crm.example.org"], "headers": HEADERS if headers is None else headers}
    return ToolSpec.model_validate({"kind": "http_request", "config": config} | fields)


@pytest.fixture
def tool(world: World) -> Tool:
    return tools.create_tool(
        actor=world.designer, name="crm", spec=crm(), secret_values={"X-Api-Key": "s3cret-value"}
    )


def test_a_secret_is_sealed_apart_from_the_configuration(tool: Tool) -> None:
    assert "s3cret" not in str(tool.config)
    assert "s3cret" not in str(tool.secrets)
    assert secrets.decrypt(tool.secrets["X-Api-Key"]["sealed"]) == "s3cret-value"
    assert tool.secrets["X-Api-Key"]["scope"] == ["crm.example.org"]
    assert "s3cret" not in str(list(AuditEntry.objects.values()))
    assert "sealed" not in str(tool.parsed())


def test_a_secret_value_inside_a_configuration_is_taken_out_of_it(world: World) -> None:
    spec = crm(headers=[{"name": "X-Api-Key", "secret": True, "value": "s3cret-value"}])
    row = tools.create_tool(actor=world.designer, name="crm", spec=spec)
    assert row.config["headers"] == HEADERS
    assert secrets.decrypt(row.secrets["X-Api-Key"]["sealed"]) == "s3cret-value"


def test_a_secret_is_kept_while_it_goes_nowhere_new(world: World, tool: Tool) -> None:
    updated = tools.update_tool(actor=world.designer, tool=tool, spec=crm(description="Reads customers."))
    assert updated.secrets == tool.secrets
    with pytest.raises(Refused, match=r"entered for crm.example.org only"):
        tools.update_tool(actor=world.designer, tool=tool, spec=crm("crm.example.org", "evil.example"))
    wider = tools.update_tool(
        actor=world.designer,
        tool=tool,
        spec=crm("crm.example.org", "crm2.example.org"),
        secret_values={"X-Api-Key": "again-entered"},
    )
    assert wider.secrets["X-Api-Key"]["scope"] == ["crm.example.org", "crm2.example.org"]


def test_a_secret_goes_with_its_header(world: World, tool: Tool) -> None:
    assert tools.update_tool(actor=world.designer, tool=tool, spec=crm(headers=[])).secrets == {}


@pytest.mark.parametrize(
    ("name", "spec", "field"),
    [
        ("Bad Name", {"kind": "calculator"}, "name"),
        ("calculator", {"kind": "calculator"}, "name"),
        ("x", {"kind": "teleport"}, "kind"),
        ("x", {"kind": "calculator", "config": {"colour": 1}}, "config.colour"),
        ("x", {"kind": "http_request", "config": {"hosts": ["*"]}}, "config.hosts[0]"),
        ("x", {"kind": "http_request", "config": {"methods": ["BREW"]}}, "config.methods[0]"),
        ("x", {"kind": "calculator", "approval": "args.amount >"}, "approval"),
        ("x", {"kind": "calculator", "approval": "a.map(x, b.map(y, c))"}, "approval"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(
    world: World, name: str, spec: dict[str, Any], field: str
) -> None:
    count = Tool.objects.count()
    with pytest.raises(Refused) as caught:
        tools.create_tool(actor=world.designer, name=name, spec=ToolSpec.model_validate(spec))
    assert {problem.field for problem in caught.value.problems} == {field}
    assert Tool.objects.count() == count


def test_a_tool_in_use_is_neither_renamed_nor_deleted(world: World) -> None:
    used = world.tool("record_refund")
    with pytest.raises(Refused, match="Billing specialist uses it"):
        tools.delete_tool(actor=world.designer, tool=used)
    with pytest.raises(Refused, match="cannot be renamed"):
        tools.update_tool(actor=world.designer, tool=used, spec=used.parsed(), name="other")


def test_an_unused_tool_can_be_renamed_and_deleted(world: World, tool: Tool) -> None:
    renamed = tools.update_tool(actor=world.designer, tool=tool, spec=tool.parsed(), name="customers")
    assert renamed.secrets == tool.secrets
    tools.delete_tool(actor=world.designer, tool=renamed)
    assert not Tool.objects.filter(workspace=world.workspace, name="customers").exists()


def test_a_note_is_written_over_and_deleted(world: World) -> None:
    notes.write_note(actor=world.designer, key=" brief ", text="one")
    note = notes.write_note(actor=world.designer, key="brief", text="two")
    assert (Note.objects.count(), note.text, note.written_by) == (1, "two", "Designer")
    notes.delete_note(actor=world.designer, note=note)
    assert not Note.objects.exists()


@pytest.mark.parametrize(
    ("key", "text", "field"),
    [("", "x", "key"), ("x" * 121, "x", "key"), ("k", "x" * 100_001, "text"), ("k", "\x00", "text")],
)
def test_a_note_that_does_not_fit_is_refused(world: World, key: str, text: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        notes.write_note(actor=world.designer, key=key, text=text)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_tools_and_notes_belong_to_designers(world: World, tool: Tool) -> None:
    for deed in (
        lambda: tools.create_tool(actor=world.operator, name="x", spec=ToolSpec(kind="calculator")),
        lambda: tools.update_tool(actor=world.operator, tool=tool, spec=crm()),
        lambda: tools.delete_tool(actor=world.operator, tool=tool),
        lambda: notes.write_note(actor=world.operator, key="k", text="x"),
    ):
        with pytest.raises(PermissionDenied, match="needs the role Designer"):
            deed()
