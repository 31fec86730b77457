"""Teams as files: bringing one in, taking one out, and the versions there are to take."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from agents import queries
from agents.access import get_team, get_team_version
from agents.actions.imports import Imported, import_team
from agents.actions.outcome import Problem, Refused
from agents.formats.registry import FORMATS
from agents.formats.team_file import parse_reading, write
from agents.forms.team import TeamFileForm
from agents.publishing import draft_as_file
from agents.views.answers import INVALID, by_htmx, dialog, enter, page_of, sent
from studio.workspaces.access import Member, Role

PAGE = 50


@login_required
@require_http_methods(["GET", "POST"])
def team_import(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug, Role.DESIGNER)
    form = TeamFileForm(sent(request), request.FILES or None)
    context = {"title": "Team from a file", "back": reverse("teams", args=[slug]), "wide": True}
    problems: list[Problem] = []
    if form.is_valid():
        try:
            return _imported(request, _import(member, form), context)
        except Refused as refused:
            problems = refused.problems
            shown = {"text": form.source or form.cleaned_data["text"]}
            form = TeamFileForm(initial=form.cleaned_data | shown)
    context |= {"form": form, "problems": [_placed(problem) for problem in problems]}
    return dialog(request, "agents/_team_import.html", context, INVALID if form.errors or problems else 200)


def _import(member: Member, form: TeamFileForm) -> Imported:
    reading = form.read()
    return import_team(
        actor=member,
        file=parse_reading(reading),
        name=form.cleaned_data["name"],
        reading=reading,
        as_draft=form.cleaned_data["as_draft"],
    )


def _imported(request: HttpRequest, done: Imported, context: dict[str, object]) -> HttpResponse:
    """What came in, what was here already and what had to be called otherwise."""
    context |= {
        "title": f"{done.team.name} is here",
        "team": done.team,
        "agents": _said(done.agents, done.reused),
        "tools": _said(done.tools, done.reused),
        "problems": [_placed(problem) for problem in done.problems],
    }
    return dialog(request, "agents/_team_imported.html", context)


def _said(names: dict[str, str], reused: list[str]) -> list[dict[str, str]]:
    """Each name in the file with what became of it."""
    return [
        {
            "name": here,
            "was": there if there != here else "",
            "what": "used again" if there in reused else "renamed" if there != here else "created",
        }
        for there, here in names.items()
    ]


def _placed(problem: Problem) -> dict[str, str]:
    """A problem with its place in the file in words."""
    line = f"line {problem.line}" if problem.line else ""
    what = problem.node or problem.edge or ""
    places = [line, problem.field if problem.line is None or not what else what]
    where = ", ".join(place for place in places if place)
    return {"message": problem.message, "fix": problem.fix, "severity": problem.severity, "where": where}


@login_required
@require_GET
def team_export(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    """`?version=3` or else the draft; `?format=json` or else YAML. Files hold no secrets."""
    member = enter(request, slug)
    team = get_team(member, team_id)
    form, version = FORMATS.get(request.GET.get("format", "yaml")), request.GET.get("version", "")
    if form is None or (version and not (version.isdecimal() and len(version) < 9)):
        raise Http404("There is no such file of this team.")
    if version:
        file = get_team_version(member, team_id, int(version)).parsed().as_file()
    else:
        file = draft_as_file(team)
    name = f"{slugify(team.name) or 'team'}{f'-v{version}' if version else '-draft'}{form.suffix}"
    response = HttpResponse(write(file, form.name), content_type=f"{form.media_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@login_required
@require_GET
def team_versions(request: HttpRequest, slug: str, team_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    team = get_team(member, team_id)
    page = page_of(team.versions.published().select_related("published_by"), request, PAGE)
    context = {
        "team": team,
        "page": page,
        "has_draft": queries.has_unpublished_changes(team),
        "formats": list(FORMATS.values()),
    }
    return render(
        request, "agents/_versions.html" if by_htmx(request) else "agents/team_versions.html", context
    )
