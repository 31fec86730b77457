"""The audit trail: who did what to which object, appended in the same transaction as the deed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from studio.workspaces.access import Member


class AuditEntry(models.Model):
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="audit_entries")
    actor = models.ForeignKey("studio.User", null=True, on_delete=models.SET_NULL, related_name="+")
    via = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-at"])]
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_type} {self.object_name}"


def record(actor: Member, verb: str, subject: models.Model, **data: Any) -> None:
    """Append one entry; `verb` is past tense and dotted, such as `team.published`."""
    AuditEntry.objects.create(
        workspace=actor.workspace,
        actor=actor.user,
        via=actor.via,
        verb=verb,
        object_type=subject._meta.model_name or "",
        object_id=str(getattr(subject, "id", subject.pk)),  # rows with a composite key have an id for links
        object_name=str(subject)[:200],
        data=data,
    )
