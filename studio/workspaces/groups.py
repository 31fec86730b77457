"""Approver groups: people a team's approvals name together, such as Finance."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Lower
from django.http import Http404

from studio import audit
from studio.workspaces.models import Membership, Workspace
from studio.workspaces.roles import Role

if TYPE_CHECKING:
    from studio.workspaces.access import Member


class ApproverGroup(models.Model):
    """Teams refer to it by its name, whatever its case. Whoever leaves the workspace leaves its groups."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="approver_groups")
    name = models.CharField(max_length=80)
    members = models.ManyToManyField(Membership, related_name="approver_groups")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="approver_group_once")]

    def __str__(self) -> str:
        return self.name


# ── reads ───────────────────────────────────────────────────────────────────────────────────────────
def get_group(member: Member, group_id: UUID, need: Role = Role.ADMIN) -> ApproverGroup:
    """An approver group of the member's workspace."""
    found = ApproverGroup.objects.filter(workspace=member.workspace, pk=group_id).first()
    if found is None:
        raise Http404("No such group.")
    member.require(need)
    return found


def people_of(workspace: Workspace) -> dict[str, int]:
    """Everybody who can decide something: role by e-mail address."""
    rows = Membership.objects.filter(workspace=workspace, user__is_active=True)
    return dict(rows.values_list(Lower("user__email"), "role"))


def groups_of(workspace: Workspace) -> Mapping[str, frozenset[str]]:
    """The approver groups: e-mail addresses by name, both as they compare."""
    found: dict[str, set[str]] = {}
    rows = ApproverGroup.objects.filter(workspace=workspace)
    for name, email in rows.values_list("name", "members__user__email"):
        found.setdefault(name.casefold(), set()).update([email.casefold()] if email else [])
    return {name: frozenset(emails) for name, emails in found.items()}


def groups_with(member: Member) -> list[str]:
    """The names of the groups this person is in."""
    rows = ApproverGroup.objects.filter(workspace=member.workspace, members__user=member.user)
    return list(rows.values_list("name", flat=True))


# ── what can be done to them ────────────────────────────────────────────────────────────────────────
@transaction.atomic
def create_group(*, actor: Member, name: str, members: Iterable[Membership]) -> ApproverGroup:
    actor.require(Role.ADMIN)
    group = ApproverGroup(workspace=actor.workspace, name=name)
    _save(group)
    listed = list(members)
    group.members.set(listed)
    audit.record(actor, "group.created", group, members=[str(one.user) for one in listed])
    return group


@transaction.atomic
def update_group(*, actor: Member, group: ApproverGroup, name: str, members: Iterable[Membership]) -> None:
    actor.require(Role.ADMIN)
    row = ApproverGroup.objects.select_for_update().get(pk=group.pk)
    before = {one.pk: str(one.user) for one in row.members.select_related("user")}
    after = {one.pk: str(one.user) for one in members}
    was, row.name = row.name, name
    _save(row)
    row.members.set(after)
    audit.record(
        actor,
        "group.changed",
        row,
        before="" if was == name else was,
        added=[after[pk] for pk in after if pk not in before],
        removed=[before[pk] for pk in before if pk not in after],
    )


@transaction.atomic
def delete_group(*, actor: Member, group: ApproverGroup) -> None:
    actor.require(Role.ADMIN)
    audit.record(actor, "group.deleted", group)
    group.delete()


def _save(group: ApproverGroup) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise ValidationError({"name": f"There is a group called {group.name} already."}) from error
