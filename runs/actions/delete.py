"""Deleting a run: its log and content go, a tombstone with the head of its hash chain stays."""

from __future__ import annotations

from django.db import connection, transaction

from agents.models import TeamVersion
from runs.actions.errors import Refused
from runs.figures.totals import totals_of_runs
from runs.models import Event, Prefix, Run, Tombstone
from studio import audit
from studio.workspaces.access import Member, Role

# Content that no event of another run of the workspace refers to. Digests stand in events as they are.
ORPHANS = r"""
WITH mine AS (
    SELECT DISTINCT found[1] AS digest
    FROM runs_event, regexp_matches(body, '\m([0-9a-f]{64})\M', 'g') AS found
    WHERE run_id = %(run)s
), others AS (
    SELECT DISTINCT found[1] AS digest
    FROM runs_event event JOIN runs_run run ON run.id = event.run_id AND run.workspace_id = %(workspace)s,
        regexp_matches(event.body, '\m([0-9a-f]{64})\M', 'g') AS found
    WHERE event.run_id <> %(run)s
)
DELETE FROM runs_blob WHERE workspace_id = %(workspace)s
    AND digest IN (SELECT digest FROM mine EXCEPT SELECT digest FROM others)
"""


@transaction.atomic
def delete_run(*, actor: Member, run: Run) -> Tombstone:
    """Raises Refused while the run is not over, or while forks share the beginning of its log."""
    actor.require(Role.ADMIN)
    row = Run.objects.select_for_update(of=("self",)).select_related("team_version__team").get(pk=run.pk)
    if not row.has_ended:
        raise Refused("not_ended", "This run has not ended. Stop it first.")
    if row.parent is not None and not row.parent.has_ended:
        raise Refused("not_ended", f"It is part of run {row.parent.short_id}, which has not ended.")
    if forks := Prefix.objects.filter(source=row).values("run_id").distinct().count():
        them = "1 fork begins" if forks == 1 else f"{forks} forks begin"
        raise Refused("has_forks", f"{them} with events of this run. Delete what was forked first.")
    tombstone = Tombstone.objects.create(
        run=row.pk,
        workspace=actor.workspace,
        team=row.team_version.team.name,
        version=row.team_version.number,
        seq=row.seq,
        head_hash=row.head_hash,
        cost=totals_of_runs([row.pk])[row.pk].real,
        started_at=row.started_at,
        deleted_by=actor.user,
    )
    audit.record(actor, "run.deleted", row, seq=row.seq, head=bytes(row.head_hash).hex())
    _drop(row)
    return tombstone


def _drop(run: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('troupe.deleting_run', %s, true)", [str(run.pk)])
        cursor.execute(ORPHANS, {"run": run.pk, "workspace": run.workspace_id})
    Event.objects.filter(run=run).delete()
    version = run.team_version
    run.delete()
    if version.variant_of_id and not Run.objects.filter(team_version=version).exists():
        TeamVersion.objects.filter(pk=version.pk).delete()
