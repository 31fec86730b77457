"""Settings: the workspace's name, one's own profile, and what is beside every settings page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from studio.workspaces import actions
from studio.workspaces.access import Member, Role, enter
from studio.workspaces.forms import Profile, WorkspaceName


@dataclass(frozen=True)
class Section:
    """One entry of the sub-navigation."""

    name: str
    label: str
    icon: str
    need: Role = Role.VIEWER


SECTIONS = (
    Section("settings", "General", "building-2"),
    Section("members", "Members", "users"),
    Section("approver_groups", "Approver groups", "users-round"),
    Section("budgets", "Budgets", "wallet"),
    Section("tokens", "API tokens", "key-round"),
    Section("audit", "Audit trail", "scroll-text", Role.ADMIN),
    Section("profile", "Profile", "user"),
)


def settings_page(
    request: HttpRequest,
    member: Member,
    name: str,
    context: dict[str, Any],
    status: int = 200,
    template: str = "",
) -> HttpResponse:
    """Render `template`, or else `studio/<name>.html`, beside the sub-navigation."""
    sections = [
        (section, reverse(section.name, args=[member.workspace.slug]), section.name == name)
        for section in SECTIONS
        if member.may(section.need)
    ]
    context = {"sections": sections, **context}
    return render(request, template or f"studio/{name}.html", context, status=status)


@login_required
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request.user, slug, Role.ADMIN if request.method == "POST" else Role.VIEWER)
    form = WorkspaceName(request.POST or None, initial={"name": member.workspace.name})
    if request.method == "POST" and form.is_valid():
        actions.rename_workspace(actor=member, name=form.cleaned_data["name"])
        messages.success(request, f"The workspace is called {member.workspace.name} now.")
        return redirect("settings", slug)
    status = 422 if form.is_bound else 200
    return settings_page(request, member, "settings", {"form": form}, status)


@login_required
def profile(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request.user, slug)
    form = Profile(request.POST or None, initial={"name": member.user.name, "email": member.user.email})
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_profile(actor=member, **form.cleaned_data)
            messages.success(request, "Your profile is saved.")
            return redirect("profile", slug)
        except ValidationError as error:
            form.add_error(None, error)
    return settings_page(request, member, "profile", {"form": form}, 422 if form.is_bound else 200)
