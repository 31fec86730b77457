"""Real worker processes for tests: Celery workers and a sweeper on this test's database and Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import embedded
from tests.rehearsal import RehearsalServer

ROOT = Path(__file__).resolve().parent.parent
FAST = {  # everything the engine waits for, sub-second
    "LEASE_SECONDS": "1.2",
    "HEARTBEAT_SECONDS": "0.3",
    "SWEEP_SECONDS": "0.2",
    "RETRY_BASE_SECONDS": "0.05",
    "SHUTDOWN_SECONDS": "5",
    "BREAKER_SECONDS": "0.4",
    "WORKERS": "2",
}


def wait_until(true: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """The first truthy value of `true()`; fails with `what` when none comes in time."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while True:
        if value := true():
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"Waited {seconds:g} s in vain: {what}")
        pause.wait(0.02)


class Fleet:
    """The processes of one test process; started at first use, shared by its tests."""

    def __init__(self, env: dict[str, str], logs: Path) -> None:
        self.env = env
        self.logs = logs
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.special: set[str] = set()  # started with settings of their own

    def start(self, name: str, *command: str, **env: str) -> subprocess.Popen[bytes]:
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=self.env | env, stdout=log, stderr=log
            )
        self.processes[name] = process
        self.special.discard(name)
        if env:
            self.special.add(name)
        return process

    def worker(self, name: str = "w1", **env: str) -> subprocess.Popen[bytes]:
        running = self.processes.get(name)
        if running is not None and running.poll() is None:
            return running
        options = ("-P", "threads", "-c", "4", "-Q", "runs", "-n", f"{name}@tests")
        quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
        process = self.start(name, "-m", "celery", "-A", "studio", "worker", *options, *quiet, **env)
        log = self.logs / f"{name}.log"
        began = log.stat().st_size if log.exists() else 0
        wait_until(lambda: b" ready." in log.read_bytes()[max(began - 1, 0) :], f"{name} to be ready: {log}")
        return process

    def sweeper(self) -> None:
        running = self.processes.get("sweeper")
        if running is None or running.poll() is not None:
            self.start("sweeper", "manage.py", "sweep")

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        process = self.processes[name]
        os.kill(process.pid, number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            process.wait(20)
            del self.processes[name]

    def settle(self) -> None:
        """Leave nothing to the next test but a worker and a sweeper as every test expects them."""
        for name in set(self.processes) - {"w1", "sweeper"} | self.special & set(self.processes):
            self.processes[name].send_signal(signal.SIGCONT)
            self.kill(name)

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
        for process in self.processes.values():
            process.wait(20)

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(errors="replace")


@pytest.fixture
def fleet(whole_fleet: Fleet) -> Iterator[Fleet]:
    """Workers and a sweeper on this process's test database; none runs until a test asks."""
    yield whole_fleet
    whole_fleet.settle()


@pytest.fixture(scope="session")
def whole_fleet(
    django_db_setup: None,
    redis_url: str,
    rehearsal: RehearsalServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Fleet]:
    """Shared by all tests of a process: starting a worker takes seconds."""
    from django.db import connection

    env = {
        **os.environ,
        **FAST,
        "DJANGO_SETTINGS_MODULE": "studio.settings",
        "DATABASE_URL": embedded.postgres().url(str(connection.settings_dict["NAME"])),
        "REDIS_URL": redis_url,
        "REHEARSAL_URL": rehearsal.url(),
        "PRIVATE_HOSTS": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
    }
    fleet = Fleet(env, tmp_path_factory.mktemp("fleet"))
    try:
        yield fleet
    finally:
        fleet.stop()
