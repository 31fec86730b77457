"""The buttons that steer a run: pause, resume, run a failed node again, give its output instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from runs.access import get_run
from runs.actions import give_output, pause_run, resume_run, retry_node
from runs.actions.errors import Refused
from runs.views.entering import enter
from studio.workspaces.access import Role


def _steer(
    request: HttpRequest, slug: str, run_id: UUID, do: Callable[..., Any], said: str, none: str
) -> HttpResponse:
    member = enter(request, slug)
    found = get_run(member, run_id, Role.OPERATOR)
    try:
        done = do(actor=member, run=found)
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.info(request, none) if done is False else messages.success(request, said)
    return redirect("run", slug, found.pk)


@login_required
@require_POST
def run_pause(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    said = "The run is paused. What was in flight ends; nothing new starts."
    return _steer(request, slug, run_id, pause_run, said, "This run has ended, or is paused already.")


@login_required
@require_POST
def run_resume(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    return _steer(request, slug, run_id, resume_run, "The run goes on.", "This run is not paused.")


@login_required
@require_POST
def node_retry(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    path = request.POST.get("path", "")

    def do(**who: Any) -> bool:
        return retry_node(**who, path=path)

    said = "It is run again; what was finished before it is kept."
    return _steer(request, slug, run_id, do, said, "It was taken up already.")


@login_required
@require_POST
def node_give_output(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """The value is JSON if it reads as JSON, else the text itself."""
    path, text = request.POST.get("path", ""), request.POST.get("value", "")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text

    def do(**who: Any) -> bool:
        return give_output(**who, path=path, value=value, comment=request.POST.get("comment", ""))

    said = "The run goes on with what you gave."
    return _steer(request, slug, run_id, do, said, "It was taken up already.")
