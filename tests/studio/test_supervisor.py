"""The supervisor keeps children alive, and lets none outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from studio.embedded import leftovers
from studio.embedded.service import ROOT, Service
from studio.embedded.supervisor import Supervisor
from studio.embedded.trouble import Trouble

SLEEP = "import time; time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"


class World:
    """A supervisor, the folder it works in, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.supervisor = Supervisor(folder, self.said.append, lambda _: None)

    def service(self, name: str, code: str, **more: object) -> Service:
        return Service(name, (sys.executable, "-c", code), self.folder / f"{name}.log", **more)  # type: ignore[arg-type]

    def looked_after(self) -> bool:
        self.supervisor.look_after()
        return True

    def pid(self, name: str) -> int:
        return self.supervisor._children[name].process.pid


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.supervisor.kill()
    world.supervisor.stop()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_child_that_ends_is_started_again_and_said_so(world: World) -> None:
    world.supervisor.start(world.service("web", SLEEP))
    first = world.pid("web")
    os.kill(first, signal.SIGKILL)
    until(lambda: world.looked_after() and world.pid("web") != first)
    assert psutil.pid_exists(world.pid("web"))
    assert "web ended unexpectedly (SIGKILL); it is started again in 1 s" in world.said[0]
    assert world.said[-1] == "web is started again."


def test_each_further_fall_waits_longer(world: World) -> None:
    world.supervisor.start(world.service("web", "raise SystemExit(3)"))
    until(lambda: world.looked_after() and sum("unexpectedly" in said for said in world.said) == 2)
    falls = [sentence for sentence in world.said if "unexpectedly" in sentence]
    assert "(exit code 3); it is started again in 1 s" in falls[0]
    assert "it is started again in 2 s" in falls[1]


def test_a_log_that_grew_long_is_kept_once_and_starts_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.embedded.supervisor.LOG_BYTES", 50)
    code = f"import sys; print('x' * 60, flush=True); sys.stdin.read(); {SLEEP}"
    world.supervisor.start(world.service("chatty", code))
    log = world.folder / "chatty.log"
    until(lambda: log.stat().st_size == 61)
    world.supervisor.look_after()
    assert log.read_text() == ""
    assert (world.folder / "chatty.log.1").read_text() == "x" * 60 + "\n"


def test_a_child_that_will_not_start_is_told_with_its_last_words(world: World) -> None:
    world.supervisor.start(world.service("web", "raise SystemExit('no such table')", ready=lambda: False))
    with pytest.raises(Trouble, match=r"web would not start \(exit code 1\).*no such table.*web\.log"):
        world.supervisor.wait_ready("web")


def test_a_child_that_never_answers_is_told(world: World) -> None:
    world.supervisor.start(world.service("web", SLEEP, ready=lambda: False, ready_seconds=0.2))
    with pytest.raises(Trouble, match=r"web would not start \(no answer in"):
        world.supervisor.wait_ready("web")


def test_those_that_serve_others_stop_last(world: World) -> None:
    tell = "import signal, sys, time\ndef end(*_):\n  open({file!r}, 'a').write({name!r}); sys.exit()\n"
    tell += "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
    order = world.folder / "order"
    for name, serves in (("d", True), ("w", False)):
        code = tell.format(file=str(order), name=name)
        world.supervisor.start(world.service(name, code, serves_others=serves))
        log = world.folder / f"{name}.log"
        until(lambda log=log: "up" in log.read_text())  # type: ignore[misc]
    world.supervisor.stop()
    assert order.read_text() == "wd"
    assert list(world.folder.glob("*.pid")) == []


def test_a_deaf_child_and_its_own_children_are_ended(world: World) -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); {DEAF}"
    world.supervisor.start(world.service("deaf", code, stop_seconds=0.2))
    until(lambda: "deaf" in (world.folder / "deaf.log").read_text())
    family = [psutil.Process(world.pid("deaf")), *psutil.Process(world.pid("deaf")).children(recursive=True)]
    assert len(family) == 2
    world.supervisor.stop()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    assert "deaf did not stop in 0 s; ending it." in world.said


PARENT = textwrap.dedent("""
    import sys
    from pathlib import Path
    from studio.embedded.service import Service
    from studio.embedded.supervisor import Supervisor

    folder = Path(sys.argv[1])
    supervisor = Supervisor(folder, print, lambda _: None)
    supervisor.start(Service("child", (sys.executable, "-c", sys.argv[2]), folder / "child.log"))
    print(supervisor._children["child"].process.pid, flush=True)
    supervisor.watch()
""")


def orphan(tmp_path: Path) -> psutil.Process:
    """The child of a supervisor that was killed."""
    command = [sys.executable, "-c", PARENT, str(tmp_path), SLEEP]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    return child


if sys.platform == "linux":

    def test_no_child_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
        orphan(tmp_path).wait(5)


def test_the_next_start_ends_what_a_killed_one_left(tmp_path: Path) -> None:
    survivor = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    leftovers.note(tmp_path, "worker-1", survivor.pid, signal.SIGTERM)
    assert leftovers.end(tmp_path) == ["worker-1"]
    assert not psutil.pid_exists(survivor.pid)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_got_an_old_number_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    try:
        leftovers.note(tmp_path, "worker-1", stranger.pid, signal.SIGTERM)
        note = tmp_path / "worker-1.pid"
        started = psutil.Process(stranger.pid).create_time()
        note.write_text(note.read_text().replace(str(started), str(started - 3600)))
        assert leftovers.end(tmp_path) == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
