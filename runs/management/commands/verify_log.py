"""Checks the logs of all runs, or of some: hash chains, forks against their parents, projections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.db.models import QuerySet

from runs.models import Run, Tombstone
from runs.verify import problems
from studio.workspaces.models import Workspace

SHOWN = 3  # problems of one run


class Command(BaseCommand):
    requires_system_checks = []
    help = "Checks that no log was changed and that everything shown of runs follows from them; 1 if not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--run", help="Only this run: its id.")
        parser.add_argument("--workspace", help="Only the runs of this workspace: its short name.")

    def handle(self, *args: Any, **options: Any) -> None:
        runs, tombstones = _wanted(options["run"], options["workspace"])
        seen = broken = 0
        for run in runs.order_by("created_at").iterator(chunk_size=500):
            with _snapshot():
                found = problems(run)
            seen += 1
            if found:
                broken += 1
                more = f" … and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
                self.stdout.write(f"{run.pk} {run.team_version}: {' '.join(found[:SHOWN])}{more}")
        deleted = f", {tombstones.count()} deleted" if tombstones.exists() else ""
        self.stdout.write(f"{seen} run{'' if seen == 1 else 's'} checked, {broken} broken{deleted}.")
        if broken:
            raise SystemExit(1)


def _wanted(run: str | None, slug: str | None) -> tuple[QuerySet[Run], QuerySet[Tombstone]]:
    runs, tombstones = Run.objects.select_related("team_version__team"), Tombstone.objects.all()
    if slug:
        workspace = Workspace.objects.filter(slug=slug).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {slug}.")
        runs, tombstones = runs.filter(workspace=workspace), tombstones.filter(workspace=workspace)
    if run:
        try:
            wanted = UUID(run)
        except ValueError:
            raise CommandError(f"{run} is not the id of a run.") from None
        runs, tombstones = runs.filter(pk=wanted), tombstones.filter(run=wanted)
        if not runs.exists() and not tombstones.exists():
            raise CommandError(f"There is no run {run}.")
    return runs, tombstones


@contextmanager
def _snapshot() -> Iterator[None]:
    """One moment for all reads of a run, so that one that goes on meanwhile is not taken for broken."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
