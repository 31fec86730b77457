"""One `up` for one home: an advisory file lock that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from studio.embedded.trouble import Trouble


def take(file: Path, url: str) -> IO[str]:
    """Lock `file` and leave our process id and address in it; keep the result open to keep the lock."""
    handle = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = handle.read().split()
        handle.close()
        where = f" at {holder[1]} (process {holder[0]})" if len(holder) > 1 else ""
        raise Trouble(
            f"Troupe already runs on {file.parent}{where}; use that one, stop it first, or choose another "
            "folder with --home."
        ) from None
    handle.seek(0)
    handle.truncate()
    handle.write(f"{os.getpid()} {url}\n")
    handle.flush()
    return handle
