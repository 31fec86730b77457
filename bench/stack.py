"""The real stack for benchmarks: PostgreSQL with fsync, Valkey, the rehearsal model and Celery workers.

Importing this module puts the addresses of servers that it starts into the environment, so it must come
before anything of Django.
"""

from __future__ import annotations

import atexit
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from studio.embedded.places import Places
from studio.embedded.postgres import Postgres
from studio.embedded.service import Service
from studio.embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
LAG_S = 0.05


class Stack:
    """One of everything; children end with this process."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="troupe-bench-"))
        self.places = Places(self.root / "home")
        self.places.make()
        self.children: list[subprocess.Popen[bytes]] = []
        self.workers: list[psutil.Process] = []
        atexit.register(self.close)
        self.postgres = Postgres(
            self.places.postgres, self.places.postgres_sockets, self.root / "postgres.log"
        )
        self.postgres.prepare()
        self._run(self.postgres.service())
        (self.root / "valkey").mkdir()
        valkey = Valkey(self.root / "valkey", self.root / "valkey.sock", self.root / "valkey.log")
        valkey.prepare()
        self._run(valkey.service())
        self.rehearsal = self._rehearsal()
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "studio.settings",
            "TROUPE_HOME": str(self.places.home),
            "SECRET_KEY": "bench-" * 10,
            "ENCRYPTION_KEYS": base64.urlsafe_b64encode(b"bench" * 6 + b"ab").decode(),
            "DATABASE_URL": self.postgres.url("troupe"),
            "REDIS_URL": valkey.url,
            "REHEARSAL_URL": f"{self.rehearsal}/v1",
            "PRIVATE_HOSTS": "127.0.0.1",
            "WORKERS": "2",
        }

    def _run(self, service: Service) -> None:
        process = service.spawn()
        self.children.append(process)
        deadline = time.monotonic() + 60
        while not service.ready():
            if time.monotonic() > deadline:
                raise SystemExit(f"{service.name} does not answer.")
            time.sleep(LAG_S)

    def _rehearsal(self) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "agents.rehearsal", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE
        )
        self.children.append(process)
        assert process.stdout is not None
        said = process.stdout.readline().decode()
        found = re.search(r"(http://[^/]+)/v1", said)
        if found is None:
            raise SystemExit(f"The rehearsal model did not start: {said}")
        return found[1]

    def start_workers(self, count: int) -> None:
        """Celery workers as `up` starts them, once the database is migrated."""
        for number in range(1, count + 1):
            log = self.root / f"worker-{number}.log"
            command = ["-m", "celery", "-A", "studio", "worker", "-P", "threads", "-Q", "runs"]
            options = ["-n", f"w{number}@bench", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
            with log.open("wb") as out:
                process = subprocess.Popen(
                    [sys.executable, *command, *options], cwd=ROOT, stdout=out, stderr=out, env=os.environ
                )
            self.children.append(process)
            self.workers.append(psutil.Process(process.pid))
            deadline = time.monotonic() + 60
            while b" ready." not in log.read_bytes():
                if time.monotonic() > deadline:
                    raise SystemExit(f"Worker {number} does not start: {log.read_text()[-800:]}")
                time.sleep(LAG_S)

    def worker_cpu_s(self) -> float:
        times = [process.cpu_times() for process in self.workers]
        return sum(time_.user + time_.system for time_ in times)

    def worker_memory(self) -> list[float]:
        """Resident megabytes of each worker."""
        return [process.memory_info().rss / 1e6 for process in self.workers]

    def close(self) -> None:
        for process in reversed(self.children):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.children):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.root, ignore_errors=True)
