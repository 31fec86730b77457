"""Reads a workspace note, or lists which notes there are."""

from __future__ import annotations

from typing import Any, ClassVar

from channels.db import database_sync_to_async
from pydantic import Field, JsonValue

from agents.models import Note
from agents.toolbox.tool import ToolArguments, ToolConfig, ToolContext, ToolKind

MAX_LISTED = 100


class ReadConfig(ToolConfig):
    prefix: str = Field(
        "",
        max_length=60,
        title="Only keys that begin with",
        description="Limits what this tool can reach; empty means all notes of the workspace.",
    )


class ReadArguments(ToolArguments):
    key: str = Field("", max_length=120, description="The note to read. Leave it out to list all keys.")


class NotesRead(ToolKind):
    name: ClassVar[str] = "notes_read"
    title: ClassVar[str] = "Read notes"
    summary: ClassVar[str] = "Reads a note of this workspace by its key, or lists the keys there are."
    icon: ClassVar[str] = "notebook-text"
    Config: ClassVar[type[ToolConfig]] = ReadConfig
    Arguments: ClassVar[type[ToolArguments]] = ReadArguments

    async def perform(self, arguments: dict[str, Any], config: ReadConfig, context: ToolContext) -> JsonValue:
        key = arguments.get("key", "")
        answer: JsonValue = await database_sync_to_async(_read)(context, config.prefix, key)
        return answer


def below(prefix: str, key: str) -> str:
    """The key of a note under `prefix`, which callers may leave out."""
    return key if key.startswith(prefix) else prefix + key


def _read(context: ToolContext, prefix: str, key: str) -> JsonValue:
    key = below(prefix, key) if key else ""
    notes = Note.objects.filter(workspace_id=context.workspace_id, key__startswith=prefix)
    note = notes.filter(key=key).first() if key else None
    if note:
        return {
            "key": note.key,
            "text": note.text,
            "updated_at": note.updated_at.isoformat(timespec="seconds"),
        }
    keys: list[JsonValue] = [*notes.order_by("key").values_list("key", flat=True)[:MAX_LISTED]]
    if key:
        return {"key": key, "text": None, "note": "There is no note with this key.", "keys": keys}
    return {"keys": keys}


TOOL = NotesRead()
