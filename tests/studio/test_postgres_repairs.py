"""The embedded PostgreSQL comes up again whatever happened to the start before."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from studio.embedded import system_user
from studio.embedded.postgres import Postgres
from studio.embedded.trouble import Trouble
from tests.embedded import stop, wait_ready


@pytest.fixture
def server(tmp_path: Path) -> Postgres:
    server = Postgres(tmp_path / "postgres", tmp_path / "sockets", tmp_path / "postgres.log")
    if system_user.needed():
        system_user.open_path(server.data)
    return server


def test_a_killed_server_keeps_its_commits_and_starts_again(server: Postgres) -> None:
    server.prepare()
    process = server.service().spawn()
    wait_ready(server.service())
    server.ensure_database("troupe")
    with server.connect("troupe") as connection:
        connection.execute("create table kept (id int)")
        connection.execute("insert into kept values (1)")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _give_the_pid_to_a_stranger(server)

    assert "cleaned up after a PostgreSQL that was killed" in server.prepare()
    process = server.service().spawn()
    try:
        wait_ready(server.service())
        with server.connect("troupe") as connection:
            assert connection.execute("select id from kept").fetchall() == [(1,)]
    finally:
        stop(process, signal.SIGINT)


def _give_the_pid_to_a_stranger(server: Postgres) -> None:
    """The number in the pid file now belongs to this very process, which is no PostgreSQL."""
    file = server.data / "postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")


def test_a_half_made_cluster_is_made_anew(server: Postgres) -> None:
    draft = server.data.with_name("postgres.new")
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    assert "removed a half-made database of an earlier start" in server.prepare()
    assert (server.data / "global" / "pg_control").is_file()
    assert not draft.exists()


def test_data_of_another_postgresql_is_refused(server: Postgres) -> None:
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(Trouble, match="made by PostgreSQL 16, this Troupe carries 18"):
        server.prepare()


def test_a_folder_with_other_files_is_not_touched(server: Postgres) -> None:
    server.data.mkdir()
    (server.data / "letters.txt").write_text("dear")
    with pytest.raises(Trouble, match="is no PostgreSQL data folder; move it away"):
        server.prepare()
    assert (server.data / "letters.txt").read_text() == "dear"
