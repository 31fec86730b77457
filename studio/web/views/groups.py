"""Approver groups: who they are, for everybody; and their forms, for admins."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from studio.web.views.settings import settings_page
from studio.workspaces.access import Member, Role, enter
from studio.workspaces.forms import GroupForm
from studio.workspaces.groups import ApproverGroup, create_group, delete_group, get_group, update_group


@dataclass(frozen=True)
class GroupRow:
    """A group with its people and, for admins, the form that changes it."""

    group: ApproverGroup
    people: list[str]
    form: GroupForm | None


@login_required
def approver_groups(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, enter(request.user, slug))


@login_required
@require_POST
def approver_group_new(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request.user, slug, Role.ADMIN)
    form = GroupForm(request.POST, member=member, prefix="new")
    if form.is_valid():
        try:
            made = create_group(actor=member, **form.cleaned_data)
            messages.success(request, f"Teams can ask {made.name} now.")
            return redirect("approver_groups", slug)
        except ValidationError as error:
            form.add_error(None, error)
    return _page(request, member, new=form, status=422)


@login_required
@require_POST
def approver_group(request: HttpRequest, slug: str, group_id: UUID) -> HttpResponse:
    member = enter(request.user, slug)
    group = get_group(member, group_id)
    form = GroupForm(request.POST, member=member, group=group)
    if form.is_valid():
        try:
            update_group(actor=member, group=group, **form.cleaned_data)
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect("approver_groups", slug)
        except ValidationError as error:
            form.add_error(None, error)
    return _page(request, member, wrong=form, status=422)


@login_required
@require_POST
def approver_group_delete(request: HttpRequest, slug: str, group_id: UUID) -> HttpResponse:
    member = enter(request.user, slug)
    group = get_group(member, group_id)
    delete_group(actor=member, group=group)
    messages.success(request, f"{group.name} is deleted. Teams that name it can no longer ask it.")
    return redirect("approver_groups", slug)


def _page(
    request: HttpRequest,
    member: Member,
    new: GroupForm | None = None,
    wrong: GroupForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """`new` and `wrong` are forms that came back with errors."""
    admin = member.may(Role.ADMIN)
    groups = ApproverGroup.objects.filter(workspace=member.workspace).order_by("name")
    context = {
        "rows": [_row(member, group, wrong) for group in groups.prefetch_related("members__user")],
        "form": new or (GroupForm(member=member, prefix="new") if admin else None),
    }
    return settings_page(request, member, "approver_groups", context, status)


def _row(member: Member, group: ApproverGroup, wrong: GroupForm | None) -> GroupRow:
    people = sorted(str(one.user) for one in group.members.all())
    if not member.may(Role.ADMIN):
        return GroupRow(group, people, None)
    mine = wrong is not None and wrong.group == group
    return GroupRow(group, people, wrong if mine else GroupForm(member=member, group=group))
