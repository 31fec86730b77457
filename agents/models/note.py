"""Workspace notes: short texts that agents read and write through the notes tools."""

from __future__ import annotations

from django.db import models


class Note(models.Model):
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="notes")
    key = models.CharField(max_length=120)
    text = models.TextField(blank=True)
    written_by = models.CharField(max_length=200, blank=True)  # a person, or an agent of a run
    last_write_key = models.CharField(max_length=64, blank=True)  # idempotency key of the last write
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="note_key_once")]
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
