"""The address without a path: to the workspace this person was in last."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from studio.workspaces.models import Membership, User


@login_required
def start(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    mine = Membership.objects.select_related("workspace").filter(user=user).order_by("created_at", "pk")
    known = {row.workspace_id: row.workspace.slug for row in mine}
    if not known:
        return render(request, "studio/no_workspace.html")
    last = user.last_workspace_id
    return redirect("home", known[last] if last in known else next(iter(known.values())))
