"""Teams: one draft that is edited, and published versions that never change."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from agents.models.written_json import WrittenJSONField
from agents.topology.graph import Graph, PinnedTeam


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    pattern = models.CharField(max_length=40, blank=True)  # the preset it began as, shown on its card
    draft = WrittenJSONField(default=dict)  # agents.topology.graph.Graph; agents and tools by key
    draft_revision = models.PositiveIntegerField(default=1)  # a save must name the revision it changes
    draft_saved_at = models.DateTimeField(auto_now_add=True)
    draft_saved_by = models.ForeignKey("studio.User", null=True, on_delete=models.SET_NULL, related_name="+")
    current = models.OneToOneField(
        "TeamVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def parsed_draft(self) -> Graph:
        return Graph.model_validate(self.draft)


class TeamVersions(models.QuerySet["TeamVersion"]):
    def published(self) -> TeamVersions:
        """Without the variants that single runs were forked with."""
        return self.filter(variant_of=None)


class TeamVersion(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = WrittenJSONField()  # agents.topology.graph.PinnedTeam
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=200, blank=True)
    published_by = models.ForeignKey("studio.User", null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(auto_now_add=True)
    variant_of = models.ForeignKey(  # changed for a fork; never offered, and never the team's current version
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="variants"
    )

    objects = TeamVersions.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "number"], condition=Q(variant_of=None), name="team_version_once"
            ),
            models.UniqueConstraint(
                fields=["variant_of", "digest"], name="team_variant_once", nulls_distinct=True
            ),
        ]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.team} v{self.number}{' changed' if self.variant_of_id else ''}"

    def parsed(self) -> PinnedTeam:
        return PinnedTeam.model_validate(self.content)
