"""The steps of a start, in order; what can start side by side does."""

from __future__ import annotations

import json
import os
import signal
import time
import traceback
import types
from dataclasses import replace
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from studio.embedded import database, frontend, local_model, processes, version
from studio.embedded.narrate import Narrator
from studio.embedded.postgres import Postgres
from studio.embedded.settle import Settled
from studio.embedded.supervisor import Supervisor
from studio.embedded.trouble import Trouble
from studio.embedded.valkey import Valkey

STEPS = 5
DATABASE = "troupe"


class Stopped(BaseException):
    """Somebody pressed Ctrl-C or asked the process to end."""


def run(settled: Settled, workers: int, ready_file: Path | None) -> None:
    """Start everything, keep it alive, stop it all when asked to."""
    narrator = Narrator(STEPS)
    supervisor = Supervisor(settled.places.run, narrator.say, narrator.tick)
    ending = _Ending(supervisor)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ending)
    try:
        for note in settled.notes:
            narrator.say(note)
        url, sign_in_url = _Start(settled, supervisor, narrator, workers).everything()
        _write_ready_file(ready_file, url, sign_in_url)
        narrator.say(f"\nTroupe is ready: {url} · sign in (once, within a day) with {sign_in_url}")
        supervisor.watch()
    except Stopped:
        narrator.say("\nStopping …")
    finally:
        ending.begin()
        supervisor.stop()
        _forget(ready_file)
        settled.forget()
    narrator.say("Stopped.")


class _Ending:
    """What signals do: the first ends the work, one that comes a second later ends the waiting too."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._since: float | None = None

    def begin(self) -> None:
        self._since = self._since or time.monotonic()

    def __call__(self, number: int, frame: types.FrameType | None) -> None:
        if self._since is None:
            self.begin()
            raise Stopped
        if time.monotonic() - self._since > 1:  # some senders signal both the process and its group
            self._supervisor.kill()


class _Start:
    """One start; each step says what it does and how long it took."""

    def __init__(self, settled: Settled, supervisor: Supervisor, narrator: Narrator, workers: int) -> None:
        self.settled = settled
        self.places = settled.places
        self.supervisor = supervisor
        self.narrator = narrator
        self.workers = workers

    def everything(self) -> tuple[str, str]:
        """Slow things first: they get ready while the rest is done, and are waited for when needed."""
        self._servers()
        with self.narrator.step("Pages (styles and scripts)") as said:
            said.append(frontend.ensure(self.narrator.tick))
        self._database()
        version.record(self.places.version)
        own = self._start_own_processes()
        with self.narrator.step("Workspace and example teams"):
            sign_in_url = self._furnish()
        with self.narrator.step(f"Web server, sweeper, models, workers ({self.workers})") as said:
            self.supervisor.wait_ready(*own)
            said += self._about_models()
        return settings.PUBLIC_URL, sign_in_url

    def _servers(self) -> None:
        with self.narrator.step("Starting PostgreSQL, Redis and the models") as said:
            if not settings.DATABASE_URL:
                said += self._start_postgres()
            self._start_models()
            if not settings.REDIS_URL:
                said += self._start_valkey()

    def _start_postgres(self) -> list[str]:
        postgres = self._postgres()
        said = postgres.prepare()
        self.supervisor.start(replace(postgres.service(), before=postgres.prepare))
        return said

    def _postgres(self) -> Postgres:
        places = self.places
        return Postgres(places.postgres, places.postgres_sockets, places.logs / "postgres.log")

    def _start_models(self) -> None:
        if self.settled.rehearsal_port:
            self.supervisor.start(processes.rehearsal(self.places, self.settled.rehearsal_port))
        if self.settled.model_port:
            self.supervisor.start(local_model.service(self.places, self.settled.model_port))

    def _about_models(self) -> list[str]:
        if settings.LOCAL_MODEL_URL:
            return []
        return ["no local model, as asked" if local_model.available() else "no local model on this machine"]

    def _start_valkey(self) -> list[str]:
        valkey = Valkey(self.places.valkey, self.places.valkey_socket, self.places.logs / "redis.log")
        service = replace(valkey.service(), before=valkey.prepare)
        self.supervisor.start(service)
        try:
            self.supervisor.wait_ready(service.name)
        except Trouble:
            aside = valkey.set_aside()
            self.supervisor.start(service)
            self.supervisor.wait_ready(service.name)
            return [f"Redis could not read its data, which was moved to {aside}; nothing is lost by it"]
        return []

    def _database(self) -> None:
        with self.narrator.step("Database") as said:
            if not settings.DATABASE_URL:
                self.supervisor.wait_ready("postgres")
                self._postgres().ensure_database(DATABASE)
            said.append(f"PostgreSQL {database.reach()}")
            database.require_durable()
            said.append(f"tables {database.migrate(self.narrator.tick)}")
            processes.require_redis()
            processes.forget_sweeper()

    def _furnish(self) -> str:
        """The first owner and workspace, what a new workspace has, and a link to get in."""
        from studio.workspaces.actions import ensure_owner, sign_in_link

        try:
            owner = ensure_owner()
            call_command("seed", stdout=StringIO())
            return settings.PUBLIC_URL + sign_in_link(user=owner.user)
        except Exception as error:
            raise Trouble(
                f"the workspace could not be set up ({type(error).__name__}: {error}); nothing was half "
                f"saved. Where it failed is in {self._write_down(error)}."
            ) from error

    def _write_down(self, error: Exception) -> Path:
        log = self.places.logs / "up.log"
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        return log

    def _start_own_processes(self) -> list[str]:
        services = [
            processes.web(self.places, self.settled.port),
            *(processes.worker(self.places, number + 1) for number in range(self.workers)),
            processes.sweeper(self.places),
        ]
        for service in services:
            self.supervisor.start(service)
        return [name for name in self.supervisor.names() if name not in {"postgres", "redis"}]


def _write_ready_file(file: Path | None, url: str, sign_in_url: str) -> None:
    """Whole or not at all, and for our eyes only: it holds a key to the house."""
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}.new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump({"url": url, "sign_in_url": sign_in_url}, out)
        draft.replace(file)
    except OSError as error:
        raise Trouble(f"{file} cannot be written ({error.strerror}); choose another --ready-file.") from error


def _forget(ready_file: Path | None) -> None:
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)
