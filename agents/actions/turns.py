"""Makes those who change the same workspace's names take turns."""

from __future__ import annotations

from studio.workspaces.models import Workspace


def take_turn(workspace: Workspace) -> None:
    """Wait until nobody else is making, renaming or deleting something here; until the transaction ends.

    What an action finds free or unused then stays so. The lock does not hinder rows that merely refer to
    the workspace.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
