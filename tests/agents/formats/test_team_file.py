"""A team file is strict, its problems have places, and what is exported can be imported."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from agents.formats.registry import FORMATS
from agents.formats.team_file import json_schema, parse, write
from agents.presets.registry import presets
from agents.topology.graph import TeamFile
from agents.topology.problems import Problem, Refused

DOCUMENT = Path(__file__).parents[3] / "docs" / "team-file.md"


def problems(text: str | bytes) -> list[Problem]:
    with pytest.raises(Refused) as caught:
        parse(text)
    return caught.value.problems


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("preset", presets(), ids=lambda one: str(one.name))
def test_what_is_written_is_read_back(preset: Any, format_name: str) -> None:
    text = write(preset.file, format_name)
    assert parse(text) == preset.file
    assert write(parse(text), format_name) == text


def test_a_file_begins_with_what_a_person_looks_for() -> None:
    lines = write(presets()[0].file).splitlines()
    assert lines[:2] == ["format: troupe.team/v1", "name: Ask an assistant"]


def test_every_problem_is_listed_with_its_place() -> None:
    found = problems(
        "format: troupe.team/v1\n"
        "name: ''\n"
        "agents:\n"
        "  Bad Key:\n"
        "    name: X\n"
        "    rolle: y\n"
        "graph:\n"
        "  nodes:\n"
        "    - id: a\n"
        "      kind: agent\n"
        "    - kind: output\n"
        "  edges:\n"
        "    - {id: e, source: a, target: b, kind: flows}\n"
        "colour: blue\n"
    )
    assert {(problem.line, problem.field) for problem in found} == {
        (2, "name"),
        (4, "agents.Bad Key"),
        (4, "agents.Bad Key.model"),
        (6, "agents.Bad Key.rolle"),
        (11, "graph.nodes[1].id"),
        (13, "graph.edges[0].kind"),
        (14, "colour"),
    }
    assert {problem.message for problem in found} >= {
        "There is no field called rolle.",
        "There is no field called colour.",
        "This is missing.",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("format: troupe.team/v2\nname: x\ngraph: {}", "says format: troupe.team/v2"),
        ("name: x\ngraph: {}", "does not state its format"),
        ("- a", "object with named fields"),
        ("just text", "object with named fields"),
        ("42", "object with named fields"),
    ],
)
def test_what_is_no_team_file_is_said_to_be_none(text: str, why: str) -> None:
    (problem,) = problems(text)
    assert why in problem.message


def test_characters_that_cannot_be_stored_are_refused_with_their_place() -> None:
    (problem,) = problems('format: troupe.team/v1\nname: x\ndescription: "a\\0b"\ngraph: {}')
    assert (problem.line, problem.field) == (3, "description")


def test_the_schema_takes_what_we_write_and_refuses_what_we_refuse() -> None:
    validator = jsonschema_rs.validator_for(json_schema())
    for preset in presets():
        assert validator.is_valid(json.loads(write(preset.file, "json")))
    assert not validator.is_valid({"name": "x", "graph": {}})
    assert not validator.is_valid({"format": "troupe.team/v1", "name": "x", "graph": {}, "colour": "blue"})


def example() -> str:
    found = re.search(r"^```yaml\n(format: troupe.team/v1\n.*?)^```$", DOCUMENT.read_text(), re.M | re.S)
    assert found, "docs/team-file.md has no complete example"
    return found[1]


def test_the_documented_example_is_valid_and_uses_every_part() -> None:
    file = parse(example())
    assert isinstance(file, TeamFile)
    assert file.agents
    assert file.tools
    assert file.graph.notes
    assert {"input", "agent", "router", "join", "approval", "output"} <= {
        node.kind for node in file.graph.nodes
    }


def test_the_document_names_every_field() -> None:
    text = DOCUMENT.read_text()
    definitions = json_schema()["$defs"] | {"TeamFile": json_schema()}
    fields = {name for one in definitions.values() for name in one.get("properties", {})}
    assert [name for name in sorted(fields) if f"`{name}`" not in text] == []
