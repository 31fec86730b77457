"""Launching a team: what it needs, what is known before, and the same as a call of the API."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from agents.access import get_team
from agents.models import Team, TeamVersion
from runs import queries
from runs.access import get_run
from runs.actions import start_run
from runs.actions.appending import plan_of
from runs.actions.errors import BadInput, Refused
from runs.engine.content import Content
from runs.forms.launch import LaunchForm
from runs.launching import curl
from runs.launching.facts import earlier_runs, facts_of
from runs.models import Run
from studio.workspaces.access import Member, Role, enter


@login_required
def launch(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    """The form; `?from=<run>` fills in what an earlier run was given, `?mode=simulated` chooses rehearsal."""
    member = enter(request.user, slug)
    team = get_team(member, team_id, Role.OPERATOR)
    if team.current is None:
        return render(request, "runs/launch_unpublished.html", {"team": team})
    if request.method == "POST":
        return _launched(request, member, team, team.current)
    earlier = get_run(member, request.GET["from"]) if request.GET.get("from") else None
    mode = "simulated" if request.GET.get("mode") == "simulated" else "live"
    form = LaunchForm(
        plan=plan_of(team.current),
        number=team.current.number,
        given=_given(earlier),
        initial={"mode": mode},
    )
    return _page(request, team, team.current, form, earlier=earlier)


@login_required
@require_POST
def launch_call(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    """The form's content as a call of the API; nothing is started."""
    member = enter(request.user, slug)
    team = get_team(member, team_id, Role.OPERATOR)
    if team.current is None:
        return render(request, "runs/launch_unpublished.html", {"team": team})
    form = _bound(request, team.current)
    if not form.is_valid():
        return _page(request, team, team.current, form, status=422)
    call = curl.start_run(team, form.input.value, form.chosen_mode, form.run_limits)
    return _page(request, team, team.current, form, call=call)


def _launched(request: HttpRequest, member: Member, team: Team, version: TeamVersion) -> HttpResponse:
    form = _bound(request, version)
    if not form.is_valid():
        return _page(request, team, version, form, status=422)
    try:
        run = start_run(
            actor=member,
            team=team,
            value=form.input.value,
            version=version,
            mode=form.chosen_mode,
            limits=form.run_limits,
            idempotency_key=_key(form),
        )
    except BadInput as wrong:
        for problem in wrong.problems:
            form.input.add_error(None, problem.message)
        return _page(request, team, version, form, status=422)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return _page(request, team, version, form, status=409)
    return redirect("run", member.workspace.slug, run.pk)


def _bound(request: HttpRequest, version: TeamVersion) -> LaunchForm:
    return LaunchForm(request.POST, plan=plan_of(version), number=version.number)


def _key(form: LaunchForm) -> str:
    """The same for the same form sent twice; another one once something in it was changed."""
    sent = [form.input.value, form.chosen_mode, form.run_limits.model_dump(mode="json")]
    return f"form {form.cleaned_data['key']} {Content().put(sent)[:16]}"


def _given(run: Run | None) -> dict[str, Any] | None:
    """What an earlier run was given, if it is still stored."""
    text = queries.content_of(run, run.input_digest) if run else None
    value = json.loads(text) if text else None
    return value if isinstance(value, dict) else None


def _page(
    request: HttpRequest,
    team: Team,
    version: TeamVersion,
    form: LaunchForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    facts = facts_of(team, version)
    context = {
        "team": team,
        "version": version,
        "form": form,
        "facts": facts,
        "earlier_runs": earlier_runs(team),
    }
    template = "runs/_launch.html" if getattr(request, "htmx", False) else "runs/launch.html"
    return render(request, template, context | more, status=status)
