"""Calls a tool without a model. Its arguments are texts with values in them; approval is as for agents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from agents.topology import text
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine import tool_turn
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.filling import fill
from runs.engine.kind import Kind, NodeView
from runs.engine.plan import Plan
from runs.engine.state import CallStatus

RETRIES = 2


class ToolConfig(NodeConfig):
    tool: str = Field(
        "",
        title="Tool",
        json_schema_extra={"ui": {"widget": "tool", "section": "Tool", "subtitle": True, "chip": True}},
    )
    arguments: dict[str, Annotated[str, StringConstraints(max_length=20_000)]] = Field(
        default_factory=dict,
        title="Arguments",
        json_schema_extra={
            "ui": {
                "widget": "arguments",
                "section": "Tool",
                "help": "Texts with values in them, such as {{ value.amount }}.",
            }
        },
    )


class ToolKind(Kind):
    name: ClassVar[str] = "tool"
    title: ClassVar[str] = "Tool"
    summary: ClassVar[str] = "Calls a tool with arguments made from what arrives"
    icon: ClassVar[str] = "wrench"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "acts"
    ports: ClassVar[Ports] = Ports(gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR}), works=True)
    Config = ToolConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        if not config.tool:
            yield Problem("tool.none", f"{node.title} has no tool.", "Choose one.", node.id, field="tool")
        elif config.tool not in scope.catalog.tools:
            yield Problem(
                "tool.unknown",
                f"{node.title} needs the tool {config.tool}, which does not exist.",
                "Choose another, or create it.",
                node.id,
                field="tool",
            )
        for name, template in config.arguments.items():
            yield from scope.template_problems(node, template, f"arguments.{name}")

    def introduce(self, plan: Plan, node_id: str) -> str:
        tool = plan.team.tools.get(plan.configs[node_id].tool)
        return f"{plan.title(node_id)}: {tool.description}" if tool else plan.title(node_id)

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def step(self, view: NodeView) -> Iterator[Command]:
        call = view.state.calls.get(_call_id(view))
        if call is None:
            yield Compute(view.path, "request")
        elif call.status is CallStatus.COMPLETED:
            yield Record(ev.NodeCompleted(path=view.path, output=call.result))
        elif tool_turn.is_settled(view, call, RETRIES):
            yield Record(ev.NodeFailed(path=view.path, code=call.code or "tool", message=call.message[:500]))
        else:
            yield from tool_turn.tool_steps(view, call, RETRIES)

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        tools = {view.config.tool: view.plan.team.tools[view.config.tool]}
        if what == "request":
            yield self._request(view, tools[view.config.tool].parameters, content)
        else:
            yield from tool_turn.compute(what, view.state.calls[call], view, tools, content)

    def _request(self, view: NodeView, parameters: dict[str, Any], content: Content) -> ev.Event:
        try:
            arguments = fill(view.config.arguments, parameters, view.context(content))
        except text.TemplateError as error:
            return ev.NodeFailed(path=view.path, code="template", message=str(error)[:500])
        return ev.ToolCallRequested(
            path=view.path,
            call=_call_id(view),
            tool=view.config.tool,
            arguments=content.put(json.dumps(arguments, ensure_ascii=False)),
        )


def _call_id(view: NodeView) -> str:
    return f"{view.path}/t1"


KIND = ToolKind()
