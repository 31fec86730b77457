"""Writes a workspace note. The whole text is replaced, so the same call twice is the same as once."""

from __future__ import annotations

from typing import Any, ClassVar

from channels.db import database_sync_to_async
from django.db import transaction
from pydantic import Field, JsonValue

from agents.models import Note
from agents.toolbox.notes_read import below
from agents.toolbox.tool import Effect, ToolArguments, ToolConfig, ToolContext, ToolFailed, ToolKind


class WriteConfig(ToolConfig):
    prefix: str = Field(
        "",
        max_length=60,
        title="Only keys that begin with",
        description="Limits what this tool can change; empty means all notes of the workspace.",
    )


class WriteArguments(ToolArguments):
    key: str = Field(min_length=1, max_length=120, description="The name of the note, such as brief/acme.")
    text: str = Field(max_length=20_000, description="The whole new text; it replaces what was there.")


class NotesWrite(ToolKind):
    name: ClassVar[str] = "notes_write"
    title: ClassVar[str] = "Write notes"
    summary: ClassVar[str] = "Writes a note of this workspace under a key, replacing what was there."
    icon: ClassVar[str] = "notebook-pen"
    effect: ClassVar[Effect] = "idempotent"
    Config: ClassVar[type[ToolConfig]] = WriteConfig
    Arguments: ClassVar[type[ToolArguments]] = WriteArguments

    async def perform(
        self, arguments: dict[str, Any], config: WriteConfig, context: ToolContext
    ) -> JsonValue:
        key, text = below(config.prefix, arguments["key"]), arguments["text"]
        if "\x00" in key + text:
            raise ToolFailed("Notes cannot hold NUL characters; leave them out.")
        if len(key) > 120:
            raise ToolFailed("The key is too long; at most 120 characters are allowed.")
        answer: JsonValue = await database_sync_to_async(_write)(context, key, text)
        return answer


@transaction.atomic
def _write(context: ToolContext, key: str, text: str) -> JsonValue:
    """A repetition of the last write changes nothing, not even who wrote when."""
    token = context.idempotency_key[:64]
    values = {"text": text, "written_by": context.actor_name[:200], "last_write_key": token}
    note, created = Note.objects.select_for_update().get_or_create(
        workspace_id=context.workspace_id, key=key, defaults=values
    )
    repeated = bool(token) and note.last_write_key == token
    if not created and not repeated:
        for name, value in values.items():
            setattr(note, name, value)
        note.save()
    return {"key": key, "written": True, "characters": len(note.text)}


TOOL = NotesWrite()
