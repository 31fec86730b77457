"""Who may decide something now: people by e-mail address or id, groups by name, a least role."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db.models import Q

from agents.topology.policy import marks_of
from runs.models import Approval
from studio.workspaces.access import Member
from studio.workspaces.groups import ApproverGroup
from studio.workspaces.models import Membership, Workspace


def marks(member: Member) -> frozenset[str]:
    """What this person bears, to be compared with an approval's audience."""
    return marks_of([str(member.user.pk), member.user.email], member.role, member.groups)


def may_decide(member: Member) -> Q:
    """The approvals, of all, that need this member: they may decide, and have not approved yet."""
    barred = Q(launcher_may_decide=False, run__started_by=member.user)
    voted = Q(votes__contains=[{"by": str(member.user.pk)}])
    return Q(audience__has_any_keys=sorted(marks(member))) & ~barred & ~voted


def able(
    workspace: Workspace, audience: Collection[str], *, but: object = None, only: Iterable[str] | None = None
) -> list[Membership]:
    """The members whom `audience` lets decide, without the user `but`; of the users `only`, if given."""
    rows = Membership.objects.filter(workspace=workspace, user__is_active=True).select_related("user")
    if only is not None:
        rows = rows.filter(user__in=list(only))
    in_groups = defaultdict(list)
    for member, name in ApproverGroup.objects.filter(workspace=workspace).values_list("members", "name"):
        in_groups[member].append(name)
    return [
        row
        for row in rows.order_by("-role", "user__name", "user__email")
        if row.user_id != but
        and not marks_of([str(row.user_id), row.user.email], row.role, in_groups[row.pk]).isdisjoint(audience)
    ]


def able_to_decide(approval: Approval) -> list[Membership]:
    """Everybody who may decide this now."""
    barred = None if approval.launcher_may_decide else approval.run.started_by_id
    return able(approval.run.workspace, approval.audience, but=barred)
