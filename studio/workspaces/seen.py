"""What a person has looked at or put away, so that pages stop reminding of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from studio.workspaces.access import Member

# first steps of a newcomer
A_TEAM, A_FINISHED_RUN = "a team", "a finished run"


class Seen(models.Model):
    """`what` names a thing of the workspace, such as `run:<id>` or `get-started`."""

    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("studio.User", on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=60)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user", "what"], name="seen_once")]

    def __str__(self) -> str:
        return self.what


def mark(member: Member, *things: str) -> None:
    """Remember that the member has seen them; again is no harm."""
    rows = [Seen(workspace=member.workspace, user=member.user, what=what) for what in things]
    Seen.objects.bulk_create(rows, ignore_conflicts=True)


def among(member: Member, things: list[str]) -> set[str]:
    """Those of `things` that the member has seen."""
    rows = Seen.objects.filter(workspace=member.workspace, user=member.user, what__in=things)
    return set(rows.values_list("what", flat=True))
