"""Making a workspace. Switching is a link to its home, which is remembered."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from studio.workspaces import actions
from studio.workspaces.access import may_found
from studio.workspaces.forms import WorkspaceName
from studio.workspaces.models import User


@login_required
def workspace_new(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    if not may_found(user):
        raise PermissionDenied("Only owners of a workspace can make another one.")
    form = WorkspaceName(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = actions.create_workspace(user=user, name=form.cleaned_data["name"])
        messages.success(request, f"{made.workspace.name} is ready, with its models and example teams.")
        return redirect("home", made.workspace.slug)
    return render(request, "studio/workspace_new.html", {"form": form}, status=422 if form.is_bound else 200)
