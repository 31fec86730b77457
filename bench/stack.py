"""The real stack for benchmarks: PostgreSQL with fsync, Valkey, the rehearsal model, workers, sweeper, web.

Making one puts the addresses of its servers into the environment, so it must come before anything of Django.
"""

from __future__ import annotations

import atexit
import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from studio.embedded import local_model
from studio.embedded.places import Places
from studio.embedded.ports import HOST, first_free
from studio.embedded.postgres import Postgres
from studio.embedded.probe import answers
from studio.embedded.service import Service
from studio.embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
LAG_S = 0.05
WORKERS = 2
WORKER = ("-m", "celery", "-A", "studio", "worker", "-P", "threads", "-Q", "runs")
QUIET = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")


class Stack:
    """One of everything; children end with this process."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="troupe-bench-"))
        self.places = Places(self.root / "home")
        self.places.make()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        atexit.register(self.close)
        self.postgres = Postgres(
            self.places.postgres, self.places.postgres_sockets, self.root / "postgres.log"
        )
        self.postgres.prepare()
        self._serve(self.postgres.service())
        (self.root / "valkey").mkdir()
        valkey = Valkey(self.root / "valkey", self.root / "valkey.sock", self.root / "valkey.log")
        valkey.prepare()
        self._serve(valkey.service())
        self.rehearsal = self._rehearsal()
        self.web = ""
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "studio.settings",
            "TROUPE_HOME": str(self.places.home),
            "SECRET_KEY": "bench-" * 10,
            "ENCRYPTION_KEYS": base64.urlsafe_b64encode(b"bench" * 6 + b"ab").decode(),
            "DATABASE_URL": self.postgres.url("troupe"),
            "REDIS_URL": valkey.url,
            "REHEARSAL_URL": f"{self.rehearsal}/v1",
            "PRIVATE_HOSTS": "127.0.0.1",
            "WORKERS": str(WORKERS),
        }

    # ── starting ────────────────────────────────────────────────────────────────────────────────────
    def _serve(self, service: Service) -> None:
        self.processes[service.name] = service.spawn()
        _wait(service.ready, f"{service.name} to answer")

    def _rehearsal(self) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "agents.rehearsal", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE
        )
        self.processes["rehearsal model"] = process
        assert process.stdout is not None
        said = process.stdout.readline().decode()
        found = re.search(r"(http://[^/]+)/v1", said)
        if found is None:
            raise SystemExit(f"The rehearsal model did not start: {said}")
        return found[1]

    def _start(self, name: str, *command: str) -> Path:
        """Start one of Troupe's own processes; returns its log."""
        log = self.root / f"{name}.log"
        with log.open("wb") as out:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, stdout=out, stderr=out, env=os.environ
            )
        return log

    def start_worker(self, number: int) -> str:
        """A Celery worker as `up` starts it; the database must be there."""
        name = f"worker {number}"
        log = self._start(name, *WORKER, "-n", f"w{number}@bench", *QUIET)
        _wait(lambda: b" ready." in log.read_bytes(), f"{name} to be ready; it said {log}")
        return name

    def start_workers(self) -> None:
        for number in range(1, WORKERS + 1):
            if f"worker {number}" not in self.processes:
                self.start_worker(number)

    def start_sweeper(self) -> None:
        if "sweeper" not in self.processes:
            self._start("sweeper", "manage.py", "sweep")

    def start_local_model(self) -> None:
        """The small model that `up` starts; before Django is set up, which reads its address."""
        port = first_free(18_500)
        self._serve(local_model.service(self.places, port))
        os.environ["LOCAL_MODEL_URL"] = f"http://{HOST}:{port}/v1"

    def start_web(self) -> None:
        if "web" in self.processes:
            return
        port = first_free(18_000)
        self._start(
            "web", "-m", "uvicorn", "studio.asgi:application", "--port", str(port), "--lifespan", "off"
        )
        self.web = f"http://{HOST}:{port}"
        _wait(lambda: answers(f"{self.web}/accounts/login/"), "the web server to answer")

    # ── what they use ───────────────────────────────────────────────────────────────────────────────
    @property
    def workers(self) -> list[str]:
        return [name for name in self.processes if name.startswith("worker ")]

    def cpu_s(self, *names: str) -> float:
        """Seconds of processor time these processes and their children have used so far."""
        return sum(_cpu_s(process) for name in names for process in self._tree(name))

    def precise_cpu_s(self, *names: str) -> float:
        """The same to the nanosecond, for processes that hardly do anything; without what has ended."""
        return sum(_precise_cpu_s(process) for name in names for process in self._tree(name))

    def memory_mb(self, name: str) -> float:
        """Resident megabytes of one process."""
        return float(psutil.Process(self.processes[name].pid).memory_info().rss / 1e6)

    def _tree(self, name: str) -> list[psutil.Process]:
        root = psutil.Process(self.processes[name].pid)
        return [root, *root.children(recursive=True)]

    # ── ending ──────────────────────────────────────────────────────────────────────────────────────
    def kill(self, name: str) -> float:
        """`kill -9`, as its supervisor would notice it; returns the moment it was sent."""
        process = self.processes.pop(name)
        at = time.time()
        process.kill()
        process.wait()
        return at

    def freeze(self, name: str) -> float:
        """Stop its clock: alive, but it does nothing; returns the moment."""
        self.processes[name].send_signal(signal.SIGSTOP)
        return time.time()

    def thaw(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGCONT)

    def close(self) -> None:
        running = [process for process in reversed(self.processes.values()) if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.root, ignore_errors=True)


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _precise_cpu_s(process: psutil.Process) -> float:
    """Of all its threads, by the scheduler's own count; in ticks of 10 ms where there is none."""
    counts = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    try:
        return sum(int(count.read_text().split()[0]) for count in counts) / 1e9 or _cpu_s(process)
    except OSError:
        return _cpu_s(process)


def _wait(true: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(LAG_S)
