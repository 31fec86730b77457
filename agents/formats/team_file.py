"""The team file, `troupe.team/v1`, to and from text, whatever the format it is written in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from agents.formats.reading import FileFormat, Reading, decode
from agents.formats.registry import FORMATS, format_of
from agents.topology.graph import FORMAT, TeamFile, dump
from agents.topology.problems import Problem, Refused, from_validation_error


def parse(source: bytes | str, *, name: str = "", media_type: str = "") -> TeamFile:
    """The team in a file. Raises Refused with every problem and its place; nothing is guessed."""
    text = decode(source)
    return parse_reading(format_of(name, media_type, text).read(text))


def parse_reading(reading: Reading) -> TeamFile:
    value = reading.value
    if not isinstance(value, dict):
        raise Refused(
            [_at(Problem("file.shape", "A team file is an object with named fields."), (), reading)]
        )
    if value.get("format") != FORMAT:
        stated = value.get("format")
        message = f"The file says format: {stated}." if stated else "The file does not state its format."
        problem = Problem("file.format", message, f"Write format: {FORMAT}.", field="format")
        raise Refused([_at(problem, ("format",), reading)])
    try:
        return TeamFile.model_validate(value)
    except ValidationError as error:
        raise Refused(_placed(error, reading)) from error


def _placed(error: ValidationError, reading: Reading) -> list[Problem]:
    problems = from_validation_error(error)
    locs = [
        item["loc"] for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return [_at(problem, loc, reading) for problem, loc in zip(problems, locs, strict=True)]


def _at(problem: Problem, path: tuple[int | str, ...], reading: Reading) -> Problem:
    place = reading.place(path)
    return replace(problem, line=place[0], column=place[1]) if place else problem


def located(problems: list[Problem], file: TeamFile, reading: Reading | None) -> list[Problem]:
    """Problems of a graph, each with the line of the node or edge it names."""
    if reading is None:
        return problems
    nodes = {node.id: n for n, node in enumerate(file.graph.nodes)}
    edges = {edge.id: n for n, edge in enumerate(file.graph.edges)}
    found = []
    for problem in problems:
        path: tuple[int | str, ...] = ("graph",)
        if problem.edge in edges:
            path = ("graph", "edges", edges[problem.edge])
        elif problem.node in nodes:
            path = ("graph", "nodes", nodes[problem.node])
        found.append(_at(problem, path, reading))
    return found


def write(file: TeamFile, format_name: str = "yaml") -> str:
    """The file's text, with its fields in the order a person reads them."""
    one: FileFormat = FORMATS[format_name]
    return one.write(_ordered(dump(file)))


def _ordered(value: dict[str, Any]) -> dict[str, Any]:
    first = ("format", "name", "description", "agents", "tools", "graph")
    return {key: value[key] for key in first if key in value}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors that complete and check as one types."""
    schema = TeamFile.model_json_schema(by_alias=True, mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"Troupe team file ({FORMAT})"
    schema["required"] = ["format", *schema.get("required", [])]
    return schema
