"""Teams: one draft that is edited, and published versions that never change."""

from __future__ import annotations

import uuid

from django.db import models

from agents.topology.graph import Graph, PinnedTeam


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    pattern = models.CharField(max_length=40, blank=True)  # the preset it began as, shown on its card
    draft = models.JSONField(default=dict)  # agents.topology.graph.Graph; agents and tools by key
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


class TeamVersion(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()  # agents.topology.graph.PinnedTeam
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=200, blank=True)
    published_by = models.ForeignKey("studio.User", null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "number"], name="team_version_once")]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.team} v{self.number}"

    def parsed(self) -> PinnedTeam:
        return PinnedTeam.model_validate(self.content)
