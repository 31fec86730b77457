"""The names by which worker processes own runs; on its own machine a name tells whether its worker lives.

Elsewhere, and on systems other than Linux, only its leases tell, by running out.
"""

from __future__ import annotations

import hashlib
import os
import select
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from uuid import uuid4


def new_name() -> str:
    """A name for this process that no other ever had: host, place, process id, and chance."""
    return f"{socket.gethostname()[:60]}:{_place()}:{os.getpid()}:{uuid4().hex[:8]}"


@cache
def _place() -> str:
    """Where a process id means the same process: this start of this machine, and this container of it."""
    try:
        started = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        container = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return ""
    return hashlib.sha256(f"{started}/{container}".encode()).hexdigest()[:12]


def _local_pid(owner: str) -> int | None:
    """Its process id, if that means anything here."""
    parts = owner.rsplit(":", 3)
    here = len(parts) == 4 and parts[1] == _place() != ""
    return int(parts[2]) if here and parts[2].isdecimal() else None


def gone(owners: Iterable[str]) -> set[str]:
    """Those whose processes have surely ended: they append and send nothing any more."""
    return wait_for_end(owners, 0)


def wait_for_end(owners: Iterable[str], seconds: float, wake: int | None = None) -> set[str]:
    """Sleep up to `seconds`, until one of them ends or `wake` can be read; returns those that have ended."""
    ended: set[str] = set()
    watched: dict[int, str] = {}
    poll = select.poll()
    with ExitStack() as closing:
        for owner in owners:
            pid = _local_pid(owner)
            try:
                handle = None if pid is None else os.pidfd_open(pid)
            except ProcessLookupError:
                ended.add(owner)
                continue
            except OSError:  # an old kernel, or one that keeps its processes to itself
                continue
            if handle is not None:
                closing.callback(os.close, handle)
                watched[handle] = owner
                poll.register(handle, select.POLLIN)
        if wake is not None:
            poll.register(wake, select.POLLIN)
        found = poll.poll(0 if ended else seconds * 1000)
        ended |= {watched[handle] for handle, _ in found if handle in watched}
    return ended
