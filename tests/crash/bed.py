"""The processes of the crash tests: workers that are replaced when they die, a sweeper, services."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import psutil

from runs.execute import failpoints
from tests.crash import child
from tests.workers import FAST, ROOT

QUICK = {  # beside what other worker tests use: a process serves one run, so that a death is one run's own
    "HEARTBEAT_SECONDS": "0.15",
    "RUNS_PER_WORKER": "1",
    "RETRY_BASE_SECONDS": "0.05",
    "PRIVATE_HOSTS": "127.0.0.1",
    "PYTHONUNBUFFERED": "1",
    "DJANGO_SETTINGS_MODULE": "studio.settings",
}
FORGOTTEN_S = 20.0
LEASE_S, SWEEP_S = float(FAST["LEASE_SECONDS"]), float(FAST["SWEEP_SECONDS"])


class Bed:
    """Everything a case needs. `env` says where PostgreSQL, Redis and the model endpoint are."""

    def __init__(
        self, env: dict[str, str], rehearsal: str, folder: Path, workers: int, *, trace: bool = True
    ) -> None:
        self.rehearsal = rehearsal
        self.armed = folder / "failpoints"
        self.logs = folder / "logs"
        self.armed.mkdir(parents=True)
        self.logs.mkdir()
        if trace:
            (self.armed / failpoints.TRACE).touch()
        self.deaths = 0
        self.size = workers
        self._processes: dict[str, BaseProcess] = {}
        self._stopped: dict[int, float] = {}  # since when
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._fork = _forkserver({**FAST, **QUICK, **env, "TROUPE_FAILPOINTS": str(self.armed)})
        self._outside, self.outside = _effects()
        atexit.register(self.stop)
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self) -> Bed:
        self._start_missing()
        self._keeper.start()
        return self

    def stop(self) -> None:
        if self._closing.is_set():
            return
        self._closing.set()
        if self._keeper.is_alive():
            self._keeper.join(10)
        for process in self._processes.values():
            if process.is_alive() and process.pid:
                os.kill(process.pid, signal.SIGCONT)
                process.kill()
        for process in self._processes.values():
            process.join(10)
        self._outside.terminate()
        self._outside.wait(10)

    # ── processes ───────────────────────────────────────────────────────────────────────────────────
    def _keep(self) -> None:
        """Whoever died is replaced; the sweeper too, which appends what becomes of sub-teams."""
        while not self._closing.wait(0.05):
            self._start_missing()
            self._wake_forgotten()

    def _start_missing(self) -> None:
        for name in ("sweeper", *(f"w{number}" for number in range(1, self.size + 1))):
            process = self._processes.get(name)
            if process is not None and process.is_alive():
                continue
            self.deaths += process is not None
            if name == "sweeper":
                self.spawn(name, child.sweeper, self._log(name))
            else:
                self.spawn(name, child.worker, name, self._log(name))

    def _wake_forgotten(self) -> None:
        """A process may stop after the case that stopped it is over."""
        now = time.monotonic()
        stopped = {pid for process in self._processes.values() if (pid := process.pid) and _stands_still(pid)}
        self._stopped = {pid: self._stopped.get(pid, now) for pid in stopped}
        for pid, since in self._stopped.items():
            if now > since + FORGOTTEN_S:
                os.kill(pid, signal.SIGCONT)

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def spawn(self, name: str, target: Callable[..., None], *arguments: Any) -> None:
        with self._lock:
            process = self._fork.Process(target=target, args=arguments, name=name, daemon=True)
            process.start()
            self._processes[name] = process

    def end(self, name: str, number: signal.Signals) -> None:
        """The process that `name` has started, and with it `name`."""
        process = self._processes[name]
        for started in psutil.Process(process.pid).children():
            os.kill(started.pid, number)
        process.join(30)

    def workers(self) -> list[int]:
        """Process ids of the workers alive."""
        known = (self._processes.get(f"w{number}") for number in range(1, self.size + 1))
        return [process.pid for process in known if process and process.is_alive() and process.pid]

    def web(self, action: str, membership: int, about: dict[str, Any]) -> bool:
        """A request in a process of its own; whether that survived."""
        with self._lock:
            arguments = (self._log("web"), action, membership, about)
            process: BaseProcess = self._fork.Process(target=child.web, args=arguments, daemon=True)
            process.start()
        process.join(60)
        if process.exitcode not in (0, -signal.SIGKILL):
            raise AssertionError(f"A request failed: see {self._log('web')}")
        return bool(process.exitcode == 0)

    # ── failpoints ──────────────────────────────────────────────────────────────────────────────────
    def arm(self, failpoint: str, how: str, nth: int) -> None:
        made = self.armed / f".{failpoint}"
        made.write_text(f"{how} {nth}")
        made.rename(self.armed / failpoint)

    def fallen(self, failpoint: str) -> tuple[int, float] | None:
        """Who reached it, and when."""
        hit = self.armed / f"{failpoint}.hit"
        try:
            said = hit.read_text()
            return (int(said), hit.stat().st_mtime) if said.isdigit() else None
        except FileNotFoundError:
            return None

    def disarm(self, failpoint: str) -> None:
        (self.armed / failpoint).unlink(missing_ok=True)

    def traced(self) -> list[str]:
        """Every failpoint that was reached, as `<run> <type> <moment>`."""
        return (self.armed / failpoints.TRACE).read_text().splitlines()

    # ── ledgers ─────────────────────────────────────────────────────────────────────────────────────
    def model_ledger(self, profile: str) -> Any:
        return _get(f"{self.rehearsal}/p/{profile}/ledger")

    def effects(self, case: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = _get(f"{self.outside}/ledger/{case}")
        return found


def _stands_still(pid: int) -> bool:
    with suppress(psutil.Error):
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    return False


def _forkserver(env: dict[str, str]) -> Any:
    """A process with everything loaded, from which all others are forked; started with `env`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.crash.preload"])
    before = dict(os.environ)
    os.environ.update(env)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return context


def _effects() -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.effects"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _get(url: str) -> Any:
    with urlopen(url, timeout=20) as answer:
        return orjson.loads(answer.read())
