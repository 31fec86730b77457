"""Where everything lives under the home folder, and sockets that fit into a socket address."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from studio.embedded.trouble import Trouble

# Linux allows 107 bytes in a Unix socket's address, macOS 103.
SOCKET_BYTES = 103
PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")
POSTGRES_SOCKET = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Places:
    """The folders and files of one home; nothing here touches the disk but the `make_` methods."""

    home: Path

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        return self.home / "valkey"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Process ids, which belong to one start only."""
        return self.home / "run"

    @property
    def shared_env(self) -> Path:
        """Addresses of a running stack, for commands in other terminals."""
        return self.run / "env"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def version(self) -> Path:
        return self.home / "version.json"

    @property
    def sockets(self) -> Path:
        """Under home, or under /tmp when home's path does not fit into a socket's address.

        It may be too long, or have characters that mean something there: libpq takes a comma for a
        second host, a URL takes a percent sign for a code. It depends on `home` alone, so that every
        process finds it without being told.
        """
        near = self.run
        fits = len(os.fsencode(near / "postgres" / POSTGRES_SOCKET)) <= SOCKET_BYTES
        if fits and PLAIN.fullmatch(str(near)):
            return near
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path("/tmp") / f"troupe-{digest}"  # noqa: S108 - `make_private` refuses a folder of someone else

    @property
    def postgres_sockets(self) -> Path:
        return self.sockets / "postgres"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    def make(self) -> None:
        """Create the folders; others may pass through home (the database's own user must), not list it."""
        for folder, mode in (
            (self.home, 0o711),
            (self.run, 0o711),
            (self.sockets, 0o711),
            (self.keys, 0o700),
            (self.logs, 0o700),
            (self.valkey, 0o700),
        ):
            make_private(folder, mode)


def make_private(folder: Path, mode: int = 0o700) -> None:
    """Create `folder` with `mode`, or check that an existing one is ours and nobody else may write to it."""
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise Trouble(
                f"{folder} belongs to someone else; remove it or choose another folder with --home."
            )
        if stat.S_IMODE(found.st_mode) & 0o022 or stat.S_IMODE(found.st_mode) & mode != mode:
            folder.chmod(mode)
    except OSError as error:
        raise Trouble(
            f"{folder} cannot be used ({error.strerror}); choose a folder you may write to with --home."
        ) from error
