"""Takes one of its edges: by the first rule that holds, else by a model that must name one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import json_text, rules
from agents.topology.check import Scope
from agents.topology.graph import Edge, EdgeKind, Node, Task
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine import prompt as words
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.dialects import DIALECTS
from runs.engine.dialects.base import Prompt, Reply
from runs.engine.fallback import after_bad_answer
from runs.engine.kind import Kind, NodeView
from runs.engine.model_turn import take_turn
from runs.engine.state import Call

CORRECTIONS = 2


class RouterConfig(NodeConfig):
    question: str = Field(
        "",
        max_length=2_000,
        title="What decides",
        json_schema_extra={
            "ui": {
                "widget": "textarea",
                "section": "Rules",
                "subtitle": True,
                "help": "Asked of the model when no rule holds. Rules stand on the edges; they come first.",
            }
        },
    )
    agent: str = Field(
        "",
        title="Model decides as",
        json_schema_extra={
            "ui": {
                "widget": "agent",
                "section": "Rules",
                "chip": True,
                "help": "Leave empty to use rules only.",
            }
        },
    )


class RouterKind(Kind):
    name: ClassVar[str] = "router"
    title: ClassVar[str] = "Router"
    summary: ClassVar[str] = "Picks one way on: rules first, then a model"
    icon: ClassVar[str] = "split"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "routes"
    ports: ClassVar[Ports] = Ports(gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR}))
    chooses: ClassVar[bool] = True
    Config = RouterConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        edges = [edge for edge in scope.view.outgoing[node.id] if edge.kind is EdgeKind.FLOW]
        if len(edges) < 2:
            yield Problem(
                "router.edges", f"{node.title} has nothing to choose from.", "Give it two edges.", node.id
            )
        plain = [edge for edge in edges if not edge.when]
        if config.agent:
            if config.agent not in scope.catalog.agents:
                message = f"{node.title} needs the agent {config.agent}, which does not exist."
                yield Problem("agent.unknown", message, "Choose another.", node.id, field="agent")
            yield from self._check_labels(node, edges)
        elif len(plain) > 1:
            ends = " and ".join(edge.target for edge in plain)
            yield Problem(
                "router.ambiguous",
                f"The edges of {node.title} to {ends} have no rule, and no model decides between them.",
                "Write rules for all but one, or choose an agent that decides.",
                node.id,
            )
        elif not plain and edges:
            yield Problem(
                "router.no_otherwise",
                f"When no rule of {node.title} holds, the run fails.",
                "Leave one edge without a rule, or choose an agent that decides.",
                node.id,
                severity="warning",
            )

    def _check_labels(self, node: Node, edges: list[Edge]) -> Iterator[Problem]:
        labels = [label_of(edge) for edge in edges]
        for edge in edges:
            if labels.count(label_of(edge)) > 1:
                yield Problem(
                    "router.labels",
                    f"Two edges of {node.title} are called {label_of(edge)!r}: a model needs them to differ.",
                    "Give each edge its own label.",
                    node.id,
                    edge.id,
                    "label",
                )

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def passes_on(self, view: NodeView) -> bool:
        return True

    def step(self, view: NodeView) -> Iterator[Command]:
        node = view.state
        if "rules" not in node.notes:
            yield Compute(view.path, "rules")
            return
        agent = view.plan.agent(view.config.agent).spec
        turn = take_turn(view, max(node.turns, 1), agent.limits.retries)
        if turn.answered is None:
            yield from turn.commands
        elif node.rejected_turn == node.turns:
            yield from take_turn(view, node.turns + 1, agent.limits.retries).commands
        else:
            yield Compute(view.path, "choose", turn.answered.id)

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        if what == "rules":
            yield from self._by_rules(view, content)
        else:
            yield from self._by_model(view, view.state.calls[call], content)

    def _edges(self, view: NodeView) -> list[Edge]:
        return [edge for edge in view.plan.view.outgoing[view.id] if edge.kind is EdgeKind.FLOW]

    def _by_rules(self, view: NodeView, content: Content) -> Iterator[ev.Event]:
        """The first rule that holds. One that fails counts as not holding, and the trace says so."""
        context = view.context(content)
        remarks = []
        for edge in self._edges(view):
            if not edge.when:
                continue
            try:
                holds = rules.evaluate(edge.when, context)
            except rules.RuleError as error:
                remarks.append(f"{edge.when}: {error}")
                continue
            if holds:
                yield self._take(view, edge, f"{edge.when} holds")
                return
        if view.config.agent:
            text = "; ".join(["No rule held; the model decides", *remarks])
            yield ev.NodeNoted(path=view.path, key="rules", text=text[:500])
            return
        otherwise = next((edge for edge in self._edges(view) if not edge.when), None)
        if otherwise is not None:
            yield self._take(view, otherwise, "; ".join(["otherwise", *remarks]))
        else:
            yield ev.NodeFailed(
                path=view.path, code="no_route", message="; ".join(["No rule held", *remarks])[:500]
            )

    def _by_model(self, view: NodeView, asked: Call, content: Content) -> Iterator[ev.Event]:
        edges = {label_of(edge): edge for edge in self._edges(view)}
        answer = DIALECTS[asked.dialect].answer(content.get(asked.result), self._shape(view, edges))
        label = _label_in(answer, list(edges))
        if label is not None:
            yield self._take(view, edges[label], f"{asked.name} chose {label}")
            return
        wrong = f"{answer.strip()[:100]!r} is none of: {', '.join(edges)}."
        told = content.put(f"Your choice {wrong} Answer with one of them.")
        rejected = ev.OutputRejected(path=view.path, turn=asked.turn, errors=(wrong,), message=told)
        if view.state.corrections - view.state.forgiven < CORRECTIONS:
            yield rejected
        else:
            message = f"The model's choice {wrong}"
            yield from after_bad_answer(view, view.config.agent, "no_route", message, rejected, asked.id)

    def _take(self, view: NodeView, edge: Edge, note: str) -> ev.Event:
        return ev.NodeCompleted(path=view.path, output=view.arrival(), chosen=(edge.id,), note=note[:500])

    def prompt(self, view: NodeView, turn: int, content: Content) -> Prompt:
        spec = view.plan.agent(view.config.agent).spec
        edges = {label_of(edge): edge for edge in self._edges(view)}
        shape = self._shape(view, edges)
        ways = "\n".join(
            f"- {label}: leads to {view.plan.title(edge.target)}" for label, edge in edges.items()
        )
        task = Task(
            description=f"{view.config.question or 'Decide which way fits.'}\n\nThe ways:\n{ways}",
            expected_output='{"choice": <one of the ways>}',
        )
        sections = words.task_sections(task, view, content) if turn == 1 else []
        replies = () if turn == 1 else (Reply(str(content.get(view.state.notes[f"correction {turn - 1}"]))),)
        return Prompt(
            agent=view.config.agent,
            model=spec.model,
            parameters=spec.parameters,
            timeout_s=spec.limits.timeout_s,
            system=words.join(words.system_sections(view.plan.team.name, spec)),
            task=words.join(sections),
            schema=shape.schema,
            replies=replies,
        )

    def _shape(self, view: NodeView, edges: dict[str, Edge]) -> Prompt:
        spec = view.plan.agent(view.config.agent).spec
        schema = {
            "type": "object",
            "properties": {"choice": {"type": "string", "enum": list(edges)}},
            "required": ["choice"],
            "additionalProperties": False,
        }
        return Prompt("", spec.model, spec.parameters, 0, "", "", schema=schema)


def label_of(edge: Edge) -> str:
    return edge.label or edge.target


def _label_in(answer: str, labels: list[str]) -> str | None:
    """The label a model named, in the JSON it was asked for or as a bare word."""
    try:
        value = json_text.parse(answer)
    except ValueError:
        value = answer
    if isinstance(value, dict):
        value = value.get("choice")
    if not isinstance(value, str):
        return None
    folded = {label.casefold(): label for label in labels}
    return folded.get(value.strip().strip(".\"'").casefold())


KIND = RouterKind()
