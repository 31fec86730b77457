"""What the team gives back: what arrives, or a text made from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import text
from agents.topology.check import Scope
from agents.topology.graph import Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.kind import Kind, NodeView


class OutputConfig(NodeConfig):
    template: str = Field(
        "",
        max_length=20_000,
        title="Text",
        json_schema_extra={
            "ui": {
                "widget": "template",
                "section": "Output",
                "help": "Leave empty to give back what arrives, or write a text with {{ value }} in it.",
            }
        },
    )


class OutputKind(Kind):
    name: ClassVar[str] = "output"
    title: ClassVar[str] = "Output"
    summary: ClassVar[str] = "What the team gives back"
    icon: ClassVar[str] = "log-out"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "routes"
    shape: ClassVar[Literal["card", "tile"]] = "tile"
    ports: ClassVar[Ports] = Ports(gives=frozenset())
    Config = OutputConfig

    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        yield from scope.template_problems(node, config.template, "template")

    def step(self, view: NodeView) -> Iterator[Command]:
        if view.config.template:
            yield Compute(view.path, "render")
        else:
            yield Record(ev.NodeCompleted(path=view.path, output=view.arrival()))

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        try:
            rendered = text.render(view.config.template, view.context(content))
        except text.TemplateError as error:
            yield ev.NodeFailed(path=view.path, code="template", message=str(error))
        else:
            yield ev.NodeCompleted(path=view.path, output=content.put(rendered))


KIND = OutputKind()
