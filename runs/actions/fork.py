"""Forking a run: a new one that shares the beginning of its parent's log and goes on by itself from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from django.conf import settings
from django.db import IntegrityError, transaction

from agents.actions.variants import make_variant
from agents.models import TeamVersion
from agents.topology import problems as design
from agents.topology.changes import Changes, in_words, rewritten
from agents.topology.graph import RunLimits
from agents.topology.problems import Problem
from runs.actions.appending import Locked, append_all, plan_of
from runs.actions.decide import decide_approval
from runs.actions.errors import BadInput, Refused
from runs.actions.limits import as_recorded
from runs.actions.start import check_input
from runs.engine import events as ev
from runs.engine.commands import Record
from runs.engine.content import Content
from runs.engine.decide import decide
from runs.engine.fold import fold, replay
from runs.engine.forked import carry_over
from runs.engine.kind import node_of
from runs.engine.plan import Plan
from runs.engine.state import RunState
from runs.execute.clock import now_us
from runs.log import Draft, Head
from runs.models import Approval, LogEvent, Prefix, Run
from runs.projections.base import Ref
from studio import audit
from studio.workspaces.access import Member, Role

Effects = Literal["recorded", "simulated", "live"]
ENDS = (ev.RunCompleted, ev.RunFailed, ev.RunCancelled)


@dataclass(frozen=True)
class Answer:
    """A decision that is taken as soon as the fork asks for it; `key` may be left out where one is asked."""

    node: str
    decision: str
    key: str = ""
    comment: str = ""
    edited: Any = None


@dataclass(frozen=True)
class Wanted:
    """What a fork is to be. `value` None: the parent's input; `limits` None: those of its team."""

    at: int  # the last event it shares with its parent
    effects: Effects
    changes: Changes = field(default_factory=Changes)
    value: dict[str, Any] | None = None
    answers: Sequence[Answer] = ()
    limits: RunLimits | None = None


@dataclass
class Cut:
    """The parent's log up to the last event that is kept, and the state it leads to."""

    events: list[ev.AnyEvent]
    hash: bytes
    state: RunState


def fork_run(*, actor: Member, run: Run, wanted: Wanted, idempotency_key: str = "") -> Run:
    """A new run that goes on behind event `wanted.at` of `run`, which stays as it is.

    Changing agents or nodes takes a designer. Raises BadInput, Refused, PermissionDenied.
    """
    actor.require(Role.OPERATOR)
    cut = cut_at(run, wanted.at)
    key = idempotency_key[:200]
    try:
        with transaction.atomic():
            version = _version(actor, run, wanted.changes)
            made = _create(actor, run, version, wanted, cut, key)
            _decide(actor, made, wanted.answers)
    except IntegrityError:
        if not key:
            raise
        return _earlier(actor, run, wanted, key)
    made.refresh_from_db()
    return made


def cut_at(run: Run, at: int) -> Cut:
    """Refused where nothing could go on from."""
    if not 1 <= at <= run.seq:
        raise Refused("no_such_event", f"Run {run.short_id} has the events 1 to {run.seq}; there is no {at}.")
    rows = LogEvent.objects.filter(run_id=run.pk, seq__lte=at).order_by("seq").values_list("body", "hash")
    found = list(rows.iterator(chunk_size=2_000))
    events = [ev.decode(body) for body, _ in found]
    state = replay(events)
    if state.ended:
        end = max(seq for seq, event in enumerate(events, 1) if isinstance(event, ENDS))
        raise Refused("ended", f"The run had ended with event {end}. Fork it at an earlier one.")
    if state.cancel_requested:
        raise Refused("cancelled", f"By event {at} somebody had stopped the run. Fork it at an earlier one.")
    return Cut(events, bytes(found[-1][1]), state)


def _version(actor: Member, run: Run, changes: Changes) -> TeamVersion:
    try:
        return make_variant(actor=actor, version=run.team_version, changes=changes)
    except design.Refused as refused:
        raise BadInput(refused.problems) from refused


def _create(actor: Member, parent: Run, version: TeamVersion, wanted: Wanted, cut: Cut, key: str) -> Run:
    plan, content = plan_of(version), Content()
    digest = cut.state.input
    if wanted.value is not None:
        check_input(plan, wanted.value, content)
        digest = content.put(wanted.value)
    simulated = {"live": False, "simulated": True}.get(wanted.effects, cut.state.mode == "simulated")
    limits = wanted.limits or plan.team.graph.limits
    run = Run.objects.create(
        workspace=actor.workspace,
        team_version=version,
        mode=Run.Mode.SIMULATED if simulated else Run.Mode.LIVE,
        effects=wanted.effects,
        input_digest=digest,
        cost_limit=None if limits.cost_usd is None else Decimal(limits.cost_usd),
        started_by=actor.user,
        started_via=actor.via,
        idempotency_key=key,
        forked_from=parent,
        fork_seq=wanted.at,
        fork_hash=cut.hash,
        seq=wanted.at,
        head_hash=cut.hash,
    )
    Prefix.objects.bulk_create(_prefixes(run, parent, wanted.at))
    forked = _forked(actor, parent, run, plan, wanted, cut, limits)
    draft = Draft(Ref(run.pk, run.workspace_id, plan), Head(wanted.at, cut.hash, 0), cut.state)
    append_all(Locked(run, plan, content, draft), list(_beginning(forked, plan, cut)), approvals=True)
    details = {
        "parent": str(parent.pk),
        "at": wanted.at,
        "effects": wanted.effects,
        "changed": forked.changed,
    }
    audit.record(actor, "run.forked", run, **details)
    return run


def _prefixes(run: Run, parent: Run, at: int) -> list[Prefix]:
    """Where the events up to `at` are: in the parent's own log, or in those it was forked from itself."""
    inherited = [
        Prefix(run=run, source_id=one.source_id, first=one.first, last=min(one.last, at))
        for one in parent.prefixes.order_by("first")
        if one.first <= at
    ]
    own = parent.fork_seq + 1
    return inherited + ([Prefix(run=run, source=parent, first=own, last=at)] if own <= at else [])


def _forked(
    actor: Member, parent: Run, run: Run, plan: Plan, wanted: Wanted, cut: Cut, limits: RunLimits
) -> ev.RunForked:
    before = plan_of(parent.team_version).team
    anew = rewritten(before, plan.team)
    restarted = [path for path in cut.state.running if node_of(path) in anew]
    changed = in_words(before, plan.team)
    if run.input_digest != cut.state.input:
        changed.append("Input")
        restarted += [plan.entry] if plan.entry not in cut.state.running else []
    return ev.RunForked(
        parent=str(parent.pk),
        parent_seq=wanted.at,
        parent_hash=cut.hash.hex(),
        effects=wanted.effects,
        mode="simulated" if run.mode == Run.Mode.SIMULATED else "live",
        team_version=str(run.team_version_id),
        plan_digest=plan.digest,
        input=run.input_digest,
        by=str(actor.user.pk),
        by_name=str(actor.user),
        via=actor.via,
        changed=tuple(changed),
        restarted=tuple(restarted),
        latency_s=limits.latency_s,
        retry_base_s=settings.RETRY_BASE_SECONDS,
        **as_recorded(limits),
    )


def _beginning(forked: ev.RunForked, plan: Plan, cut: Cut) -> list[ev.Event]:
    """The fork's first events. Refused when nothing but its end would follow."""
    state = replay(cut.events)
    fold(state, forked)
    found: list[ev.Event] = [forked, *carry_over(cut.events, state, forked.effects, now_us())]
    for event in found[1:]:
        fold(state, event)
    commands = decide(state, plan)
    if any(isinstance(one, Record) and isinstance(one.event, ENDS) for one in commands):
        message = f"Behind event {forked.parent_seq} the run could only end. Fork it at an earlier one."
        raise Refused("nothing_left", message)
    return found


def _decide(actor: Member, run: Run, answers: Sequence[Answer]) -> None:
    for answer in answers:
        asked = Approval.objects.filter(run=run, status=Approval.Status.PENDING, path=answer.node)
        if answer.key:
            asked = asked.filter(key=f"{answer.node}\n{answer.key}")
        found = list(asked[:2])
        if len(found) != 1:
            many = "asks more than one thing; say which by its key" if found else "asks nothing"
            message = f"{answer.node} {many} at event {run.fork_seq}."
            raise BadInput([Problem("answer.unknown", message, "Fork where it is asked.", node=answer.node)])
        decide_approval(
            actor=actor,
            approval=found[0],
            decision=answer.decision,
            digest=found[0].digest,
            comment=answer.comment,
            edited=answer.edited,
        )


def _earlier(actor: Member, parent: Run, wanted: Wanted, key: str) -> Run:
    run = Run.objects.get(workspace=actor.workspace, idempotency_key=key)
    same = (run.forked_from_id, run.fork_seq, run.effects) == (parent.pk, wanted.at, wanted.effects)
    same = same and run.team_version == _version(actor, parent, wanted.changes)
    if wanted.value is not None:
        same = same and run.input_digest == Content().put(wanted.value)
    if not same:
        message = f"The idempotency key was used for run {run.short_id}, which is another fork or none."
        raise Refused("idempotency_conflict", message)
    return run
