"""What a person can do to a run as it stands: go on after a pause, take up what failed, call a webhook."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from runs.engine import events as ev
from runs.engine.decide import AWAITS, PAUSED
from runs.engine.kind import node_of
from runs.engine.plan import Plan
from runs.models import Event, Run, Span
from runs.webhooks import url_of

WEBHOOK = "webhook"


@dataclass(frozen=True)
class Failed:
    """A node of the graph that failed, and can be run again."""

    path: str
    title: str
    message: str


@dataclass(frozen=True)
class Webhook:
    """A node that waits for a call of `url`."""

    path: str
    title: str
    url: str


def paused_by(run: Run) -> str:
    """The name of who paused it, which its activity begins with; empty when it goes on."""
    first = run.activity.split(" · ")[0]
    return first.removeprefix(PAUSED) if first.startswith(PAUSED) else ""


def failed_nodes(run: Run, plan: Plan) -> list[Failed]:
    """The latest instances of nodes that failed, in the order of the graph. Workers are not among them."""
    latest: dict[str, tuple[int, Span]] = {}
    for span in Span.objects.filter(run=run, kind="node").exclude(path__contains="/"):
        number = int(span.path.partition("@")[2] or 1)
        if number >= latest.get(node_of(span.path), (0, span))[0]:
            latest[node_of(span.path)] = (number, span)
    return [
        Failed(span.path, plan.title(node_id), span.note)
        for node_id in plan.order
        for _, span in [latest.get(node_id, (0, None))]
        if span is not None and span.status == "failed"
    ]


def webhooks(run: Run, plan: Plan) -> list[Webhook]:
    """The addresses that nodes at work wait for."""
    if not any(getattr(config, "wait_for", "") == WEBHOOK for config in plan.configs.values()):
        return []
    at_work = Span.objects.filter(run=run, kind="node", status="running").values_list("path", flat=True)
    noted = Event.objects.filter(run=run, type="NodeNoted", path__in=list(at_work)).order_by("seq")
    found = []
    for event in map(ev.decode, noted.values_list("body", flat=True)):
        waits = isinstance(event, ev.NodeNoted) and event.key == AWAITS
        if waits and getattr(plan.config(event.path), "wait_for", "") == WEBHOOK:
            found.append(Webhook(event.path, plan.title(event.path), url_of(UUID(str(run.pk)), event.path)))
    return found
