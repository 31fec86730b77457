"""The team canvas: its page, its data, and saving, checking and publishing what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from agents import queries
from agents.access import get_team
from agents.actions.outcome import Conflict, Problem, Refused
from agents.actions.teams import publish, rename_team, save_draft
from agents.canvas_data import canvas_data
from agents.forms.drawing import PublishBody, SaveBody, ValidateBody, read
from agents.models import Team
from agents.publishing import problems_of_graph
from agents.topology.graph import dump
from studio.workspaces import seen
from studio.workspaces.access import Role, enter

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def refusals_as_json(view: View[P]) -> View[P]:
    """What an action refuses is a 422 with its problems."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            return JsonResponse({"problems": _listed(refused.problems)}, status=422)

    return answer


@login_required
@require_GET
def team_canvas(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    member = enter(request.user, slug)
    team = get_team(member, team_id)
    seen.mark(member, seen.A_TEAM)
    return render(request, "agents/team_canvas.html", {"team": team})


@login_required
@require_GET
def team_graph(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    member = enter(request.user, slug)
    return JsonResponse(canvas_data(member, get_team(member, team_id), get_token(request)))


@login_required
@require_POST
@refusals_as_json
def team_save(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    member = enter(request.user, slug)
    team = get_team(member, team_id, Role.DESIGNER)
    body = read(SaveBody, request)
    try:
        with transaction.atomic():
            saved = save_draft(actor=member, team=team, graph=body.graph, revision=body.revision)
            if body.name.strip() and body.name.strip() != saved.name:
                saved = rename_team(actor=member, team=saved, name=body.name)
    except Conflict as conflict:
        return _conflict(conflict, get_team(member, team_id))
    problems = problems_of_graph(body.graph, queries.catalog(member.workspace))
    return JsonResponse(
        {
            "revision": saved.draft_revision,
            "problems": _listed(problems),
            "saved_at": timezone.now().isoformat(),
        }
    )


@login_required
@require_POST
@refusals_as_json
def team_validate(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    member = enter(request.user, slug)
    get_team(member, team_id, Role.DESIGNER)
    graph = read(ValidateBody, request).graph
    found = problems_of_graph(graph, queries.catalog(member.workspace))
    return JsonResponse({"problems": _listed(found)})


@login_required
@require_POST
@refusals_as_json
def team_publish(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    member = enter(request.user, slug)
    team = get_team(member, team_id, Role.DESIGNER)
    body = read(PublishBody, request)
    try:
        version = publish(actor=member, team=team, note=body.note, revision=body.revision)
    except Conflict as conflict:
        return _conflict(conflict, get_team(member, team_id))
    return JsonResponse({"version": version.number})


def _conflict(conflict: Conflict, team: Team) -> JsonResponse:
    """Who was faster, and what they saved, so that a person can choose."""
    theirs = {
        "message": str(conflict),
        "revision": team.draft_revision,
        "saved_by": conflict.who,
        "saved_at": conflict.when.isoformat(),
        "graph": dump(team.parsed_draft()),
        "name": team.name,
    }
    return JsonResponse(theirs, status=409)


def _listed(problems: list[Problem]) -> list[dict[str, object]]:
    return [problem.as_dict() for problem in problems]
