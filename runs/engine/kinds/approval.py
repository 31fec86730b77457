"""A gate: what arrives goes on only when a person lets it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import text
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.policy import Policy
from agents.topology.problems import Problem
from runs.engine import approving, rework
from runs.engine import events as ev
from runs.engine.approval_state import ApprovalState
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.kind import Kind, NodeView
from runs.engine.state import NodeStatus

KEY = "ask"


class Question(NodeConfig):
    title: str = Field(
        "",
        max_length=200,
        title="What is asked",
        json_schema_extra={"ui": {"widget": "template", "section": "Ask", "subtitle": True}},
    )
    instructions: str = Field(
        "",
        max_length=4_000,
        title="What to look at",
        json_schema_extra={"ui": {"widget": "textarea", "section": "Ask"}},
    )
    most_sends_back: int = Field(
        3,
        ge=0,
        le=20,
        title="May be sent back",
        json_schema_extra={
            "ui": {
                "widget": "number",
                "section": "Ask",
                "unit": "times",
                "help": "The agent before the gate goes on with the comment, and the gate asks anew.",
            }
        },
    )


class ApprovalConfig(Policy, Question):
    """What is asked stands first, then who decides and when."""


class ApprovalKind(Kind):
    name: ClassVar[str] = "approval"
    title: ClassVar[str] = "Approval gate"
    summary: ClassVar[str] = "Holds what arrives until a person lets it go on"
    icon: ClassVar[str] = "stamp"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "person"
    ports: ClassVar[Ports] = Ports(gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR}))
    Config = ApprovalConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        yield from scope.template_problems(node, config.title, "title")
        yield from scope.policy_problems(node, config)
        if config.deadline_s and config.on_expiry != "fail" and not self._rejected_edge(node, scope):
            yield Problem(
                "approval.expiry",
                f"If nobody decides {node.title} in time, the run fails: no error edge leads away from it.",
                "Add an error edge, or remove the deadline.",
                node.id,
                severity="warning",
            )

    def _rejected_edge(self, node: Node, scope: Scope) -> bool:
        return any(edge.kind is EdgeKind.ERROR for edge in scope.view.outgoing[node.id])

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def passes_on(self, view: NodeView) -> bool:
        asked = last_asked(view)
        return asked is None or not asked.edited

    def step(self, view: NodeView) -> Iterator[Command]:
        asked = last_asked(view)
        if asked is None:
            yield Compute(view.path, "ask")
        elif asked.status == "pending":
            yield from approving.while_pending(view, asked)
        elif asked.status == "send_back":
            yield from self._sent_back(view, asked)
        else:
            yield self._settle(view, asked)

    def _sent_back(self, view: NodeView, asked: ApprovalState) -> Iterator[Command]:
        """The producer goes on; once it is done, the gate asks anew."""
        if not asked.used:
            yield Compute(view.path, "reopen")
            return
        producer = view.run.node(view.live_sources()[0])
        if producer.status is NodeStatus.DONE:
            yield Compute(view.path, "ask")
        elif producer.settled:
            message = f"{view.plan.title(producer.path)} could not do it again: {producer.message}"[:500]
            yield Record(ev.NodeFailed(path=view.path, code="sent_back", message=message))

    def _settle(self, view: NodeView, asked: ApprovalState) -> Command:
        if asked.status in ("approve", "edit"):
            output = asked.edited or view.arrival()
            who = ", ".join(dict.fromkeys([*(vote.by_name for vote in asked.votes), asked.by_name]))
            note = f"{who} approved" + (" with changes" if asked.edited else "")
            return Record(ev.NodeCompleted(path=view.path, output=output, note=note[:500]))
        if asked.status == "expired":
            fatal = asked.on_expiry == "fail"
            message = "Nobody decided in time."
            return Record(ev.NodeFailed(path=view.path, code="expired", message=message, fatal=fatal))
        reason = f": {asked.comment}" if asked.comment else "."
        message = f"{asked.by_name} rejected it{reason}"[:500]
        return Record(ev.NodeFailed(path=view.path, code="rejected", message=message))

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        asked = last_asked(view)
        if what == "reopen" and asked is not None:
            yield rework.reopen(view, asked, content)
            return
        try:
            yield self._ask(view, asked, content)
        except text.TemplateError as error:
            yield ev.NodeFailed(path=view.path, code="template", message=str(error)[:500])

    def _ask(self, view: NodeView, before: ApprovalState | None, content: Content) -> ev.Event:
        config: ApprovalConfig = view.config
        title = text.render(config.title, view.context(content)) if config.title else f"Approve {view.title}"
        subject: dict[str, Any] = {
            "kind": "gate",
            "title": title[:300],
            "instructions": config.instructions,
            "value": content.get(view.arrival()),
            "from": [view.plan.title(path) for path in view.contributions()],
        }
        round_ = len(view.state.approvals) + 1
        if before is not None:  # so that what comes back unchanged is a question of its own all the same
            subject |= {"round": round_, "sent_back": {"by": before.by_name, "comment": before.comment}}
        return ev.ApprovalRequested(
            path=view.path,
            key=KEY if round_ == 1 else f"{KEY}{round_}",
            kind="gate",
            title=title[:300],
            subject=content.put(subject),
            may_send_back=round_ <= config.most_sends_back and rework.producer_of(view) is not None,
            **approving.as_asked(config, view),
        )


def last_asked(view: NodeView) -> ApprovalState | None:
    """The question that counts: each time the value was sent back, another one follows."""
    return next(reversed(view.state.approvals.values()), None)


KIND = ApprovalKind()
