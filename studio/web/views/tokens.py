"""API tokens: made for programs, shown once, listed with their last use."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from studio.web.views.settings import settings_page
from studio.workspaces import actions
from studio.workspaces.access import Member, Role, enter, get_token
from studio.workspaces.forms import NewToken
from studio.workspaces.models import ApiToken


@login_required
def tokens(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, enter(request.user, slug))


@login_required
def token_create(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request.user, slug)
    if request.method != "POST":  # somebody reloads the page that showed the token
        return redirect("tokens", slug)
    form = NewToken(request.POST, member=member)
    if not form.is_valid():
        return _page(request, member, form, status=422)
    row, secret = actions.create_token(actor=member, **form.cleaned_data)
    example = f'curl -H "Authorization: Bearer {secret}" {request.build_absolute_uri("/api/v1/teams")}'
    return _page(request, member, made={"row": row, "secret": secret, "example": example})


@login_required
@require_POST
def token_revoke(request: HttpRequest, slug: str, token_id: UUID) -> HttpResponse:
    member = enter(request.user, slug)
    row = get_token(member, token_id)
    if row.revoked_at is None:
        actions.revoke_token(actor=member, token=row)
    messages.success(request, f"The token {row.name} opens nothing any more.")
    return redirect("tokens", slug)


def _page(
    request: HttpRequest,
    member: Member,
    form: NewToken | None = None,
    made: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """`made` is a token that is shown once, now."""
    rows = ApiToken.objects.select_related("user").filter(workspace=member.workspace, revoked_at=None)
    if not member.may(Role.ADMIN):
        rows = rows.filter(user=member.user)
    start = {"role": min(member.role, Role.OPERATOR), "days": "90"}
    context = {
        "rows": rows.order_by(F("last_used_at").desc(nulls_last=True), "-created_at"),
        "form": form or NewToken(member=member, initial=start),
        "made": made,
        "api": request.build_absolute_uri("/api/v1/"),
        "now": timezone.now(),
    }
    response = settings_page(request, member, "tokens", context, status)
    if made:
        response["Cache-Control"] = "no-store"
    return response
