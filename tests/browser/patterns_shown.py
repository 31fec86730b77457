"""Real runs to look at, on the rehearsal model: one of every pattern to its end, and some that wait."""

from __future__ import annotations

from typing import Any

from agents.actions.agents import use_model
from agents.actions.presets import create_from_preset
from agents.actions.teams import publish
from agents.models import Agent, Team
from agents.presets.registry import preset, presets
from agents.topology.graph import Edge, Graph, ModelRef, Node, PinnedTeam, Position
from runs.actions import decide_approval, pause_run, start_run
from runs.approvals.asked import Asked
from runs.models import Approval, Run
from studio.workspaces.access import Member, Role
from studio.workspaces.actions import create_workspace
from studio.workspaces.groups import create_group
from studio.workspaces.models import Membership, User
from tests.runs.live_team import published
from tests.workers import wait_until

REHEARSAL = ModelRef(endpoint="rehearsal", model="rehearsal")
PATIENCE_S = 180
ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "supplier": {"type": "string", "title": "Supplier", "enum": ["Northwind", "Contoso", "Fabrikam"]},
        "boxes": {"type": "integer", "title": "Boxes", "minimum": 1, "maximum": 40},
        "express": {"type": "boolean", "title": "Send it by express"},
        "note": {"type": "string", "title": "Note for the supplier", "maxLength": 400},
    },
    "required": ["supplier", "boxes"],
    "additionalProperties": False,
}
GATE = {
    "title": "Order more {{ input.goods }}?",
    "instructions": "Is it still needed? Two of Finance have to agree.",
    "groups": ["Finance"],
    "quorum": 2,
    "deadline_s": 14_400,
    "on_expiry": "escalate",
    "reminders": [{"seconds": 3_600}],
    "escalation": [{"least_role": "owner"}],
}
ASKED = {
    "title": "What shall we order?",
    "instructions": "The storeroom holds at most 40 boxes.",
    "schema": ORDER,
}
GOODS = ("green tea", "printer paper", "light bulbs")


def some(user: User) -> dict[str, str]:
    """The workspace's slug, the runs' ids by preset, and what waits."""
    member = create_workspace(user=user, name="Every pattern")
    for model in (Team, Agent):
        model.objects.filter(workspace=member.workspace).delete()
    runs = _started(member)
    wait_until(lambda: _settled(member, list(runs.values())), "every pattern's run to end", PATIENCE_S)
    waiting = _waiting(member)
    wait_until(lambda: _asked(waiting).count() == 2 * len(waiting), "runs that ask to ask", PATIENCE_S)
    by_kind = {row.kind: row for row in _asked(waiting[:1])}
    pause_run(actor=member, run=waiting[1], reason="The storeroom is being counted.")
    return {
        "patterns": member.workspace.slug,
        **{f"pattern_{name}": str(run.pk) for name, run in runs.items()},
        **{f"team_{name}": str(run.team_version.team_id) for name, run in runs.items()},
        "run_waits": str(waiting[0].pk),
        "run_paused": str(waiting[1].pk),
        "approval_question": str(by_kind["question"].id),
        "approval_quorum": str(by_kind["gate"].id),
    }


def _started(member: Member) -> dict[str, Run]:
    made = {one.name: create_from_preset(actor=member, name=one.name).team for one in presets()}
    agents = Agent.objects.filter(workspace=member.workspace).select_related("current")
    use_model(actor=member, agents=agents, model=REHEARSAL)
    runs = {}
    for name, team in made.items():
        publish(actor=member, team=team)
        team.refresh_from_db()
        runs[name] = start_run(actor=member, team=team, value=_sample(name))
    return runs


def _sample(name: str) -> dict[str, Any]:
    """What the launch form offers."""
    graph = preset(name).file.graph
    return _defaults(next(node.config["schema"] for node in graph.nodes if node.kind == "input"))


def _defaults(schema: Any) -> dict[str, Any]:
    return {field: spec["default"] for field, spec in schema["properties"].items()}


def _waiting(member: Member) -> list[Run]:
    """Three runs of a team that asks a question, waits for a program and needs two people, all at once."""
    user = User.objects.create_user("ann.lindqvist@example.org", name="Ann Lindqvist")
    ann = Membership.objects.create(workspace=member.workspace, user=user, role=Role.OPERATOR)
    mine = Membership.objects.get(workspace=member.workspace, user=member.user)
    create_group(actor=member, name="Finance", members=[ann, mine])
    team = published(member, _storeroom())
    return [start_run(actor=member, team=team, value={"goods": goods}) for goods in GOODS]


def _storeroom() -> PinnedTeam:
    nodes = [
        _node("input", "input", "Goods", 48, 233, schema=_one("goods")),
        _node("agree", "approval", "Finance agrees", 180, 36, **GATE),
        _node("order", "question", "What to order", 180, 204, **ASKED),
        _node("paid", "wait", "Payment", 236, 372, wait_for="webhook"),
        _node("all", "join", "All there", 432, 233),
        _node("output", "output", "Order", 560, 233),
    ]
    between = ("agree", "order", "paid")
    pairs = [("input", one) for one in between] + [(one, "all") for one in between] + [("all", "output")]
    edges = [Edge(id=f"{source}-{target}", source=source, target=target) for source, target in pairs]
    return PinnedTeam(name="Storeroom", agents={}, tools={}, graph=Graph(nodes=nodes, edges=edges))


def _node(key: str, kind: str, name: str, x: int, y: int, **config: Any) -> Node:
    return Node(id=key, kind=kind, name=name, position=Position(x=x, y=y), config=config)


def _one(name: str) -> dict[str, Any]:
    properties = {name: {"type": "string", "title": name.title()}}
    return {"type": "object", "properties": properties, "required": [name], "additionalProperties": False}


def _asked(runs: list[Run]) -> Any:
    return Approval.objects.filter(run__in=runs, status="pending")


def _settled(member: Member, runs: list[Run]) -> bool:
    """Approve whatever they and their sub-teams ask, or answer as the form offers, until all have ended."""
    for approval in Approval.objects.filter(workspace=member.workspace, status="pending"):
        asks = approval.kind == "question"
        decide_approval(
            actor=member,
            approval=approval,
            decision="answer" if asks else "approve",
            digest=approval.digest,
            edited=_defaults(Asked(approval, member).schema) if asks else None,
        )
    for run in runs:
        run.refresh_from_db()
    return all(run.has_ended for run in runs)
