"""The doctor names what is wrong and the way out; the token command speaks for an owner."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
import redis
from django.core.management import CommandError, call_command
from pytest_django import Settings

from studio.embedded import checks, database, processes
from studio.embedded.narrate import Narrator
from studio.embedded.places import Places
from studio.embedded.trouble import Trouble
from studio.workspaces.access import member_by_token
from studio.workspaces.actions import ensure_owner
from studio.workspaces.roles import Role


def refuse() -> str:
    raise Trouble("it is broken; mend it.")


def test_a_line_a_part_and_failure_when_one_has_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {"Sound": lambda: "as new", "Broken": refuse}
    monkeypatch.setattr("studio.management.commands.doctor.CHECKS", parts)
    with pytest.raises(SystemExit, match="1 of 2 parts have a problem"):
        call_command("doctor", no_color=True)
    assert capsys.readouterr().out.splitlines() == [
        "✓ Sound            as new",
        "✗ Broken           it is broken; mend it.",
    ]


@pytest.mark.django_db
def test_a_working_database_passes() -> None:
    assert "commits are durable, with pgvector" in checks.postgresql()
    assert checks.tables() == "up to date"


@pytest.mark.django_db
def test_tables_that_are_behind_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "pending", lambda: ["runs.0007_later"])
    with pytest.raises(Trouble, match=r"1 migrations are not applied, runs\.0007_later first"):
        checks.tables()


def test_servers_that_are_not_there_are_told(settings: Settings, tmp_path: Path) -> None:
    settings.REDIS = f"unix://{tmp_path}/none.sock"
    settings.REDIS_URL = "redis://somewhere"
    with pytest.raises(Trouble, match=r"Redis cannot be reached .*check REDIS_URL"):
        checks.redis()
    settings.REDIS_URL = ""
    with pytest.raises(Trouble, match="embedded Redis is not running"):
        checks.redis()
    with pytest.raises(Trouble, match="none is alive"):
        checks.sweeper()
    settings.REHEARSAL_URL = "http://127.0.0.1:1/v1"
    with pytest.raises(Trouble, match=r"nothing answers at http://127\.0\.0\.1:1/v1"):
        checks.rehearsal_model()


def test_the_sweeper_of_an_earlier_start_does_not_count(redis_client: redis.Redis) -> None:
    redis_client.set(processes.SWEEPER_KEY, "alive")
    assert checks.sweeper() == "alive"
    processes.forget_sweeper()
    with pytest.raises(Trouble):
        checks.sweeper()


def test_keys_others_can_read_are_told(settings: Settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"
    with pytest.raises(Trouble, match="does not exist"):
        checks.home()
    places = Places(settings.HOME)
    places.make()
    (places.keys / "secret_key").touch(mode=0o600)
    assert "GB free" in checks.home()
    (places.keys / "secret_key").chmod(0o644)
    with pytest.raises(Trouble, match="can be read by others; run `chmod 600"):
        checks.home()


@pytest.mark.django_db
def test_a_token_speaks_for_an_owner_with_the_role_asked_for() -> None:
    owner = ensure_owner()
    out = StringIO()
    call_command("token", role="designer", workspace=owner.workspace.slug, stdout=out)
    member = member_by_token(out.getvalue().strip())
    assert member is not None
    assert (member.user, member.workspace, member.role) == (owner.user, owner.workspace, Role.DESIGNER)
    with pytest.raises(CommandError, match="There is no workspace 'elsewhere'"):
        call_command("token", workspace="elsewhere")


def test_a_step_says_its_number_its_time_and_what_came_of_it() -> None:
    out = StringIO()
    narrator = Narrator(2, out)
    with narrator.step("Tables") as said:
        said.append("3 applied")
    assert out.getvalue().splitlines() == ["[1/2] Tables …", "[1/2] Tables ✓ 0.0 s · 3 applied"]
