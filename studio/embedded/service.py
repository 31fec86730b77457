"""A child process: what to run, how to tell that it is ready, how to stop it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


ROOT = Path(__file__).resolve().parent.parent.parent


def _always() -> bool:
    return True


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Service:
    """One process the supervisor keeps alive.

    `before` runs ahead of each start; `ready` is polled until true: it returns within about a second and
    never raises. `death_signal` is what the kernel sends when the parent is gone, however it went.
    One that `serves_others` is started before them and stopped after them.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    before: Callable[[], object] = _nothing
    ready: Callable[[], bool] = _always
    ready_seconds: float = 60
    serves_others: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = ROOT
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    death_signal: signal.Signals = signal.SIGKILL

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start it in a process group of its own, tied to this process's life (on Linux).

        Call it from the main thread of a process without other threads: the kernel ties the child to
        the *thread* that started it, and code between fork and exec must not meet a lock.
        """
        parent, number, libc = os.getpid(), int(self.death_signal), _libc

        def tie_to_parent() -> None:
            if libc is not None:
                libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
                if os.getppid() != parent:  # it died between fork and prctl
                    os._exit(1)

        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the command is ours
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                cwd=self.cwd,
                user=self.user,
                group=self.user and _group_of(self.user),
                extra_groups=[] if self.user else None,
                start_new_session=True,
                preexec_fn=tie_to_parent,
            )


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def last_words(log: Path, lines: int = 3) -> str:
    """The end of a log, to explain a process that would not start."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 4096))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return " / ".join([line.strip() for line in text.splitlines() if line.strip()][-lines:])
