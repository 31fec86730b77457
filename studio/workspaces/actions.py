"""What can be done to workspaces, members, tokens and links."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.text import slugify

from studio import audit
from studio.workspaces.access import Member
from studio.workspaces.models import ApiToken, Invitation, Membership, SignInLink, User, Workspace, digest
from studio.workspaces.roles import Role

LINK_LIFETIME = timedelta(hours=24)
INVITATION_LIFETIME = timedelta(days=7)


@transaction.atomic
def ensure_owner(*, email: str = "owner@localhost.localdomain", name: str = "Owner") -> Member:
    """The first owner and workspace of an installation, made when there is none; otherwise the oldest."""
    membership = (
        Membership.objects.select_related("user", "workspace")
        .filter(role=Role.OWNER, user__is_active=True)
        .order_by("created_at", "pk")
        .first()
    )
    if membership:
        return Member(membership.user, membership.workspace, Role.OWNER, via="command line")
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
    return create_workspace(user=user, name="Demo", via="command line")


@transaction.atomic
def create_workspace(*, user: User, name: str, via: str = "web") -> Member:
    """A workspace of one's own, with everything new workspaces start with."""
    workspace = Workspace.objects.create(name=name, slug=_free_slug(name))
    Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    User.objects.filter(pk=user.pk).update(last_workspace=workspace)
    owner = Member(user, workspace, Role.OWNER, via=via)
    audit.record(owner, "workspace.created", workspace)
    for dotted in settings.NEW_WORKSPACE_HOOKS:
        import_string(dotted)(owner)
    return owner


def remember_workspace(*, member: Member) -> None:
    """Where the address without a path leads this person from now on."""
    here = User.objects.filter(pk=member.user.pk).exclude(last_workspace=member.workspace)
    here.update(last_workspace=member.workspace)


def _free_slug(name: str) -> str:
    base = slugify(name)[:32] or "workspace"
    taken = set(Workspace.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for n in range(1, 10_000) if (slug := base if n == 1 else f"{base}-{n}") not in taken)


@transaction.atomic
def create_token(*, actor: Member, name: str, role: Role, days: int | None = None) -> tuple[ApiToken, str]:
    """A bearer token for the API and the token itself, which is never shown again."""
    if role > actor.role:
        raise PermissionDenied(
            f"A token cannot have a higher role ({role.label}) than you ({actor.role.label})."
        )
    token = ApiToken.generate()
    row = ApiToken.objects.create(
        workspace=actor.workspace,
        user=actor.user,
        name=name.strip() or "token",
        role=role,
        prefix=token[:8],
        digest=digest(token),
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    audit.record(actor, "token.created", row, role=role.label)
    return row, token


@transaction.atomic
def revoke_token(*, actor: Member, token: ApiToken) -> None:
    if token.user_id != actor.user.pk:
        actor.require(Role.ADMIN)
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    audit.record(actor, "token.revoked", token)


def sign_in_link(*, user: User) -> str:
    """The path of a link that signs `user` in once, within a day."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(user=user, digest=digest(token), expires_at=timezone.now() + LINK_LIFETIME)
    return reverse("sign_in_link", args=[token])


@transaction.atomic
def use_sign_in_link(*, token: str) -> User | None:
    """The user the link is for, once; None when it is unknown, used or too old."""
    now = timezone.now()
    used = SignInLink.objects.filter(digest=digest(token), used_at=None, expires_at__gt=now).update(
        used_at=now
    )
    if not used:
        return None
    user = SignInLink.objects.select_related("user").get(digest=digest(token)).user
    return user if user.is_active else None


@transaction.atomic
def sign_in_link_for(*, actor: Member, membership: Membership) -> str:
    """A one-time link for a member who cannot sign in; whoever has it acts as that member."""
    actor.require(Role.ADMIN)
    if membership.user_id not in linkable(actor, [membership.user_id]):
        raise PermissionDenied(
            "You may make links only for members whose roles, here and in their other workspaces, you "
            "stand above or share: the link opens all of them."
        )
    audit.record(actor, "member.sign_in_link_made", membership.user)
    return sign_in_link(user=membership.user)


def linkable(actor: Member, users: Iterable[UUID]) -> set[UUID]:
    """Those of `users` whose link gives the actor no right they lack, in any workspace they belong to."""
    wanted = set(users)
    mine = dict(Membership.objects.filter(user=actor.user).values_list("workspace_id", "role"))
    theirs = Membership.objects.filter(user__in=wanted).values_list("user_id", "workspace_id", "role")
    above = {user for user, workspace, role in theirs if mine.get(workspace, 0) < max(role, Role.ADMIN)}
    return (wanted - above) | (wanted & {actor.user.pk})


@transaction.atomic
def rename_workspace(*, actor: Member, name: str) -> None:
    actor.require(Role.ADMIN)
    before = actor.workspace.name
    Workspace.objects.filter(pk=actor.workspace.pk).update(name=name)
    actor.workspace.name = name
    audit.record(actor, "workspace.renamed", actor.workspace, before=before)


@transaction.atomic
def change_profile(*, actor: Member, name: str, email: str) -> None:
    """One's own name and the address one signs in with. Raises ValidationError when it is taken."""
    email, user = email.strip().lower(), actor.user
    if User.objects.filter(email=email).exclude(pk=user.pk).exists():
        raise ValidationError({"email": f"{email} belongs to another account."})
    before = user.email
    user.name, user.email = name.strip(), email
    user.save(update_fields=["name", "email"])
    # allauth keeps addresses of its own and would let the old one sign in
    EmailAddress.objects.filter(user=user).exclude(email=email).delete()
    audit.record(actor, "profile.changed", user, before=before)


@transaction.atomic
def invite(*, actor: Member, email: str, role: Role) -> tuple[Invitation, str]:
    """An invitation and the path that accepts it; an older open one to the same address is replaced."""
    actor.require(Role.ADMIN)
    _not_above(actor, role)
    email = email.strip().lower()
    if Membership.objects.filter(workspace=actor.workspace, user__email=email).exists():
        raise ValidationError({"email": f"{email} is already a member."})
    Invitation.objects.filter(workspace=actor.workspace, email=email, accepted_at=None).delete()
    token = secrets.token_urlsafe(32)
    row = Invitation.objects.create(
        workspace=actor.workspace,
        email=email,
        role=role,
        digest=digest(token),
        invited_by=actor.user,
        expires_at=timezone.now() + INVITATION_LIFETIME,
    )
    audit.record(actor, "invitation.created", row, role=role.label)
    return row, reverse("invitation", args=[token])


@transaction.atomic
def revoke_invitation(*, actor: Member, invitation: Invitation) -> None:
    actor.require(Role.ADMIN)
    audit.record(actor, "invitation.revoked", invitation)
    Invitation.objects.filter(pk=invitation.pk, accepted_at=None).delete()


@transaction.atomic
def accept_invitation(*, invitation: Invitation, name: str, password: str | None) -> User:
    """Makes the invited person a member; `password` is for those who have no account yet."""
    claimed = Invitation.objects.filter(
        pk=invitation.pk, accepted_at=None, expires_at__gt=timezone.now()
    ).update(accepted_at=timezone.now())
    if not claimed:
        raise ValidationError("This invitation was already used or has expired. Ask for a new one.")
    user = User.objects.filter(email=invitation.email).first()
    if user is None:
        user = User.objects.create_user(invitation.email, password, name=name)
    Membership.objects.get_or_create(
        workspace=invitation.workspace, user=user, defaults={"role": invitation.role}
    )
    User.objects.filter(pk=user.pk).update(last_workspace=invitation.workspace)
    audit.record(Member(user, invitation.workspace, Role(invitation.role)), "invitation.accepted", invitation)
    return user


@transaction.atomic
def change_role(*, actor: Member, membership: Membership, role: Role) -> None:
    actor.require(Role.ADMIN)
    _not_above(actor, role)
    _not_above(actor, Role(membership.role))
    _keep_an_owner(membership, leaving=role is not Role.OWNER)
    before = Role(membership.role)
    Membership.objects.filter(pk=membership.pk).update(role=role)
    audit.record(actor, "member.role_changed", membership.user, before=before.label, after=role.label)


@transaction.atomic
def remove_member(*, actor: Member, membership: Membership) -> None:
    if membership.user_id != actor.user.pk:
        actor.require(Role.ADMIN)
        _not_above(actor, Role(membership.role))
    _keep_an_owner(membership, leaving=True)
    audit.record(actor, "member.removed", membership.user)
    workspace_id, user_id = membership.workspace_id, membership.user_id
    membership.delete()
    for dotted in settings.MEMBERSHIP_ENDED_HOOKS:
        transaction.on_commit(partial(import_string(dotted), workspace_id, user_id))


def _not_above(actor: Member, role: Role) -> None:
    if role > actor.role:
        raise PermissionDenied(f"Only an {Role.OWNER.label} can do this to an {role.label}.")


def _keep_an_owner(membership: Membership, *, leaving: bool) -> None:
    """A workspace must keep one owner; the row lock makes two leaving at once take turns."""
    owners = Membership.objects.select_for_update().filter(workspace=membership.workspace_id, role=Role.OWNER)
    if leaving and membership.role == Role.OWNER and len(owners) <= 1:
        raise ValidationError("A workspace needs an owner: make someone else owner first.")
