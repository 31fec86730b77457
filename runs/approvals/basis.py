"""What a decision rests on: the nodes whose answers came in, and the tools the agent has used before."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from runs.engine import events as ev
from runs.engine.fold import replay
from runs.engine.kind import NodeView
from runs.engine.plan import Plan
from runs.models import Approval, LogEvent
from studio.web.navigation import href

NODES = (  # what decides which edges were taken; calls have no say in it
    "RunStarted",
    "RunForked",
    "NodeStarted",
    "NodeCompleted",
    "NodeFailed",
    "NodeSkipped",
    "NodeCancelled",
    "NodeRetried",
    "NodeNoted",
    "OutputGiven",
    "LoopRepeated",
    "ApprovalRequested",
    "ApprovalDecided",
    "ApprovalExpired",
)
MOST = 12


@dataclass(frozen=True)
class Basis:
    """One thing it rests on, with the place of the run's page that shows it."""

    icon: str
    title: str
    url: str
    path: str = ""  # the node, when it is one


def basis_of(approval: Approval, plan: Plan, slug: str) -> list[Basis]:
    page = href("run", slug, approval.run_id)
    nodes = [
        Basis(plan.kind(path).icon, plan.title(path), f"{page}?{_select('node', path)}", path)
        for path in _contributions(approval, plan)
    ]
    spans = approval.run.spans.filter(path=approval.path, kind="tool", status="done")
    calls = spans.filter(started_at__lt=approval.requested_at).order_by("-started_at")
    used = [
        Basis("wrench", name, f"{page}?{_select('call', key)}")
        for key, name in calls.values_list("key", "name")[:MOST]
    ]
    return [*nodes[:MOST], *reversed(used)]


def _select(kind: str, name: str) -> str:
    """What opens it on the run's page."""
    return urlencode({"select": f"{kind}:{name}"})


def _contributions(approval: Approval, plan: Plan) -> list[str]:
    """The nodes whose outputs the asking node was given, from the few events that are about nodes."""
    log = LogEvent.objects.filter(run_id=approval.run_id, type__in=NODES).order_by("seq")
    state = replay(ev.decode(body) for body in log.values_list("body", flat=True))
    return NodeView(plan, state, approval.path).contributions()
