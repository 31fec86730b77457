"""The team of the run tests: a router, three branches with a join, a tool that asks, a gate."""

from __future__ import annotations

from typing import Any

from agents.models import Team, TeamVersion
from agents.topology.canonical import digest
from agents.topology.graph import PinnedTeam, dump
from studio.workspaces.models import Workspace

REFUND = {
    "type": "object",
    "properties": {
        "order": {"type": "string", "title": "Order"},
        "amount": {"type": "number", "title": "Amount"},
        "reason": {"type": "string", "title": "Reason"},
    },
    "required": ["order", "amount"],
}


def _agent(name: str, role: str, tools: list[str] | None = None, **spec: Any) -> dict[str, Any]:
    model = {"endpoint": "OpenAI", "model": "gpt-5-mini"}
    return {"spec": {"name": name, "role": role, "model": model, "tools": tools or [], **spec}, "version": 3}


def _node(id_: str, kind: str, name: str, x: int, y: int, **config: Any) -> dict[str, Any]:
    return {"id": id_, "kind": kind, "name": name, "position": {"x": x, "y": y}, "config": config}


def _edge(source: str, target: str, kind: str = "flow", label: str = "", when: str = "") -> dict[str, Any]:
    made = {"id": f"{source}-{target}", "source": source, "target": target, "kind": kind}
    return made | {key: value for key, value in (("label", label), ("when", when)) if value}


SUPPORT_DESK: dict[str, Any] = {
    "format": "troupe.team/v1",
    "name": "Support desk",
    "agents": {
        "triage": _agent("Triage", "Reads the ticket"),
        "howto": _agent("How-to writer", "Answers from the docs"),
        "clerk": _agent("Case clerk", "Collects the facts"),
        "policy": _agent("Policy checker", "Finds the rule"),
        "refund": _agent("Refund clerk", "Refunds, with consent", ["orders_get", "issue_refund"]),
        "history": _agent("Historian", "Reads earlier tickets", ["notes_read"]),
        "writer": _agent("Reply writer", "Writes to the customer"),
    },
    "tools": {
        "orders_get": {
            "spec": {"kind": "http_request", "description": "Reads one order."},
            "title": "Get order",
            "parameters": {"type": "object", "properties": {"order": {"type": "string"}}},
            "effect": "reads",
        },
        "issue_refund": {
            "spec": {
                "kind": "http_request",
                "description": "Pays money back.",
                "approval": "args.amount > 100",
            },
            "title": "Issue refund",
            "parameters": REFUND,
            "effect": "writes",
        },
        "notes_read": {
            "spec": {"kind": "notes_read", "description": "Reads the workspace's notes."},
            "title": "Read notes",
            "parameters": {"type": "object", "properties": {"key": {"type": "string"}}},
            "effect": "reads",
        },
    },
    "graph": {
        "nodes": [
            _node("input", "input", "Ticket", 0, 203),
            _node("triage", "router", "Triage", 78, 174, question="What is it about?", agent="triage"),
            _node("howto", "agent", "How-to writer", 294, 6, agent="howto"),
            _node("clerk", "agent", "Case clerk", 294, 174, agent="clerk"),
            _node("policy", "agent", "Policy checker", 522, 54, agent="policy"),
            _node("refund", "agent", "Refund clerk", 522, 174, agent="refund"),
            _node("history", "agent", "Historian", 522, 294, agent="history"),
            _node("facts", "join", "Facts", 756, 203, policy="quorum", quorum=2),
            _node("writer", "agent", "Reply writer", 852, 174, agent="writer"),
            _node("gate", "approval", "Send the reply?", 1080, 174, title="Send this reply to the customer?"),
            _node("person", "agent", "Hand to a person", 1080, 324, agent="howto"),
            _node("output", "output", "Reply", 1302, 203),
        ],
        "edges": [
            _edge("input", "triage"),
            _edge("triage", "howto", label="how-to"),
            _edge("triage", "clerk", label="refund"),
            _edge("clerk", "policy"),
            _edge("clerk", "refund"),
            _edge("clerk", "history"),
            _edge("policy", "facts"),
            _edge("refund", "facts"),
            _edge("history", "facts"),
            _edge("facts", "writer"),
            _edge("writer", "gate"),
            _edge("gate", "person", kind="error", label="rejected"),
            _edge("gate", "output"),
            _edge("howto", "output"),
            _edge("person", "output"),
        ],
        "limits": {"cost_usd": "0.02", "model_calls": 60},
    },
}


def support_desk() -> PinnedTeam:
    return PinnedTeam.model_validate(SUPPORT_DESK)


def publish(workspace: Workspace, pinned: PinnedTeam | None = None, number: int = 7) -> TeamVersion:
    """A published version of the team in `workspace`, made without the designer."""
    pinned = pinned or support_desk()
    team, _ = Team.objects.get_or_create(workspace=workspace, name=pinned.name)
    version, _ = TeamVersion.objects.get_or_create(
        team=team,
        number=number,
        variant_of=None,
        defaults={"content": dump(pinned), "digest": digest(pinned)},
    )
    Team.objects.filter(pk=team.pk).update(current=version)
    return version
