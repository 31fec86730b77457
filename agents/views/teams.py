"""Teams: their list, new ones, and what is done with one as a whole. Drawing them is canvas.py."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents import queries
from agents.access import get_team
from agents.actions.presets import create_from_preset
from agents.actions.teams import archive_team, create_team, duplicate_team, free_name, rename_team
from agents.cards import cards, last_runs
from agents.forms.team import BLANK, NewTeamForm, RenameTeamForm
from agents.forms.team_filter import RUNS, SORTS, TeamFilter
from agents.models import Team
from agents.presets.registry import Preset, presets
from agents.thumbnail import thumbnail
from agents.views.answers import (
    by_htmx,
    enter,
    form_dialog,
    go,
    page_of,
    refusals_at_fields,
    refusals_told,
    sent,
)
from studio.workspaces.access import Member, Role

PAGE = 24
UNTITLED = "Untitled team"


@login_required
@require_GET
def teams(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug)
    chosen, last = TeamFilter.parse(request.GET), last_runs(member.workspace)
    page = page_of(chosen.apply(member.workspace, last), request, PAGE)
    context = {
        "chosen": chosen,
        "page": page,
        "cards": cards(page.object_list, member.workspace, last),
        "total": queries.teams(member.workspace).count(),
    }
    if by_htmx(request):
        return render(request, "agents/_teams.html", context)
    return render(request, "agents/teams.html", context | _choices(member))


def _choices(member: Member) -> dict[str, object]:
    """What the page offers beside its list: patterns to begin with, and filters."""
    known = queries.teams(member.workspace).exclude(pattern="").order_by("pattern")
    patterns = [(one, one) for one in known.values_list("pattern", flat=True).distinct()]
    return {"gallery": _gallery(), "patterns": patterns, "states": RUNS.items(), "sorts": SORTS.items()}


def _gallery() -> list[tuple[Preset, SafeString]]:
    return [(one, thumbnail(one.file.graph)) for one in presets()]


@login_required
@require_http_methods(["GET", "POST"])
def team_new(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug, Role.DESIGNER)
    form = NewTeamForm(sent(request), initial=request.GET.dict())
    if form.is_valid():
        with refusals_at_fields(form):
            team = _begin(member, form.cleaned_data["start"], form.cleaned_data["name"])
            return go(request, reverse("team_canvas", args=[slug, team.pk]))
    return form_dialog(
        request,
        "agents/_team_new.html",
        form,
        title="New team",
        wide=True,
        gallery=_gallery(),
        back=_list(slug),
    )


def _begin(member: Member, start: str, name: str) -> Team:
    if start != BLANK:
        return create_from_preset(actor=member, name=start, team_name=name).team
    return create_team(actor=member, name=free_name(member.workspace, name or UNTITLED))


@login_required
@require_http_methods(["GET", "POST"])
def team_rename(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    team = get_team(member, team_id, Role.DESIGNER)
    form = RenameTeamForm(sent(request), initial={"name": team.name, "description": team.description})
    if form.is_valid():
        with refusals_at_fields(form):
            rename_team(actor=member, team=team, **form.cleaned_data)
            return go(request, _list(slug))
    return form_dialog(
        request, "agents/_team_rename.html", form, team=team, title=f"Rename {team.name}", back=_list(slug)
    )


@login_required
@require_POST
def team_duplicate(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    team = get_team(member, team_id, Role.DESIGNER)
    with refusals_told(request):
        copy = duplicate_team(actor=member, team=team)
        messages.success(
            request, f"{copy.name} has been made. Its draft is what the draft of {team.name} was."
        )
    return go(request, _list(slug))


@login_required
@require_POST
def team_delete(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    """Out of every list; its versions stay, for the runs they belong to."""
    member = enter(request, slug)
    team = get_team(member, team_id, Role.DESIGNER)
    with refusals_told(request):
        archive_team(actor=member, team=team)
        messages.success(request, f"{team.name} has been archived. Its runs are still there.")
    return go(request, _list(slug))


def _list(slug: str) -> str:
    return reverse("teams", args=[slug])
