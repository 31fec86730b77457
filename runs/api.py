"""The run-time part of the JSON API: start, watch and stop runs, decide what they ask."""

from __future__ import annotations

import json
from math import ceil
from typing import Annotated, Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Header, Router, Schema, Status
from ninja.errors import Throttled
from ninja.throttling import BaseThrottle
from pydantic import Field

from agents.access import get_team, get_team_version
from agents.models import Team, TeamVersion
from agents.topology.problems import Problem
from runs import access, actions, queries
from runs import api_schemas as io
from runs.actions.appending import plan_of
from runs.actions.errors import BadInput, Refused
from runs.api_rate import PerMinute
from runs.approvals import inbox
from runs.approvals.asked import Asked
from runs.live.frames import event_json
from runs.models import Approval, Blob, Run
from runs.schema_forms.errors import problems
from studio.api import Answer, ApiError, ErrorOut, caller
from studio.workspaces.access import Member, Role

READS: list[BaseThrottle] = [PerMinute("reads", 1_200)]
WRITES: list[BaseThrottle] = [PerMinute("writes", 300)]
FAILS: dict[int, type[Schema]] = dict.fromkeys((401, 403, 404, 429), ErrorOut)
REFUSES = FAILS | {409: ErrorOut, 413: ErrorOut, 422: ErrorOut}
EVENTS = 1_000  # at most, in one answer

router = Router(throttle=READS)
ERRORS: dict[type[Exception], Answer] = {
    Refused: lambda error: ApiError(409, error.code, error.sentence),
    BadInput: lambda error: ApiError(
        422, "invalid", "Nothing was done.", [one.as_dict() for one in error.problems]
    ),
    Throttled: lambda error: ApiError(
        429, "too_many_requests", f"Too many requests; try again in {ceil(error.wait or 1)} s."
    ),
}

Limit = Annotated[int, Field(ge=1, le=200)]
Offset = Annotated[int, Field(ge=0, le=1_000_000)]


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────
@router.post(
    "/teams/{uuid:team_id}/runs",
    response={201: io.RunDetailOut, 200: io.RunDetailOut, **REFUSES},
    tags=["runs"],
    url_name="start_run",
    throttle=WRITES,
)
def start_run(
    request: HttpRequest,
    team_id: UUID,
    body: io.StartIn,
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key", max_length=200)] = "",
) -> Status[io.RunDetailOut]:
    """Start a run of the team's current version, or of `version`.

    With an `Idempotency-Key`, sending the same again answers 200 with the run it started the first time; the
    same key with another input is refused with 409.
    """
    member = caller(request)
    team = get_team(member, team_id, Role.OPERATOR)
    version = get_team_version(member, team_id, body.version) if body.version else _current(team)
    _check_input(version, body.input)
    key = idempotency_key.strip()
    known = bool(key) and Run.objects.filter(workspace=member.workspace, idempotency_key=key).exists()
    run = actions.start_run(
        actor=member,
        team=team,
        value=body.input,
        version=version,
        mode=body.mode,
        limits=body.limits.over(version.parsed().graph.limits) if body.limits else None,
        idempotency_key=key,
    )
    return Status(200 if known else 201, detail(member, run.pk))


def _current(team: Team) -> TeamVersion:
    if team.current is None:
        raise Refused("not_published", f"{team.name} has no published version yet. Publish it first.")
    return team.current


def _check_input(version: TeamVersion, value: dict[str, Any]) -> None:
    """Every problem with its place; `start_run` checks the same, and more."""
    plan = plan_of(version)
    found = [
        Problem("input.invalid", one.sentence, node=plan.entry, field=one.where("input"))
        for one in problems(plan.configs[plan.entry].input_schema, value)
    ]
    if found:
        raise BadInput(found)


@router.get("/runs", response={200: io.RunsOut, **FAILS}, tags=["runs"], url_name="runs")
def list_runs(
    request: HttpRequest,
    team: UUID | None = None,
    status: io.Status | None = None,
    mode: io.Mode | None = None,
    q: Annotated[str, Field(max_length=200)] = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> io.RunsOut:
    """The runs of the workspace, the newest first. `q` looks for a team's name, an id, or an error."""
    exact = {"team_version__team": team, "status": status, "mode": mode}
    found = queries.runs_of(caller(request).workspace.pk)
    found = found.filter(**{name: value for name, value in exact.items() if value})
    found = queries.by_text(found, q.replace("\x00", "")) if q else found
    page = found.order_by("-created_at", "-pk")[offset : offset + limit]
    return io.RunsOut(items=[io.RunOut.of(row) for row in queries.rows(page)], total=found.count())


@router.get("/runs/{uuid:run_id}", response={200: io.RunDetailOut, **FAILS}, tags=["runs"], url_name="run")
def get_run(request: HttpRequest, run_id: UUID) -> io.RunDetailOut:
    """One run with its totals from the ledger, its input and output, and what waits for a decision."""
    return detail(caller(request), run_id)


def detail(member: Member, run_id: UUID) -> io.RunDetailOut:
    run = access.get_run(member, run_id)
    pending = inbox.pending(member).filter(run=run)
    asked = [Asked(one, member) for one in pending[:200]]
    return io.RunDetailOut.detail(
        run, asked, _content(run, run.input_digest), _content(run, run.output_digest)
    )


def _content(run: Run, digest: str) -> Any:
    """A value that the run itself names; None when there is none, or it is no longer stored."""
    rows = (
        Blob.objects.filter(workspace_id=run.workspace_id, digest=digest) if digest else Blob.objects.none()
    )
    text = rows.values_list("content", flat=True).first()
    return None if text is None else json.loads(text)


@router.get(
    "/runs/{uuid:run_id}/events", response={200: io.EventsOut, **FAILS}, tags=["runs"], url_name="run_events"
)
def list_events(
    request: HttpRequest,
    run_id: UUID,
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Field(ge=1, le=EVENTS)] = 200,
) -> HttpResponse:
    """The events behind `after`, in order; ask again with `next` as `after` until the run has `ended`."""
    run = access.get_run(caller(request), run_id)
    found = queries.events_after(run.pk, after, limit)
    last = found[-1][0] if found else after
    head = max(run.seq, last if found else 0)
    items = ",".join(event_json(seq, body) for seq, body in found)
    ended = "true" if run.has_ended and last >= head else "false"
    return _json(f'{{"items":[{items}],"next":{last},"head":{head},"ended":{ended}}}')


@router.get(
    "/runs/{uuid:run_id}/content/{digest}",
    response={200: Any, **FAILS},
    tags=["runs"],
    url_name="run_content",
)
def get_content(
    request: HttpRequest, run_id: UUID, digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
) -> HttpResponse:
    """Content that an event of this run refers to, as JSON: a message, arguments, a result, an output."""
    run = access.get_run(caller(request), run_id)
    text = queries.content_of(run, digest)
    if text is None:
        raise Http404("This run has no such content.")
    return _json(text)


def _json(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="application/json")


@router.post(
    "/runs/{uuid:run_id}/cancel",
    response={200: io.RunDetailOut, **REFUSES},
    tags=["runs"],
    url_name="cancel_run",
    throttle=WRITES,
)
def cancel_run(request: HttpRequest, run_id: UUID, body: io.CancelIn | None = None) -> io.RunDetailOut:
    """Ask the run to stop: what is in flight is aborted. One that has ended stays as it is."""
    member = caller(request)
    run = access.get_run(member, run_id, Role.OPERATOR)
    actions.cancel_run(actor=member, run=run, reason=body.reason if body else "")
    return detail(member, run_id)


@router.post(
    "/runs/{uuid:run_id}/limits",
    response={200: io.RunDetailOut, **REFUSES},
    tags=["runs"],
    url_name="raise_limits",
    throttle=WRITES,
)
def raise_limits(request: HttpRequest, run_id: UUID, body: io.RaiseIn) -> io.RunDetailOut:
    """Change what the run may use up; one that stands at a limit goes on."""
    member = caller(request)
    run = access.get_run(member, run_id, Role.OPERATOR)
    old = queries.limits_of(run.pk)
    allowed = body.unknown_prices_allowed
    actions.raise_limits(
        actor=member,
        run=run,
        limits=body.over(old.as_run_limits),
        unknown_prices_allowed=old.unknown_prices_allowed if allowed is None else allowed,
    )
    return detail(member, run_id)


# ── approvals ───────────────────────────────────────────────────────────────────────────────────────
@router.get("/approvals", response={200: io.ApprovalsOut, **FAILS}, tags=["approvals"], url_name="approvals")
def list_approvals(
    request: HttpRequest,
    status: io.ApprovalStatus | None = None,
    run: UUID | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> io.ApprovalsOut:
    """What was asked: with `status=pending` the soonest deadline first, else the latest decision first."""
    member = caller(request)
    found = inbox.pending(member) if status == "pending" else inbox.all_of(member)
    exact = {"status": status, "run": run}
    found = found.filter(**{name: value for name, value in exact.items() if value})
    items = [io.ApprovalOut.of(Asked(one, member)) for one in found[offset : offset + limit]]
    return io.ApprovalsOut(items=items, total=found.count())


@router.get(
    "/approvals/{uuid:approval_id}",
    response={200: io.ApprovalDetailOut, **FAILS},
    tags=["approvals"],
    url_name="approval",
)
def get_approval(request: HttpRequest, approval_id: UUID) -> io.ApprovalDetailOut:
    """One decision with `subject`, exactly what its digest covers."""
    member = caller(request)
    return io.ApprovalDetailOut.of(Asked(access.get_approval(member, approval_id), member))


@router.post(
    "/approvals/{uuid:approval_id}/decide",
    response={200: io.ApprovalDetailOut, **REFUSES},
    tags=["approvals"],
    url_name="decide",
    throttle=WRITES,
)
def decide(request: HttpRequest, approval_id: UUID, body: io.DecideIn) -> io.ApprovalDetailOut:
    """Approve, edit, send back or reject; for a call in doubt: retry, done or abort.

    `digest` must be the one of what you saw, else 409. Where several people have to approve, this is one of
    their `votes` and the status stays `pending`; an edit gives a new digest and clears the votes for the old
    one. The same decision sent twice gets the same answer; whoever is not asked gets 403.
    """
    member = caller(request)
    approval: Approval = access.get_approval(member, approval_id, Role.OPERATOR)
    decided = actions.decide_approval(
        actor=member,
        approval=approval,
        decision=body.decision,
        digest=body.digest,
        comment=body.comment,
        edited=body.edited,
    )
    return io.ApprovalDetailOut.of(Asked(access.get_approval(member, decided.id), member))
