"""The page of one run: header and what waits for people, each also alone as it is now; stop, raise limits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from runs import forking, queries, steering, subteams
from runs.access import get_run
from runs.actions import cancel_run, raise_limits
from runs.actions.appending import plan_of
from runs.actions.errors import Refused
from runs.budgets.queries import bars_of
from runs.forms.raise_limits import RaiseLimits
from runs.home.needs import saw
from runs.models import Approval, Budget, Run
from runs.trace import titles_of, trace_of
from runs.views.entering import enter
from studio.workspaces.access import Member, Role


@login_required
def run(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    found = get_run(member, run_id)
    if past := forking.past_of(found, request.GET.get("at", "")):
        trace = trace_of(found, slug, until=past.at, may_fork=member.role >= Role.OPERATOR)
        return render(request, "runs/run_past.html", {"run": found, "past": past, "trace": trace})
    saw(member, found)
    return render(request, "runs/run.html", page_of(found, member) | _trace(found, member))


def _trace(found: Run, member: Member) -> dict[str, Any]:
    may_fork = member.role >= Role.OPERATOR
    return {"trace": trace_of(found, member.workspace.slug, may_fork=may_fork)}


@login_required
def run_live(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """The parts of the page that change while it is open; static/js/run.js puts them in their places."""
    member = enter(request, slug)
    return render(request, "runs/_run_live.html", page_of(get_run(member, run_id), member))


def page_of(found: Run, member: Member, form: RaiseLimits | None = None) -> dict[str, Any]:
    """The context of the header and of the cards of what waits."""
    team = found.team_version.parsed()
    limits = queries.limits_of(found.pk) if found.status == Run.Status.WAITING else queries.Limits()
    row, parts = queries.rows([found])[0].whole, subteams.parts_of(found)
    at_work = {part.path: part.status for part in parts if not part.ended}
    pending = found.approvals.filter(status=Approval.Status.PENDING).order_by("requested_at")
    return {
        "run": found,
        "row": row,
        "parts": subteams.shown(parts, row),
        "above": subteams.above(found),
        "activity": queries.activity_of(found, row.family.members, at_work),
        "titles": titles_of(team),
        "limits": limits,
        "form": form or _raise_form(found, limits),
        "approvals": [] if found.has_ended else pending,
        "lineage": forking.lineage_of(found),
        **_steerable(found),
        **_standing_before(limits),
    }


def _raise_form(found: Run, limits: queries.Limits) -> RaiseLimits | None:
    """Where it stands at a limit of its own."""
    if not limits.blocked or limits.scope:
        return None
    return RaiseLimits(limits=limits, most=subteams.left_for(found))


def _standing_before(limits: queries.Limits) -> dict[str, Any]:
    """The shared budget that stops the run, unless it was removed since."""
    scope = Budget.objects.filter(pk=limits.scope).first() if limits.scope else None
    return {"scope": scope, "scope_bars": bars_of(scope) if scope else []}


def _steerable(found: Run) -> dict[str, Any]:
    """What can be taken up, called or resumed, as far as its state makes that possible."""
    plan, status = plan_of(found.team_version), found.status
    return {
        "failed_nodes": steering.failed_nodes(found, plan) if status == Run.Status.FAILED else [],
        "webhooks": steering.webhooks(found, plan) if not found.has_ended else [],
        "paused_by": "" if found.has_ended else steering.paused_by(found),
    }


@login_required
@require_POST
def run_cancel(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    found = get_run(member, run_id, Role.OPERATOR)
    if cancel_run(actor=member, run=found, reason=request.POST.get("reason", "")):
        messages.success(request, "The run is being stopped. What is in flight is aborted.")
    else:
        messages.info(request, "This run has ended, or is being stopped already.")
    return redirect("run", slug, found.pk)


@login_required
@require_POST
def run_raise_limits(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    found = get_run(member, run_id, Role.OPERATOR)
    limits = queries.limits_of(found.pk)
    form = RaiseLimits(request.POST, limits=limits, most=subteams.left_for(found))
    if not form.is_valid():
        page = page_of(found, member, form) | _trace(found, member)
        return render(request, "runs/run.html", page, status=422)
    try:
        new, unknown_prices = form.raised()
        raise_limits(actor=member, run=found, limits=new, unknown_prices_allowed=unknown_prices)
        messages.success(request, "The limit was raised; the run goes on.")
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("run", slug, found.pk)
