"""Starting a run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from django.conf import settings
from django.db import IntegrityError, transaction

from agents.models import Team, TeamVersion
from agents.topology import schemas
from agents.topology.graph import RunLimits
from agents.topology.problems import Problem
from runs.actions.appending import Locked, append, plan_of
from runs.actions.errors import BadInput, Refused
from runs.actions.limits import as_recorded
from runs.engine import events as ev
from runs.engine.content import Content
from runs.engine.plan import Plan
from runs.engine.state import RunState
from runs.log import Draft, Head
from runs.models import Run
from runs.projections.base import Ref
from studio import audit
from studio.workspaces.access import Member, Role

INPUT_LIMIT = 500_000  # bytes of JSON


def start_run(
    *,
    actor: Member,
    team: Team,
    value: dict[str, Any],
    version: TeamVersion | None = None,
    mode: Literal["live", "simulated"] = "live",
    limits: RunLimits | None = None,
    idempotency_key: str = "",
) -> Run:
    """A new run of the team's published version. Raises BadInput, Refused, PermissionDenied.

    With an idempotency key that was used before in this workspace, the earlier run is returned if it was
    started with the same version and input, and Refused is raised otherwise.
    """
    actor.require(Role.OPERATOR)
    version = version or team.current
    if version is None:
        raise Refused("not_published", f"{team.name} has no published version yet. Publish it first.")
    plan, content = plan_of(version), Content()
    check_input(plan, value, content)
    digest = content.put(value)
    try:
        with transaction.atomic():
            run = Run.objects.create(
                workspace=actor.workspace,
                team_version=version,
                mode=mode,
                input_digest=digest,
                started_by=actor.user,
                started_via=actor.via,
                idempotency_key=idempotency_key[:200],
            )
            _append_start(run, plan, content, limits or plan.team.graph.limits)
            audit.record(actor, "run.started", run, team=team.name, version=version.number, mode=mode)
    except IntegrityError:
        if not idempotency_key:
            raise
        return _earlier(actor, idempotency_key[:200], version, digest, mode)
    return run


def create_child(*, parent: Run, path: str, started: ev.ChildRunStarted) -> Run | None:
    """The run of a sub-team, as its parent's log speaks of it. None: it exists already."""
    version = TeamVersion.objects.get(pk=started.team_version, team__workspace=parent.workspace_id)
    plan, content = plan_of(version), Content()
    try:
        with transaction.atomic():
            run = Run.objects.create(
                pk=started.child,
                workspace_id=parent.workspace_id,
                team_version=version,
                mode=parent.mode,
                input_digest=started.input,
                started_by_id=parent.started_by_id,
                started_via=f"run {parent.short_id}",
                parent=parent,
                parent_path=path,
            )
            limits = {
                "cost_usd": started.cost_limit,
                "tokens": started.token_limit,
                "model_calls": started.call_limit,
                "seconds": started.seconds_limit,
            }
            _append_start(run, plan, content, plan.team.graph.limits.model_copy(update=limits))
    except IntegrityError:
        return None
    return run


def check_input(plan: Plan, value: dict[str, Any], content: Content) -> None:
    """Raises BadInput when the team does not take this value."""
    schema = plan.configs[plan.entry].input_schema
    found = [
        Problem("input.invalid", sentence, "Correct the field.", plan.entry, field=_place(sentence))
        for sentence in schemas.errors(schema, value)
    ]
    size = len(content.text_of(value).encode("utf-8", "replace"))
    if size > INPUT_LIMIT:
        found.append(
            Problem("input.size", f"The input is {size:,} bytes; at most {INPUT_LIMIT:,} are allowed.")
        )
    if found:
        raise BadInput(found)


def _place(sentence: str) -> str:
    """The field that a sentence of the schema check begins with, if it does."""
    place, sign, _ = sentence.partition(": ")
    return place if sign and " " not in place else ""


def _append_start(run: Run, plan: Plan, content: Content, limits: RunLimits) -> None:
    if limits.cost_usd is not None:
        run.cost_limit = Decimal(limits.cost_usd)
    draft = Draft(Ref(run.id, run.workspace_id, plan), Head(0, bytes(32), 0), RunState())
    started = ev.RunStarted(
        team_version=str(run.team_version_id),
        plan_digest=plan.digest,
        input=run.input_digest,
        mode="simulated" if run.mode == "simulated" else "live",
        by=str(run.started_by_id or ""),
        via=run.started_via,
        parent=str(run.parent_id or ""),
        latency_s=limits.latency_s,
        retry_base_s=settings.RETRY_BASE_SECONDS,
        **as_recorded(limits),
    )
    append(Locked(run, plan, content, draft), started)


def _earlier(actor: Member, key: str, version: TeamVersion, digest: str, mode: str) -> Run:
    run = Run.objects.get(workspace=actor.workspace, idempotency_key=key)
    if (run.team_version_id, run.input_digest, run.mode) != (version.pk, digest, mode):
        raise Refused(
            "idempotency_conflict",
            f"The idempotency key was used for run {run.short_id} with another version, input or mode.",
        )
    return run
