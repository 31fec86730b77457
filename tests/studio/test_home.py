"""The home folder: what is refused, what is repaired, what is kept private."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.embedded import keys, lock, ports, version
from studio.embedded.places import SOCKET_BYTES, Places, make_private
from studio.embedded.service import ROOT
from studio.embedded.trouble import Trouble


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "home")
    places.make()
    return places


def test_a_second_start_on_one_home_is_told_where_the_first_one_is(places: Places) -> None:
    with lock.take(places.lock, "http://127.0.0.1:8123"):
        told = rf"already runs on .*home at http://127\.0\.0\.1:8123 \(process {os.getpid()}\)"
        with pytest.raises(Trouble, match=told):
            lock.take(places.lock, "http://127.0.0.1:9000")
    lock.take(places.lock, "http://127.0.0.1:9000").close()


def test_a_home_of_a_newer_troupe_is_refused(places: Places) -> None:
    places.version.write_text('{"data": 99, "troupe": "7.0"}')
    with pytest.raises(Trouble, match=r"used by Troupe 7\.0, which is newer than this one"):
        version.check(places.version)


@pytest.mark.parametrize("text", ["", "{", '{"data": "x"}'])
def test_a_half_written_version_is_an_interrupted_first_start(places: Places, text: str) -> None:
    places.version.write_text(text)
    version.check(places.version)
    version.record(places.version)
    assert f'"troupe": "{version.VERSION}"' in places.version.read_text()


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == version.VERSION


def test_keys_are_made_once_and_for_our_eyes_only(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in keys.MAKERS:
        monkeypatch.delenv(name, raising=False)
        keys.ensure(places, name)
    made = {name: keys.read(places.home, name) for name in keys.MAKERS}
    assert all(len(key) >= 44 for key in made.values()), made
    assert {stat.S_IMODE(file.stat().st_mode) for file in places.keys.iterdir()} == {0o600}
    for name in keys.MAKERS:
        keys.ensure(places, name)
        assert keys.read(places.home, name) == made[name]


def test_a_lost_encryption_key_is_not_silently_replaced(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENCRYPTION_KEYS", raising=False)
    places.postgres.mkdir()
    with pytest.raises(Trouble, match="put it back from a backup"):
        keys.ensure(places, "ENCRYPTION_KEYS")


@pytest.mark.parametrize("name", ["x" * 100, "a,b", "100%41", "in here"])
def test_a_home_that_no_socket_address_can_name_has_its_sockets_elsewhere(tmp_path: Path, name: str) -> None:
    deep = Places(tmp_path / name)
    deep.make()
    address = deep.postgres_sockets / ".s.PGSQL.5432"
    assert len(os.fsencode(address)) <= SOCKET_BYTES
    assert not set(str(address)) & set(",% ")
    assert deep.sockets != Places(tmp_path / ("y" * 100)).sockets, "two homes must not share sockets"
    deep.sockets.rmdir()


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.symlink_to(tmp_path)
    with pytest.raises(Trouble, match="belongs to someone else"):
        make_private(theirs)


if os.geteuid() == 0:

    def test_a_folder_owned_by_another_user_is_refused(tmp_path: Path) -> None:
        (tmp_path / "theirs").mkdir()
        os.chown(tmp_path / "theirs", pwd.getpwnam("nobody").pw_uid, -1)
        with pytest.raises(Trouble, match="belongs to someone else"):
            make_private(tmp_path / "theirs")


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match=r"cannot be used \(.*--home"):
        Places(tmp_path / "file" / "home").make()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((ports.HOST, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_told_with_its_holder_and_a_free_one(taken_port: int) -> None:
    with pytest.raises(Trouble) as caught:
        ports.require_free(taken_port)
    sentence = str(caught.value)
    assert f"Port {taken_port} is taken by" in sentence
    assert f"(process {os.getpid()})" in sentence
    suggested = int(sentence.rsplit("--port ", 1)[1].split('"')[0])
    assert suggested > taken_port
    assert ports.is_free(suggested)


def up(home: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`manage.py up` on a home of its own, expected to refuse before it starts anything."""
    command = (sys.executable, "manage.py", "up", "--home", str(home), *options)
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=60
    )


def test_up_says_what_is_in_the_way_in_one_sentence(tmp_path: Path, taken_port: int) -> None:
    done = up(tmp_path / "home", "--port", str(taken_port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Troupe cannot start: Port {taken_port} is taken")
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--port", "70000"), "--port 70000 is no port"),
        (("--workers", "0"), "--workers 0 makes no sense"),
    ],
)
def test_up_refuses_senseless_options(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    done = up(tmp_path / "home", *options)
    assert done.returncode == 1
    assert told in done.stderr
    assert not (tmp_path / "home").exists()


def test_up_refuses_the_home_of_a_newer_troupe(tmp_path: Path) -> None:
    home = Places(tmp_path / "home")
    home.make()
    home.version.write_text('{"data": 99, "troupe": "7.0"}')
    done = up(home.home)
    assert done.returncode == 1
    assert "used by Troupe 7.0" in done.stderr
