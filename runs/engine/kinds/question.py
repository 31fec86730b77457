"""Asks a person for something the team does not know: the answer is what goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue

from agents.topology import schemas, text
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.policy import Policy
from agents.topology.problems import Problem
from runs.engine import approving
from runs.engine import events as ev
from runs.engine.approval_state import ApprovalState
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.kind import Kind, NodeView
from runs.engine.plan import Plan

KEY = "question"


def _one_answer() -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": {"answer": {"type": "string", "title": "Answer", "minLength": 1}},
        "required": ["answer"],
        "additionalProperties": False,
    }


class Asking(NodeConfig):
    title: str = Field(
        "",
        max_length=200,
        title="What is asked",
        json_schema_extra={"ui": {"widget": "template", "section": "Ask", "subtitle": True}},
    )
    instructions: str = Field(
        "",
        max_length=4_000,
        title="What helps to answer",
        json_schema_extra={"ui": {"widget": "textarea", "section": "Ask"}},
    )
    answer_schema: dict[str, JsonValue] = Field(
        default_factory=_one_answer,
        alias="schema",
        title="The answer",
        json_schema_extra={
            "ui": {
                "widget": "schema",
                "section": "Ask",
                "help": "The form that is filled in is made from it.",
            }
        },
    )


class QuestionConfig(Policy, Asking):
    """What is asked stands first, then who may answer and until when. One answer is enough."""


class QuestionKind(Kind):
    name: ClassVar[str] = "question"
    title: ClassVar[str] = "Question"
    summary: ClassVar[str] = "Asks a person for what the team does not know"
    icon: ClassVar[str] = "circle-question-mark"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "person"
    ports: ClassVar[Ports] = Ports(gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR}), works=True)
    Config = QuestionConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        yield from scope.template_problems(node, config.title, "title")
        yield from scope.policy_problems(node, config)
        schema = config.answer_schema
        wrong = schemas.problem_with(schema)
        if wrong or schema.get("type") != "object":
            message = wrong or "The answer must be an object with named fields."
            yield Problem("question.schema", message, "Correct the schema.", node.id, field="schema")
        if config.quorum > 1:
            message = f"{node.title} wants {config.quorum} answers; one person answers."
            yield Problem("question.quorum", message, "Ask for one.", node.id, field="quorum")

    def introduce(self, plan: Plan, node_id: str) -> str:
        return f"{plan.title(node_id)}: a person, who answers what nobody else knows. May take long."

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def step(self, view: NodeView) -> Iterator[Command]:
        asked = view.state.approvals.get(KEY)
        if asked is None:
            yield Compute(view.path, "ask")
        elif asked.status == "pending":
            yield from approving.while_pending(view, asked)
        else:
            yield Record(self._settled(view, asked))

    def _settled(self, view: NodeView, asked: ApprovalState) -> ev.Event:
        if asked.status == "answer":
            note = f"{asked.by_name} answered"
            return ev.NodeCompleted(path=view.path, output=asked.edited, note=note)
        if asked.status == "expired":
            fatal = asked.on_expiry == "fail"
            message = "Nobody answered in time."
            return ev.NodeFailed(path=view.path, code="expired", message=message, fatal=fatal)
        why = f": {asked.comment}" if asked.comment else "."
        message = f"{asked.by_name} could not answer{why}"[:500]
        return ev.NodeFailed(path=view.path, code="unanswered", message=message)

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        config = view.config
        try:
            title = (
                text.render(config.title, view.context(content))
                if config.title
                else self._asked(view, content)
            )
        except text.TemplateError as error:
            yield ev.NodeFailed(path=view.path, code="template", message=str(error)[:500])
            return
        subject = {
            "kind": "question",
            "title": title[:300],
            "instructions": config.instructions,
            "schema": config.answer_schema,
            "about": content.get(view.arrival()),
        }
        policy = approving.as_asked(config, view) | {"quorum": 1}
        yield ev.ApprovalRequested(
            path=view.path,
            key=KEY,
            kind="question",
            title=title[:300],
            subject=content.put(subject),
            **policy,
        )

    def _asked(self, view: NodeView, content: Content) -> str:
        """What another agent asks, if one does; else the node's name."""
        return str(content.get(view.state.task)) if view.state.task else view.title


KIND = QuestionKind()
