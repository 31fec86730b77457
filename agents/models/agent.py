"""Agents and their immutable, numbered versions."""

from __future__ import annotations

import uuid

from django.db import models

from agents.models.written_json import WrittenJSONField
from agents.topology.graph import AgentSpec


class Agent(models.Model):
    """A role/goal agent. Saving a change makes a new version; `current` is the newest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="agents")
    key = models.SlugField(max_length=48)  # what teams call it; letters, digits, underscores
    name = models.CharField(max_length=80)
    current = models.OneToOneField(
        "AgentVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="agent_key_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AgentVersion(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    spec = WrittenJSONField()  # agents.topology.graph.AgentSpec
    digest = models.CharField(max_length=64)
    created_by = models.ForeignKey("studio.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "number"], name="agent_version_once")]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.agent} v{self.number}"

    def parsed(self) -> AgentSpec:
        return AgentSpec.model_validate(self.spec)
