"""Home: what needs this person, what runs, what today costs, and a newcomer's first steps."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from runs.budgets.queries import day_bar
from runs.home.at_work import at_work, lately
from runs.home.get_started import DISMISSED, get_started
from runs.home.needs import needs_of, saw_failures
from runs.home.spend_today import spend_today
from studio.workspaces import seen
from studio.workspaces.access import Member, enter
from studio.workspaces.actions import remember_workspace


@login_required
def home(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request.user, slug)
    remember_workspace(member=member)
    return render(request, "runs/home.html", _context(member))


@login_required
def home_live(request: HttpRequest, slug: str) -> HttpResponse:
    """The page's content as it is now; static/js/home.js puts it in place."""
    return render(request, "runs/_home.html", _context(enter(request.user, slug)))


def _context(member: Member) -> dict[str, Any]:
    steps = get_started(member)
    return {
        "needs": needs_of(member),
        "work": at_work(member),
        "recent": lately(member),
        "spend": spend_today(member),
        "budget": day_bar(member.workspace),
        "steps": steps,
        "steps_done": sum(step.done for step in steps),
        "steps_all": len(steps),
    }


@login_required
@require_POST
def get_started_dismiss(request: HttpRequest, slug: str) -> HttpResponse:
    seen.mark(enter(request.user, slug), DISMISSED)
    return redirect("home", slug)


@login_required
@require_POST
def failures_seen(request: HttpRequest, slug: str) -> HttpResponse:
    saw_failures(enter(request.user, slug))
    return redirect("home", slug)
