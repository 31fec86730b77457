"""`verify_log`: what it finds, what it lets be, and what stays of runs that were deleted."""

from __future__ import annotations

from io import StringIO
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from runs.actions.delete import delete_run
from runs.actions.errors import Refused
from runs.actions.fork import Wanted, fork_run
from runs.engine import events as ev
from runs.models import Blob, Event, LedgerEntry, Run, Span, Tombstone
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World


@pytest.fixture
def run(world: World) -> Run:
    return scenes.done(Script(world.workspace, world.owner.user)).commit()


def verified(*options: str) -> tuple[int, str]:
    """Exit status and what was printed."""
    out = StringIO()
    try:
        call_command("verify_log", *options, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def forge(sql: str, *params: UUID) -> None:
    """What only somebody with the database's own rights can do."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE runs_event DISABLE TRIGGER runs_event_immutable")
        cursor.execute(sql, params)
        cursor.execute("ALTER TABLE runs_event ENABLE TRIGGER runs_event_immutable")


def test_sound_runs_and_their_forks_pass(world: World, run: Run) -> None:
    fork_run(actor=world.owner, run=run, wanted=Wanted(at=9, effects="live"))
    assert verified() == (0, "2 runs checked, 0 broken.\n")


def test_a_run_verifies_after_its_content_was_dropped(run: Run) -> None:
    Blob.objects.filter(workspace=run.workspace).delete()
    assert verified("--run", str(run.pk)) == (0, "1 run checked, 0 broken.\n")


def test_a_changed_event_breaks_its_run_and_every_fork_that_shares_it(world: World, run: Run) -> None:
    sound = scenes.failed(Script(world.workspace, world.owner.user)).commit()
    sharing = fork_run(actor=world.owner, run=run, wanted=Wanted(at=9, effects="live"))
    before = fork_run(actor=world.owner, run=run, wanted=Wanted(at=3, effects="live"))
    forge(
        "UPDATE runs_event SET body = replace(body, 'refund', 'refuse') WHERE run_id = %s AND seq = 8", run.pk
    )
    code, said = verified()
    assert code == 1
    assert said.count("Event 8 was changed") == 2
    assert str(run.pk) in said
    assert str(sharing.pk) in said
    assert str(sound.pk) not in said
    assert str(before.pk) not in said
    assert said.endswith("4 runs checked, 2 broken.\n")


def test_a_fork_that_claims_another_parent_is_found(world: World, run: Run) -> None:
    other = scenes.failed(Script(world.workspace, world.owner.user)).commit()
    made = fork_run(actor=world.owner, run=run, wanted=Wanted(at=9, effects="live"))
    Run.objects.filter(pk=made.pk).update(forked_from=other)
    code, said = verified("--run", str(made.pk))
    assert code == 1
    assert "Its parent has no such event 9" in said


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("DELETE FROM runs_event WHERE run_id = %s AND seq = 4", "Event 4 is missing."),
        ("UPDATE runs_run SET head_hash = '\\x00' WHERE id = %s", "The run's head is"),
        ("UPDATE runs_run SET status = 'failed' WHERE id = %s", "The run says failed, its log says done."),
        ("UPDATE runs_ledgerentry SET cost = 0 WHERE run_id = %s", "runs_ledgerentry"),
        ("DELETE FROM runs_span WHERE run_id = %s AND key = 'writer'", "runs_span"),
    ],
)
def test_every_kind_of_damage_is_told_in_a_line(run: Run, wrong: str, sentence: str) -> None:
    forge(wrong, run.pk)
    code, said = verified()
    assert code == 1
    assert len(said.splitlines()) == 2
    assert sentence in said


def test_what_is_not_there_cannot_be_checked(run: Run) -> None:
    for options, sentence in (
        (("--workspace", "nowhere"), "no workspace nowhere"),
        (("--run", "r-123"), "not the id of a run"),
        (("--run", "00000000-0000-0000-0000-000000000000"), "no run"),
    ):
        with pytest.raises(CommandError, match=sentence):
            verified(*options)
    assert verified("--workspace", run.workspace.slug) == (0, "1 run checked, 0 broken.\n")
    assert verified("--workspace", "elsewhere") == (0, "0 runs checked, 0 broken.\n")


# ── deleting ────────────────────────────────────────────────────────────────────────────────────────
def test_a_deleted_run_leaves_the_head_of_its_log(world: World, run: Run) -> None:
    other = scenes.done(Script(world.workspace, world.owner.user)).commit()
    head, kept = bytes(run.head_hash), set(Blob.objects.values_list("digest", flat=True))
    tombstone = delete_run(actor=world.admin, run=run)
    assert (tombstone.seq, bytes(tombstone.head_hash)) == (run.seq, head)
    for model in (Event, Span, LedgerEntry):
        assert not model.objects.filter(run_id=run.pk).exists()
    assert not Run.objects.filter(pk=run.pk).exists()
    assert set(Blob.objects.values_list("digest", flat=True)) == kept, "the other run has the same content"
    assert verified() == (0, "1 run checked, 0 broken, 1 deleted.\n")
    delete_run(actor=world.owner, run=other)
    assert not Blob.objects.filter(workspace=world.workspace).exists()


def test_content_that_only_a_note_names_goes_with_its_run(world: World) -> None:
    script = Script(world.workspace, world.owner.user).start({"ticket": "t"}).node("triage")
    items = script.put(["one", "two"])
    script.add(ev.NodeNoted(path="triage", key="items", text=f"2 {items}"))
    delete_run(actor=world.owner, run=script.finish("done").commit())
    assert not Blob.objects.filter(workspace=world.workspace).exists()


def test_a_run_with_forks_or_without_an_end_stays(world: World, run: Run) -> None:
    made = fork_run(actor=world.owner, run=run, wanted=Wanted(at=9, effects="live"))
    with pytest.raises(Refused, match="1 fork begins with events of this run"):
        delete_run(actor=world.owner, run=run)
    with pytest.raises(Refused, match="has not ended"):
        delete_run(actor=world.owner, run=made)
    assert Tombstone.objects.count() == 0


def test_only_admins_delete_and_nobody_deletes_single_events(world: World, run: Run) -> None:
    with pytest.raises(PermissionDenied):
        delete_run(actor=world.designer, run=run)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(run=run, seq=3).delete()
