"""`manage.py up` for real: from an empty folder to a signed-in page, through stop, crash and kill."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from studio import env
from studio.embedded import ports
from studio.embedded.places import Places
from studio.embedded.service import ROOT

pytestmark = [pytest.mark.worker, pytest.mark.xdist_group("up"), pytest.mark.timeout(300)]


class Stack:
    """One `up` on a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.home = Places(folder / "home")
        self.port = ports.first_free(21_000)
        self.ready_file = folder / "ready.json"
        self.log = folder / "up.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.kept = {name: value for name, value in os.environ.items() if name not in env.REGISTRY}
        self.kept["DJANGO_SETTINGS_MODULE"] = "studio.settings"

    def start(self) -> dict[str, str]:
        """Start it and wait until it is ready."""
        options = ("--home", str(self.home.home), "--port", str(self.port), "--workers", "1", "--no-model")
        self.ready_file.unlink(missing_ok=True)  # one that was killed leaves it
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                (sys.executable, "manage.py", "up", *options, "--ready-file", str(self.ready_file)),
                cwd=ROOT,
                env=self.kept,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(lambda: self.ready_file.exists() or self._ended(), 120)
        ready: dict[str, str] = json.loads(self.ready_file.read_text())
        return ready

    def _ended(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return False

    def pid(self, name: str) -> int:
        pid: int = json.loads((self.home.run / f"{name}.pid").read_text())["pid"]
        return pid

    def family(self) -> dict[str, psutil.Process]:
        """The children by name."""
        names = [note.stem for note in self.home.run.glob("*.pid")]
        return {name: psutil.Process(self.pid(name)) for name in names}

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A manage.py command in a second terminal, which knows no more than the home folder."""
        return subprocess.run(
            (sys.executable, "manage.py", *arguments),
            cwd=ROOT,
            env=self.kept | {"TROUPE_HOME": str(self.home.home)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def get(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.status, response.read().decode()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Started once; the tests below follow its life in their order."""
    stack = Stack(tmp_path_factory.mktemp("up"))
    stack.start()
    yield stack
    if stack.process is not None and stack.process.poll() is None:
        stack.end(signal.SIGTERM)


def test_it_is_ready_when_it_says_so(stack: Stack) -> None:
    ready = json.loads(stack.ready_file.read_text())
    assert ready["url"] == f"http://127.0.0.1:{stack.port}"
    assert get(ready["url"])[0] == 200
    status, page = get(ready["sign_in_url"])
    assert status == 200
    assert "<button" in page, "the link asks before it signs in: previews must not use it up"
    assert stat.S_IMODE(stack.ready_file.stat().st_mode) == 0o600
    last = stack.log.read_text().strip().splitlines()[-1]
    assert ready["url"] in last
    assert ready["sign_in_url"] in last


def test_every_part_runs_and_the_doctor_finds_nothing(stack: Stack) -> None:
    assert set(stack.family()) == {"postgres", "redis", "rehearsal-model", "web", "worker-1", "sweeper"}
    done = stack.command("doctor")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "All is well."


def test_commands_work_in_a_second_terminal(stack: Stack) -> None:
    done = stack.command("token", "--role", "owner")
    assert done.returncode == 0, done.stderr
    request = urllib.request.Request(f"http://127.0.0.1:{stack.port}/api/v1/teams")
    request.add_header("Authorization", f"Bearer {done.stdout.strip()}")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 200
    except urllib.error.HTTPError as error:
        pytest.fail(f"{error}: {(stack.home.logs / 'web.log').read_text()[-3000:]}")


def test_a_second_start_on_the_same_home_is_refused(stack: Stack) -> None:
    done = stack.command("up", "--port", str(stack.port + 50))
    assert done.returncode == 1
    assert f"already runs on {stack.home.home} at http://127.0.0.1:{stack.port}" in done.stderr


def test_parts_that_are_killed_come_back(stack: Stack) -> None:
    before = {name: stack.pid(name) for name in ("postgres", "redis", "worker-1", "web", "sweeper")}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(stack.pid(name) != pid for name, pid in before.items()))
    until(lambda: stack.command("doctor").returncode == 0, 120)
    for name in before:
        assert f"{name} ended unexpectedly (SIGKILL)" in stack.log.read_text()


def test_ctrl_c_stops_everything_and_the_next_start_finds_its_data(stack: Stack) -> None:
    workspaces = (
        "from studio.workspaces.models import Workspace as W; print([str(w.pk) for w in W.objects.all()])"
    )
    before = stack.command("shell", "-v", "0", "-c", workspaces).stdout
    family = list(stack.family().values())
    assert stack.end(signal.SIGINT) == 0
    assert not any(process.is_running() for process in family)
    assert not stack.ready_file.exists()
    assert stack.log.read_text().strip().endswith("Stopped.")
    stack.start()
    assert stack.command("shell", "-v", "0", "-c", workspaces).stdout == before


def test_a_killed_start_leaves_nothing_that_hinders_the_next(stack: Stack) -> None:
    family = list(stack.family().values())
    stack.end(signal.SIGKILL)
    stack.start()
    assert not any(process.is_running() for process in family)
    assert stack.command("doctor").returncode == 0


def test_asked_to_end_it_ends_as_with_ctrl_c(stack: Stack) -> None:
    family = list(stack.family().values())
    assert stack.end(signal.SIGTERM) == 0
    assert not any(process.is_running() for process in family)
