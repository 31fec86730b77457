"""Shared budgets: how they stand, for everybody; setting, changing and removing them, for admins."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from runs.access import get_budget, get_run
from runs.actions.budgets import change_budget, remove_budget, set_budget, try_again
from runs.actions.errors import BadInput, Refused
from runs.budgets.models import Budget
from runs.budgets.queries import bars_of, budget_rows
from runs.forms.budget import BudgetLimits, NewBudget
from runs.views.entering import enter
from studio.web.views.settings import settings_page
from studio.workspaces.access import Member, Role


@login_required
def budgets(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug)
    rows = budget_rows(member.workspace)
    return settings_page(request, member, "budgets", {"rows": rows}, template="runs/budgets.html")


@login_required
def budget_new(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug)
    member.require(Role.ADMIN)
    form = NewBudget(_sent(request), member=member)
    if request.method == "POST" and form.is_valid():
        try:
            made = set_budget(actor=member, budget=form.budget())
            messages.success(
                request, f"The budget of {_named(made)} is set. Runs at work keep to it in seconds."
            )
            return redirect("budgets", slug)
        except BadInput as bad:
            form.add_error(None, bad.problems[0].message)
    return _form(request, member, {"form": form})


@login_required
def budget(request: HttpRequest, slug: str, budget_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    found = get_budget(member, budget_id, Role.ADMIN)
    form = BudgetLimits(_sent(request), initial=BudgetLimits.values_of(found))
    if request.method == "POST" and form.is_valid():
        change_budget(actor=member, budget=found, **form.limits())
        messages.success(request, f"The budget of {_named(found)} is changed. Runs that fit now go on.")
        return redirect("budgets", slug)
    return _form(request, member, {"form": form, "budget": found, "bars": bars_of(found)})


@login_required
@require_POST
def budget_remove(request: HttpRequest, slug: str, budget_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    found = get_budget(member, budget_id, Role.ADMIN)
    remove_budget(actor=member, budget=found)
    messages.success(request, f"The budget of {_named(found)} is removed.")
    return redirect("budgets", slug)


@login_required
@require_POST
def run_try_again(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    found = get_run(member, run_id, Role.OPERATOR)
    try:
        try_again(actor=member, run=found)
        messages.success(request, "The run tries again.")
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("run", slug, found.pk)


def _form(request: HttpRequest, member: Member, context: dict[str, Any]) -> HttpResponse:
    status = 422 if context["form"].is_bound else 200
    return settings_page(request, member, "budgets", context, status, "runs/budget_form.html")


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _named(found: Budget) -> str:
    return found.subject[0].lower() + found.subject[1:] if found.scope == "workspace" else found.subject
