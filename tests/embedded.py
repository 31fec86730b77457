"""PostgreSQL and Valkey for the tests: one PostgreSQL for all test processes, one Valkey for each.

The first pytest process starts PostgreSQL in the background and the xdist workers find it in their
environment, so tests that need no database never wait for it.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from studio.embedded.places import Places
from studio.embedded.postgres import Postgres
from studio.embedded.service import Service, last_words
from studio.embedded.valkey import Valkey

ROOT = "TROUPE_TEST_ROOT"
PREFIX = "troupe-test-"


def provide() -> None:
    """Start what this process has to start and put the addresses where settings look for them."""
    if "pytest" not in sys.modules:
        return  # a process started by a test: its environment says everything
    if ROOT not in os.environ:
        _sweep_abandoned()
        root = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        _point_environment_at(root)
        _own(postgres())
        atexit.register(shutil.rmtree, root, ignore_errors=True)
    _own(valkey())
    os.environ["REDIS_URL"] = valkey().url


def _point_environment_at(root: Path) -> None:
    """Nothing of the developer's own environment reaches the tests."""
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "REHEARSAL_URL",
        "LOCAL_MODEL_URL",
        "PRIVATE_HOSTS",
        "DEBUG",
    ):
        os.environ.pop(name, None)
    places = Places(root / "home")
    places.make()
    os.environ[ROOT] = str(root)
    os.environ |= {
        "TROUPE_HOME": str(places.home),
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
        "SECRET_KEY": "tests-" * 10,
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(b"tests" * 6 + b"ab").decode(),
        "DATABASE_URL": postgres().url("troupe"),
    }


def _root() -> Path:
    return Path(os.environ[ROOT])


def postgres() -> Postgres:
    """The shared server."""
    places = Places(_root() / "home")
    return Postgres(places.postgres, places.postgres_sockets, places.logs / "postgres.log")


def valkey() -> Valkey:
    """The server of this test process."""
    data = _root() / f"valkey-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    data.mkdir(exist_ok=True)
    return Valkey(data, data / "valkey.sock", data / "valkey.log")


def _own(server: Postgres | Valkey) -> None:
    server.prepare()
    process = server.service().spawn()
    atexit.register(stop, process, server.service().stop_signal)


def stop(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process to end, insist after ten seconds."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_ready(service: Service) -> None:
    """Return once the service answers; fail with the end of its log otherwise."""
    deadline = time.monotonic() + service.ready_seconds
    pause = threading.Event()
    while not service.ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{service.name} does not answer: {last_words(service.log)}")
        pause.wait(0.02)


def _sweep_abandoned() -> None:
    """Remove the folders of test runs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
