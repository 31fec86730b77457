"""What the processes of the crash tests do. Each is forked from one that has everything loaded already.

A worker is the real Celery worker; only its start is cheap, so that hundreds may die.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

if "DJANGO_SETTINGS_MODULE" in os.environ:
    django.setup()

import runs.execute.host  # noqa: F401 - loaded before the fork
from studio.celery import app
from studio.embedded.places import Places
from studio.embedded.postgres import Postgres
from studio.embedded.valkey import Valkey

PR_SET_PDEATHSIG = 1
OPTIONS = ("-P", "threads", "-c", "2", "-Q", "runs", "--without-gossip", "--without-mingle")


def load() -> None:
    """Everything that a worker imports when it starts."""
    app.loader.import_default_modules()


def worker(name: str, log: Path) -> None:
    _write_to(log)
    app.worker_main(["worker", *OPTIONS, "-n", f"{name}@crash", "--loglevel", "INFO"])


def sweeper(log: Path) -> None:
    from django.core.management import call_command

    _write_to(log)
    call_command("sweep")


def web(log: Path, action: str, member: int, about: dict[str, Any]) -> None:
    """One request of a person, in a process that may die of it."""
    from tests.crash import people

    _write_to(log)
    people.act(people.member(member), action, about)


def web_server(log: Path, port: int) -> None:
    import uvicorn

    _write_to(log)
    uvicorn.run("studio.asgi:application", host="127.0.0.1", port=port, log_level="warning", ws="none")


def service(root: Path, name: str) -> None:
    """PostgreSQL or Redis of the benchmarks' stack, started again on its data."""
    places = Places(root / "home")
    servers: dict[str, Callable[[], Postgres | Valkey]] = {
        "postgres": lambda: Postgres(places.postgres, places.postgres_sockets, root / "postgres.log"),
        "redis": lambda: Valkey(root / "valkey", root / "valkey.sock", root / "valkey.log"),
    }
    servers[name]().service().spawn().wait()


def _write_to(log: Path) -> None:
    """Output goes to `log`; where the system can, this process ends with the one it was forked from."""
    with log.open("ab") as out:
        os.dup2(out.fileno(), sys.stdout.fileno())
        os.dup2(out.fileno(), sys.stderr.fileno())
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
