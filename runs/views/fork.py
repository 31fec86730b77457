"""Forking a run: from where, with what changes; and deleting a run."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from agents import queries as design
from agents.topology.graph import ModelRef
from runs import forking, queries
from runs.access import get_run
from runs.actions.appending import plan_of
from runs.actions.delete import delete_run
from runs.actions.errors import BadInput, Refused
from runs.actions.fork import fork_run
from runs.forms.fork import ForkForm
from runs.forms.fork_answers import answer_parts
from runs.models import Run
from runs.views.entering import enter
from studio.workspaces.access import Member, Role


@login_required
def run_fork(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """The form; `?at=` says where to begin."""
    member = enter(request, slug)
    run = get_run(member, run_id, Role.OPERATOR)
    if request.method == "POST":
        return _forked(request, member, run)
    cut = forking.cut_of(run, _number(request.GET.get("at")) or forking.usual_start(run))
    if getattr(request, "htmx", False):
        answers = answer_parts(None, run, member, cut.pending)
        return render(request, "runs/_fork_moved.html", {"cut": cut, "answers": answers})
    # one that has ended can be told again for nothing; of one at work nobody knows what is wanted
    initial = {"at": cut.at, "effects": "recorded" if run.has_ended else None}
    return _page(request, run, _form(member, run, cut, initial=initial), cut)


def _forked(request: HttpRequest, member: Member, run: Run) -> HttpResponse:
    cut = forking.cut_of(run, _number(request.POST.get("at")))
    form = _form(member, run, cut, request.POST)
    if not form.is_valid():
        return _page(request, run, form, cut, status=422)
    try:
        key = f"form {form.cleaned_data['key']}" if form.cleaned_data["key"] else ""
        made = fork_run(actor=member, run=run, wanted=form.wanted(), idempotency_key=key)
    except BadInput as wrong:
        for problem in wrong.problems:
            form.add_error(None, problem.message)
        return _page(request, run, form, cut, status=422)
    except Refused as refused:
        form.add_error(None, refused.sentence)
        return _page(request, run, form, cut, status=409)
    return redirect("run", slug=member.workspace.slug, run_id=made.pk)


def _form(member: Member, run: Run, cut: forking.Cut, data: Any = None, **more: Any) -> ForkForm:
    text = queries.content_of(run, run.input_digest)
    given = json.loads(text) if text else None
    names = sorted(design.model_names(member.workspace))
    return ForkForm(
        data,
        plan=plan_of(run.team_version),
        given=given if isinstance(given, dict) else None,
        models=[ModelRef(endpoint=endpoint, model=model) for endpoint, model in names],
        may_change=member.role >= Role.DESIGNER,
        answers=answer_parts(data, run, member, cut.pending),
        **more,
    )


def _page(
    request: HttpRequest, run: Run, form: ForkForm, cut: forking.Cut, status: int = 200
) -> HttpResponse:
    return render(request, "runs/fork.html", {"run": run, "form": form, "cut": cut}, status=status)


def _number(text: Any) -> int:
    """A whole number from outside that fits the database; 0 when it is none."""
    digits = str(text or "")
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0


@login_required
@require_POST
def run_delete(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    run = get_run(member, run_id, Role.ADMIN)
    try:
        delete_run(actor=member, run=run)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("run", slug=slug, run_id=run.pk)
    messages.success(request, f"Run {run.short_id} is deleted. The head of its log is kept.")
    return redirect("runs", slug=slug)
