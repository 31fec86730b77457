"""What `up` settles before Django reads its settings: home, keys, ports, the environment of all children."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from studio import env
from studio.embedded import keys, leftovers, local_model, lock, ports, version
from studio.embedded.places import Places
from studio.embedded.service import ROOT
from studio.embedded.trouble import Trouble, of_machine

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
DEFAULT_PORT = 8000
NEEDED_DISK_BYTES = 300_000_000
SHARED = ("PUBLIC_URL", "REHEARSAL_URL", "LOCAL_MODEL_URL", "PRIVATE_HOSTS")


@dataclass(frozen=True)
class Settled:
    """Decided before anything is started. A model's port is None when no server of ours is wanted."""

    places: Places
    port: int
    rehearsal_port: int | None
    model_port: int | None
    lock: IO[str] = field(repr=False)
    notes: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Leave nothing behind that only a running stack means."""
        self.places.shared_env.unlink(missing_ok=True)
        if self.places.sockets != self.places.run:
            shutil.rmtree(self.places.sockets, ignore_errors=True)


_settled: Settled | None = None


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help=f"port of the web server, {DEFAULT_PORT} by default")
    parser.add_argument("--home", type=Path, help="folder of data, keys and logs, .troupe by default")
    parser.add_argument("--workers", type=int, help="worker processes, 2 by default")
    parser.add_argument("--no-model", action="store_true", help="don't start the local model")
    parser.add_argument(
        "--ready-file", type=Path, metavar="PATH", help="write url and sign_in_url there as JSON"
    )


def current() -> Settled:
    """What was settled for this process."""
    if _settled is None:
        raise Trouble("`up` is started as `python manage.py up`, not from within another program.")
    return _settled


def settle(arguments: Sequence[str]) -> None:
    """Called by manage.py ahead of Django; ends the process with one sentence when it cannot be."""
    global _settled
    parser = argparse.ArgumentParser("manage.py up", add_help=False)
    add_options(parser)
    options, _ = parser.parse_known_args(arguments)
    try:
        env.load_own_dotenv(ROOT)
        _settled = _settle(options)
    except Trouble as trouble:
        sys.exit(f"Troupe cannot start: {trouble}")
    except OSError as error:
        sys.exit(f"Troupe cannot start: {of_machine(error)}")


def _settle(options: argparse.Namespace) -> Settled:
    _check_options(options)
    home = options.home.absolute() if options.home else ROOT / (os.environ.get("TROUPE_HOME") or ".troupe")
    places = Places(home)
    places.make()
    url = _public_url(options.port)
    held = lock.take(places.lock, url)
    version.check(places.version)
    if options.ready_file:
        options.ready_file.unlink(missing_ok=True)  # it speaks of a start that was killed
    notes = []
    if ended := leftovers.end(places.run):
        notes.append(f"Ended what an earlier start left running: {', '.join(ended)}.")
    _check_disk(home)
    for name in keys.MAKERS:
        keys.ensure(places, name)
    port = _port(options.port)
    ports.require_free(port)
    return Settled(places, port, *_share(places, url, port, options.no_model), held, notes)


def _check_options(options: argparse.Namespace) -> None:
    if options.port is not None and not 0 < options.port < 65536:
        raise Trouble(f"--port {options.port} is no port; choose one from 1024 to 65535.")
    if options.workers is not None and not 0 < options.workers <= 64:
        raise Trouble(f"--workers {options.workers} makes no sense; choose one per processor core.")


def _check_disk(home: Path) -> None:
    free = shutil.disk_usage(home).free
    if free < NEEDED_DISK_BYTES:
        raise Trouble(
            f"Only {free // 1_000_000} MB are free at {home}; make room or choose another folder with --home."
        )


def _port(option: int | None) -> int:
    """The option, or the port in a loopback PUBLIC_URL; a proxy's address says nothing of our port."""
    if option is not None:
        return option
    given = urlsplit(os.environ.get("PUBLIC_URL", ""))
    return given.port if given.hostname in LOOPBACK and given.port else DEFAULT_PORT


def _public_url(port: int | None) -> str:
    given = os.environ.get("PUBLIC_URL", "")
    host = urlsplit(given).hostname
    if given and host not in LOOPBACK:
        return given
    return f"http://{'localhost' if host == 'localhost' else ports.HOST}:{_port(port)}"


def _share(places: Places, url: str, port: int, no_model: bool) -> tuple[int | None, int | None]:
    """Put addresses where this process, its children and commands in other terminals find them."""
    rehearsal = model = None
    taken = frozenset({port})
    aside = port + (1000 if port < 60_000 else -1000)  # not where a second Troupe's web server would be
    if not os.environ.get("REHEARSAL_URL"):
        rehearsal = ports.first_free(aside, taken)
        taken |= {rehearsal}
        os.environ["REHEARSAL_URL"] = f"http://{ports.HOST}:{rehearsal}/v1"
    if not no_model and not os.environ.get("LOCAL_MODEL_URL") and local_model.available():
        model = ports.first_free(aside, taken)
        os.environ["LOCAL_MODEL_URL"] = f"http://{ports.HOST}:{model}/v1"
    ours = [f"{ports.HOST}:{number}" for number in (rehearsal, model) if number]
    given = [host for host in os.environ.get("PRIVATE_HOSTS", "").split(",") if host.strip()]
    os.environ["PRIVATE_HOSTS"] = ",".join(given + ours)
    os.environ["PUBLIC_URL"] = url
    os.environ["TROUPE_HOME"] = str(places.home)
    lines = [f"{name}={os.environ[name]}\n" for name in SHARED if os.environ.get(name)]
    places.shared_env.write_text("".join(lines), encoding="utf-8")
    return rehearsal, model
