"""A gate: what arrives goes on only when a person lets it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import text
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.kind import Kind, NodeView

KEY = "ask"


class ApprovalConfig(NodeConfig):
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
    least_role: Literal["operator", "designer", "admin", "owner"] = Field(
        "operator",
        title="Who may decide",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Who",
                "chip": True,
                "options": {
                    "operator": "operators and above",
                    "designer": "designers and above",
                    "admin": "admins and owners",
                    "owner": "owners",
                },
            }
        },
    )
    launcher_may_decide: bool = Field(
        True,
        title="Whoever started the run may decide",
        json_schema_extra={"ui": {"widget": "switch", "section": "Who"}},
    )
    deadline_s: float | None = Field(
        None,
        gt=0,
        le=86_400 * 90,
        title="Deadline",
        json_schema_extra={
            "ui": {"widget": "duration", "section": "Who", "help": "Empty: it waits for ever."}
        },
    )
    on_expiry: Literal["reject", "fail"] = Field(
        "reject",
        title="If nobody decides in time",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Who",
                "options": {"reject": "it is rejected", "fail": "the run fails"},
            }
        },
    )


ROLES = {"operator": 20, "designer": 30, "admin": 40, "owner": 50}


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
        if config.deadline_s and config.on_expiry == "reject" and not self._rejected_edge(node, scope):
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
        return not view.state.approvals[KEY].edited

    def step(self, view: NodeView) -> Iterator[Command]:
        approval = view.state.approvals.get(KEY)
        if approval is None:
            yield Compute(view.path, "ask")
            return
        timer = view.state.timers.get("deadline")
        if approval.status == "pending":
            if timer and timer.fired:
                yield Record(ev.ApprovalExpired(path=view.path, key=KEY))
            elif timer is None and view.config.deadline_s:
                after = view.config.deadline_s
                yield Record(ev.TimerSet(path=view.path, key="deadline", after_s=after, purpose="deadline"))
            return
        yield self._settle(view)

    def _settle(self, view: NodeView) -> Command:
        approval = view.state.approvals[KEY]
        if approval.status in ("approve", "edit"):
            output = approval.edited or view.arrival()
            note = f"{approval.by_name} approved" + (" with changes" if approval.edited else "")
            return Record(ev.NodeCompleted(path=view.path, output=output, note=note))
        if approval.status == "expired":
            fatal = approval.on_expiry == "fail"
            message = "Nobody decided in time."
            return Record(ev.NodeFailed(path=view.path, code="expired", message=message, fatal=fatal))
        reason = f": {approval.comment}" if approval.comment else "."
        message = f"{approval.by_name} rejected it{reason}"[:500]
        return Record(ev.NodeFailed(path=view.path, code="rejected", message=message))

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        config = view.config
        try:
            title = (
                text.render(config.title, view.context(content)) if config.title else f"Approve {view.title}"
            )
        except text.TemplateError as error:
            yield ev.NodeFailed(path=view.path, code="template", message=str(error)[:500])
            return
        subject = {
            "kind": "gate",
            "title": title[:300],
            "instructions": config.instructions,
            "value": content.get(view.arrival()),
            "from": [view.plan.title(path) for path in view.contributions()],
        }
        yield ev.ApprovalRequested(
            path=view.path,
            key=KEY,
            kind="gate",
            title=title[:300],
            subject=content.put(subject),
            least_role=ROLES[config.least_role],
            launcher_may_decide=config.launcher_may_decide,
            deadline_s=config.deadline_s,
            on_expiry=config.on_expiry,
        )


KIND = ApprovalKind()
