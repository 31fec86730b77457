"""The only place that turns a person or a token into a member of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from studio.workspaces.groups import groups_with
from studio.workspaces.models import ApiToken, Invitation, Membership, User, Workspace, digest
from studio.workspaces.roles import Role

if TYPE_CHECKING:
    from uuid import UUID

__all__ = [
    "Member",
    "Role",
    "enter",
    "get_invitation",
    "get_membership",
    "get_token",
    "may_found",
    "member_by_token",
    "still_member",
]


@dataclass(frozen=True)
class Member:
    """Who acts, where, and with what role; every action and every look-up starts from one."""

    user: User
    workspace: Workspace
    role: Role
    via: str = "web"

    @cached_property
    def groups(self) -> list[str]:
        """The names of the approver groups this person is in."""
        return groups_with(self)

    def may(self, need: Role) -> bool:
        return self.role >= need

    def require(self, need: Role) -> None:
        if not self.may(need):
            raise PermissionDenied(
                f"This needs the role {need.label}; yours in {self.workspace.name} is {self.role.label}."
            )


def enter(user: User | AnonymousUser, slug: str, need: Role = Role.VIEWER) -> Member:
    """The person's membership of the workspace `slug`.

    Raises Http404 to strangers, so that they cannot tell "not yours" from "not there", and
    PermissionDenied to members who lack the role.
    """
    if not isinstance(user, User) or not user.is_active:
        raise Http404("No such workspace.")
    membership = (
        Membership.objects.select_related("workspace").filter(user=user, workspace__slug=slug).first()
    )
    if membership is None:
        raise Http404("No such workspace.")
    member = Member(user, membership.workspace, Role(membership.role))
    member.require(need)
    return member


def member_by_token(token: str) -> Member | None:
    """The member a bearer token speaks for, or None; its role is at most the person's own."""
    now = timezone.now()
    row = (
        ApiToken.objects.select_related("user", "workspace")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now), digest=digest(token), revoked_at=None)
        .filter(user__is_active=True)
        .first()
    )
    if row is None:
        return None
    role = (
        Membership.objects.filter(user=row.user, workspace=row.workspace)
        .values_list("role", flat=True)
        .first()
    )
    if role is None:
        return None
    if row.last_used_at is None or (now - row.last_used_at).total_seconds() > 60:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return Member(row.user, row.workspace, Role(min(role, row.role)), via=f"token {row.name}")


def still_member(user_id: UUID, workspace_id: UUID) -> bool:
    """For long-lived connections, which outlast the request that opened them."""
    return Membership.objects.filter(
        user_id=user_id, workspace_id=workspace_id, user__is_active=True
    ).exists()


def get_membership(member: Member, membership_id: int, need: Role = Role.VIEWER) -> Membership:
    """A membership of the member's workspace, with its user."""
    rows = Membership.objects.select_related("user", "workspace")
    found = rows.filter(workspace=member.workspace, pk=membership_id).first()
    if found is None:
        raise Http404("No such member.")
    member.require(need)
    return found


def get_invitation(member: Member, invitation_id: UUID, need: Role = Role.ADMIN) -> Invitation:
    """An invitation to the member's workspace that nobody has accepted."""
    rows = Invitation.objects.filter(workspace=member.workspace, accepted_at=None)
    found = rows.filter(pk=invitation_id).first()
    if found is None:
        raise Http404("No such invitation.")
    member.require(need)
    return found


def get_token(member: Member, token_id: UUID) -> ApiToken:
    """One of the member's own API tokens; admins reach everybody's."""
    rows = ApiToken.objects.select_related("user").filter(workspace=member.workspace)
    if not member.may(Role.ADMIN):
        rows = rows.filter(user=member.user)
    found = rows.filter(pk=token_id).first()
    if found is None:
        raise Http404("No such token.")
    return found


def may_found(user: User | AnonymousUser) -> bool:
    """Whether the user may make workspaces: only owners, for a new one may spend on the server's key."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return Membership.objects.filter(user=user, role=Role.OWNER).exists()
