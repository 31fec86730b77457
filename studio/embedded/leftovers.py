"""Process ids written down, so that the next start can end what a killed one left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path

import psutil

# The clock psutil computes start times from may be adjusted between two readings.
SAME_START_SECONDS = 2.0


def note(folder: Path, name: str, pid: int, stop_signal: signal.Signals) -> None:
    """Remember a child; its start time tells it from a later process with the same number."""
    try:
        started = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return
    draft = folder / f"{name}.pid.new"
    draft.write_text(json.dumps({"pid": pid, "started": started, "signal": int(stop_signal)}))
    draft.rename(folder / f"{name}.pid")


def forget(folder: Path, name: str) -> None:
    (folder / f"{name}.pid").unlink(missing_ok=True)


def end(folder: Path, patience: float = 15) -> list[str]:
    """Stop what is still alive of an earlier start; returns the names of what was."""
    alive: list[tuple[str, psutil.Process]] = []
    for file in sorted(folder.glob("*.pid")):
        found = _living(file)
        if found is not None:
            process, stop_signal = found
            alive.append((file.stem, process))
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(stop_signal)
        file.unlink(missing_ok=True)
    _, stubborn = psutil.wait_procs([process for _, process in alive], timeout=patience)
    for process in stubborn:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # each child leads a group of its own
    psutil.wait_procs(stubborn, timeout=5)
    return [name for name, _ in alive]


def _living(file: Path) -> tuple[psutil.Process, signal.Signals] | None:
    try:
        noted = json.loads(file.read_text())
        process = psutil.Process(int(noted["pid"]))
        same = abs(process.create_time() - float(noted["started"])) < SAME_START_SECONDS
        alive = same and process.status() != psutil.STATUS_ZOMBIE
        return (process, signal.Signals(int(noted["signal"]))) if alive else None
    except (OSError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
        return None
