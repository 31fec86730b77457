"""Begins a team from a preset of the gallery."""

from __future__ import annotations

from django.db import transaction

from agents.actions.imports import Imported, import_team
from agents.presets.registry import preset
from studio.workspaces.access import Member


@transaction.atomic
def create_from_preset(*, actor: Member, name: str, team_name: str = "") -> Imported:
    """A team with its agents and tools, all on the workspace's default model.

    Raises LookupError when there is no preset of that name, Refused when the workspace has no model.
    """
    chosen = preset(name)
    return import_team(actor=actor, file=chosen.file, name=team_name, pattern=chosen.pattern, quiet=True)
