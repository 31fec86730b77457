"""Workspace notes, as people write them; agents do so through the notes tools."""

from __future__ import annotations

from django.db import transaction

from agents.actions.outcome import refuse
from agents.models import Note
from studio import audit
from studio.workspaces.access import Member, Role

MAX_TEXT = 100_000


@transaction.atomic
def write_note(*, actor: Member, key: str, text: str) -> Note:
    actor.require(Role.DESIGNER)
    key = key.strip()
    if not 1 <= len(key) <= 120:
        refuse("note.key", "A key has between 1 and 120 characters.", field="key")
    if len(text) > MAX_TEXT:
        refuse("note.text", f"A note has at most {MAX_TEXT:,} characters.", field="text")
    if "\x00" in key + text:
        refuse("note.text", "A note cannot hold NUL characters.", "Remove them.", field="text")
    values = {"text": text, "written_by": str(actor.user)[:200], "last_write_key": ""}
    note, _ = Note.objects.update_or_create(workspace=actor.workspace, key=key, defaults=values)
    audit.record(actor, "note.written", note, characters=len(text))
    return note


@transaction.atomic
def delete_note(*, actor: Member, note: Note) -> None:
    actor.require(Role.DESIGNER)
    audit.record(actor, "note.deleted", note)
    note.delete()
