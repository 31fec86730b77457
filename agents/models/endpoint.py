"""Where models are reached, what they can do and what they cost."""

from __future__ import annotations

import uuid

from django.db import models


class Endpoint(models.Model):
    """An OpenAI-compatible address in one workspace. The key is encrypted and never shown again."""

    class Kind(models.TextChoices):
        OPENAI = "openai", "OpenAI"
        LOCAL = "local", "Local model"
        REHEARSAL = "rehearsal", "Rehearsal model"
        COMPATIBLE = "compatible", "OpenAI-compatible"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="endpoints")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.COMPATIBLE)
    base_url = models.CharField(max_length=500)  # empty: the embedded service's current address
    key_encrypted = models.TextField(blank=True)
    key_hint = models.CharField(max_length=8, blank=True)  # the last four characters
    key_set_at = models.DateTimeField(null=True, blank=True)
    capabilities = models.JSONField(
        default=dict
    )  # {"tools": bool, "json_schema": bool, "streaming": bool, …}
    probe = models.JSONField(default=dict)  # the last test of the connection, step by step
    probed_at = models.DateTimeField(null=True, blank=True)
    concurrency = models.PositiveIntegerField(default=16)  # calls in flight at once, over all workers
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)  # null: not limited
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="endpoint_name_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_simulated(self) -> bool:
        return self.kind == self.Kind.REHEARSAL


class EndpointModel(models.Model):
    """A model an endpoint serves, by the id it is asked for with."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="models")
    name = models.CharField(max_length=200)
    context_window = models.PositiveIntegerField(null=True, blank=True)
    capabilities = models.JSONField(default=dict)  # what differs from its endpoint's
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "name"], name="endpoint_model_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.endpoint.name} / {self.name}"


class ModelPrice(models.Model):
    """A dated price of a model, in US dollars for a million tokens; it overrides the price list."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(EndpointModel, on_delete=models.CASCADE, related_name="prices")
    input_per_million = models.DecimalField(max_digits=18, decimal_places=8)
    cached_per_million = models.DecimalField(max_digits=18, decimal_places=8, null=True, blank=True)
    output_per_million = models.DecimalField(max_digits=18, decimal_places=8)
    valid_from = models.DateTimeField()
    source = models.CharField(max_length=200)
    created_by = models.ForeignKey(
        "studio.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-valid_from", "-created_at"]

    def __str__(self) -> str:
        return f"{self.model} from {self.valid_from:%Y-%m-%d}"
