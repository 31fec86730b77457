"""Members and invitations: who is here, with which role, and who may come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from studio.web.views.settings import settings_page
from studio.workspaces import actions
from studio.workspaces.access import Member, Role, enter, get_invitation, get_membership
from studio.workspaces.forms import Invite, RoleChoice, roles_up_to
from studio.workspaces.models import Invitation, Membership

ROLES = {
    Role.VIEWER: "sees everything in the workspace",
    Role.OPERATOR: "also launches and stops runs, and decides approvals",
    Role.DESIGNER: "also edits agents, teams and tools",
    Role.ADMIN: "also edits models, prices, members and tokens",
    Role.OWNER: "everything, other owners included",
}


@dataclass(frozen=True)
class MemberRow:
    """A member and what the person who looks may do to them."""

    membership: Membership
    is_self: bool
    may_change: bool
    may_remove: bool
    may_link: bool


@login_required
def members(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, enter(request.user, slug))


@login_required
def member_invite(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request.user, slug, Role.ADMIN)
    if request.method != "POST":  # somebody reloads the page that showed the link
        return redirect("members", slug)
    form = Invite(request.POST, member=member)
    if not form.is_valid():
        return _page(request, member, form, status=422)
    try:
        row, path = actions.invite(actor=member, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, member, form, status=422)
    link = {"url": request.build_absolute_uri(path), "for": row.email, "until": row.expires_at}
    return _page(request, member, invited=link)


@login_required
@require_POST
def invitation_revoke(request: HttpRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    member = enter(request.user, slug, Role.ADMIN)
    row = get_invitation(member, invitation_id)
    actions.revoke_invitation(actor=member, invitation=row)
    messages.success(request, f"The invitation of {row.email} is withdrawn; its link opens nothing any more.")
    return redirect("members", slug)


@login_required
@require_POST
def member_role(request: HttpRequest, slug: str, membership_id: int) -> HttpResponse:
    member = enter(request.user, slug, Role.ADMIN)
    row = get_membership(member, membership_id)
    form = RoleChoice(request.POST, member=member)
    if not form.is_valid():
        return _told(request, slug, "There is no such role for you to give.")
    try:
        actions.change_role(actor=member, membership=row, role=form.cleaned_data["role"])
    except ValidationError as error:
        return _told(request, slug, error.messages[0])
    messages.success(request, f"{row.user} is {form.cleaned_data['role'].label} now.")
    return redirect("members", slug)


@login_required
@require_POST
def member_remove(request: HttpRequest, slug: str, membership_id: int) -> HttpResponse:
    """Remove somebody, or leave oneself."""
    member = enter(request.user, slug)
    row = get_membership(member, membership_id)
    leaves = row.user_id == member.user.pk
    try:
        actions.remove_member(actor=member, membership=row)
    except ValidationError as error:
        return _told(request, slug, error.messages[0])
    if leaves:
        messages.success(request, f"You have left {member.workspace.name}.")
        return redirect("start")
    messages.success(request, f"{row.user} is no longer a member. Their open pages were closed.")
    return redirect("members", slug)


@login_required
def member_link(request: HttpRequest, slug: str, membership_id: int) -> HttpResponse:
    member = enter(request.user, slug, Role.ADMIN)
    row = get_membership(member, membership_id)
    if request.method != "POST":
        return redirect("members", slug)
    path = actions.sign_in_link_for(actor=member, membership=row)
    until = timezone.now() + actions.LINK_LIFETIME
    link = {"url": request.build_absolute_uri(path), "for": str(row.user), "until": until, "signs_in": True}
    return _page(request, member, invited=link)


def _told(request: HttpRequest, slug: str, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect("members", slug)


def _page(
    request: HttpRequest,
    member: Member,
    form: Invite | None = None,
    invited: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """`invited` is a link that is shown once, now."""
    admin = member.may(Role.ADMIN)
    context = {
        "rows": _rows(member),
        "choices": roles_up_to(member.role),
        "roles": [(role.label, words) for role, words in ROLES.items()],
        "form": form or (Invite(member=member, initial={"role": Role.OPERATOR}) if admin else None),
        "invited": invited,
        "invitations": _open_invitations(member) if admin else [],
        "now": timezone.now(),
    }
    response = settings_page(request, member, "members", context, status)
    if invited:
        response["Cache-Control"] = "no-store"
    return response


def _rows(member: Member) -> list[MemberRow]:
    rows = Membership.objects.select_related("user").filter(workspace=member.workspace)
    listed = list(rows.order_by("-role", "created_at", "pk"))
    admin = member.may(Role.ADMIN)
    linkable = actions.linkable(member, [row.user_id for row in listed]) if admin else set()
    return [_row(member, row, row.user_id in linkable) for row in listed]


def _row(member: Member, row: Membership, linkable: bool) -> MemberRow:
    is_self = row.user_id == member.user.pk
    over = member.may(Role.ADMIN) and row.role <= member.role
    return MemberRow(row, is_self, may_change=over, may_remove=over and not is_self, may_link=linkable)


def _open_invitations(member: Member) -> list[Invitation]:
    rows = Invitation.objects.select_related("invited_by").filter(
        workspace=member.workspace, accepted_at=None
    )
    return list(rows.order_by("-created_at"))
