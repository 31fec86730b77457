"""What pages show of forks, before and after they are made, and of a run as it was at one of its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from runs.actions.appending import plan_of
from runs.actions.errors import Refused
from runs.actions.fork import cut_at
from runs.engine import events as ev
from runs.engine.approval_state import ApprovalState
from runs.engine.decide import status
from runs.engine.fold import replay
from runs.engine.forked import ALWAYS_MOOT
from runs.engine.kind import node_of
from runs.engine.plan import Plan
from runs.engine.state import NodeStatus
from runs.models import LogEvent, Run
from runs.projections.base import moment

KEPT = (NodeStatus.DONE, NodeStatus.FAILED, NodeStatus.SKIPPED, NodeStatus.CANCELLED)


@dataclass(frozen=True)
class Cut:
    """The run as it was at an event; `refused` says why no fork can begin there."""

    at: int
    event: str = ""
    node: str = ""
    refused: str = ""
    kept: list[str] = field(default_factory=list)
    under_way: list[str] = field(default_factory=list)
    to_come: list[str] = field(default_factory=list)
    pending: list[ApprovalState] = field(default_factory=list)  # what the fork asks again, unless answered

    @property
    def asked(self) -> list[str]:
        return [one.title for one in self.pending]


def cut_of(run: Run, at: int) -> Cut:
    plan = plan_of(run.team_version)
    try:
        found = cut_at(run, at)
    except Refused as refused:
        return Cut(at, refused=refused.sentence)
    nodes = found.state.nodes
    started = {node_of(path) for path, node in nodes.items() if node.status is not NodeStatus.PENDING}
    newest = found.events[-1]
    return Cut(
        at,
        event=_words(newest),
        node=_title(plan, newest.path),
        kept=[_title(plan, path) for path, node in nodes.items() if path and node.status in KEPT],
        under_way=[_title(plan, path) for path in found.state.running],
        to_come=[plan.title(node) for node in plan.order if node not in started],
        pending=[one for one in found.state.pending_approvals() if one.kind not in ALWAYS_MOOT],
    )


def _title(plan: Plan, path: str) -> str:
    return plan.title(path) if path else ""


def _words(event: ev.Event) -> str:
    """`NodeStarted` as “Node started”."""
    name = ev.type_of(event)
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return spaced.capitalize()


def usual_start(run: Run) -> int:
    """Where a fork begins unless somebody says where: now; before what failed; or with the input alone."""
    if not run.has_ended:
        return run.seq
    if run.status == Run.Status.FAILED:
        log = LogEvent.objects.filter(run_id=run.pk)
        failed = log.filter(type="NodeFailed").order_by("seq").values_list("path", flat=True).last()
        began = log.filter(type="NodeStarted", path=failed or "").order_by("seq")
        before = began.values_list("seq", flat=True).last()
        return max((before or 2) - 1, 1)
    return 1


# ── a fork's page, and a run's forks ────────────────────────────────────────────────────────────────
SHOWN = 5


@dataclass(frozen=True)
class Lineage:
    """What a run was forked off and what was forked off it, the newest first."""

    parent: Run | None
    changed: list[str]
    forks: list[Run]
    more: int

    def __bool__(self) -> bool:
        return self.parent is not None or bool(self.forks)


def lineage_of(run: Run) -> Lineage:
    forks = Run.objects.filter(forked_from=run).order_by("-created_at")
    found = list(forks[: SHOWN + 1])
    more = forks.count() - SHOWN if len(found) > SHOWN else 0
    return Lineage(run.forked_from, _changed(run) if run.forked_from_id else [], found[:SHOWN], more)


def _changed(run: Run) -> list[str]:
    body = run.events.order_by("seq").values_list("body", flat=True).first()
    event = ev.decode(body) if body else None
    return list(event.changed) if isinstance(event, ev.RunForked) else []


# ── a run as it was ─────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Past:
    """A run as it was at event `at`."""

    at: int
    status: str
    event: str
    node: str
    when: datetime
    cost: Decimal
    tokens: int
    calls: int
    seconds: float


def past_of(run: Run, at: str) -> Past | None:
    """None where `at` names no event before the newest."""
    seq = int(at) if at.isdecimal() and len(at) < 10 else 0
    if not 1 <= seq < run.seq:
        return None
    log = LogEvent.objects.filter(run_id=run.pk, seq__lte=seq).order_by("seq")
    events = [ev.decode(body) for body in log.values_list("body", flat=True).iterator(chunk_size=2_000)]
    state, newest = replay(events), events[-1]
    return Past(
        at=seq,
        status=status(state),
        event=_words(newest),
        node=_title(plan_of(run.team_version), newest.path),
        when=moment(newest.at),
        cost=state.budget.spent_cost,
        tokens=state.budget.spent_tokens,
        calls=state.budget.calls,
        seconds=max((newest.at - state.started_at) / 1e6, 0),
    )
