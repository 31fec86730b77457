"""Tools as a workspace offers them: a built-in kind, its configuration and its approval rule."""

from __future__ import annotations

import uuid

from django.db import models

from agents.topology.graph import ToolSpec
from agents.topology.policy import Policy


class Tool(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="tools")
    name = models.SlugField(max_length=48)  # what agents and models call it
    kind = models.CharField(max_length=48)  # a name in agents.toolbox.registry
    description = models.TextField(blank=True)
    config = models.JSONField(default=dict)
    secrets = models.JSONField(default=dict)  # name → {"sealed": ciphertext, "scope": where it may be sent}
    approval = models.CharField(max_length=1000, blank=True)  # a CEL rule over `args`
    policy = models.JSONField(null=True, blank=True)  # who approves what the rule asks about
    cache_s = models.FloatField(null=True, blank=True)  # how old a result may be that is used again
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="tool_name_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def parsed(self) -> ToolSpec:
        return ToolSpec(
            kind=self.kind,
            description=self.description,
            config=self.config,
            approval=self.approval,
            policy=None if self.policy is None else Policy.model_validate(self.policy),
            cache_s=self.cache_s,
        )
