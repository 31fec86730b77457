"""Where the run's input comes in, and the schema it must fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue

from agents.topology import schemas
from agents.topology.check import Scope
from agents.topology.graph import Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine.commands import Command, Record
from runs.engine.kind import Kind, NodeView, Readiness


def _topic() -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": {"topic": {"type": "string", "title": "Topic"}},
        "required": ["topic"],
    }


class InputConfig(NodeConfig):
    input_schema: dict[str, JsonValue] = Field(
        default_factory=_topic,
        alias="schema",
        title="Fields",
        json_schema_extra={
            "ui": {"widget": "schema", "section": "Input", "help": "The launch form asks for these."}
        },
    )


class InputKind(Kind):
    name: ClassVar[str] = "input"
    title: ClassVar[str] = "Input"
    summary: ClassVar[str] = "Where a run begins, and what it asks for"
    icon: ClassVar[str] = "log-in"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "routes"
    shape: ClassVar[Literal["card", "tile"]] = "tile"
    ports: ClassVar[Ports] = Ports(takes=False)
    Config = InputConfig

    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        schema = config.input_schema
        if wrong := schemas.problem_with(schema):
            yield Problem("input.schema", wrong, "Correct the schema.", node.id, field="schema")
        elif schema.get("type") != "object":
            yield Problem(
                "input.schema",
                "The input must be an object with named fields.",
                'Set "type": "object".',
                node.id,
                field="schema",
            )

    def ready(self, view: NodeView) -> Readiness:
        return "start"

    def step(self, view: NodeView) -> Iterator[Command]:
        yield Record(ev.NodeCompleted(path=view.path, output=view.run.input))


KIND = InputKind()
