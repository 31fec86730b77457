"""Reshapes what arrives, without a model: a text with values in it, or an expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import rules, text
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.kind import Kind, NodeView
from runs.engine.plan import Plan


class TransformConfig(NodeConfig):
    gives: Literal["text", "value"] = Field(
        "value",
        title="Gives",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Transform",
                "chip": True,
                "options": {"text": "a text", "value": "a value"},
            }
        },
    )
    template: str = Field(
        "",
        max_length=20_000,
        title="Text",
        json_schema_extra={
            "ui": {
                "widget": "template",
                "section": "Transform",
                "subtitle": True,
                "when": {"gives": ["text"]},
            }
        },
    )
    expression: str = Field(
        "value",
        max_length=1_000,
        title="Expression",
        json_schema_extra={
            "ui": {
                "widget": "rule",
                "section": "Transform",
                "subtitle": True,
                "when": {"gives": ["value"]},
                "help": 'Such as value.items.map(i, i.name) or {"total": vars.total}.',
            }
        },
    )


class TransformKind(Kind):
    name: ClassVar[str] = "transform"
    title: ClassVar[str] = "Transform"
    summary: ClassVar[str] = "Reshapes what arrives, without asking a model"
    icon: ClassVar[str] = "braces"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "acts"
    ports: ClassVar[Ports] = Ports(gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR}), works=True)
    Config = TransformConfig

    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        if config.gives == "text":
            yield from scope.template_problems(node, config.template, "template")
        else:
            yield from scope.rule_problems(config.expression, node=node.id, where="expression")

    def introduce(self, plan: Plan, node_id: str) -> str:
        return f"{plan.title(node_id)}: reshapes what it is given."

    def step(self, view: NodeView) -> Iterator[Command]:
        yield Compute(view.path, "transform")

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        context = view.context(content)
        try:
            if view.config.gives == "text":
                value = text.render(view.config.template, context)
            else:
                value = rules.value_of(view.config.expression, context)
        except (text.TemplateError, rules.RuleError) as error:
            yield ev.NodeFailed(path=view.path, code="transform", message=str(error)[:500])
        else:
            yield ev.NodeCompleted(path=view.path, output=content.put(value))


KIND = TransformKind()
