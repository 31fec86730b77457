"""LangGraph beside us: its own environment, and processes of it that take orders.

It runs as its documentation shows: an asynchronous graph, `AsyncPostgresSaver` on a connection pool,
`durability="sync"`. It gets as many processes as we have workers, since one would leave it a single core.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.stack import ROOT, WORKERS
from bench.teams import Json
from bench.world import World

FOLDER = ROOT / ".troupe-bench"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "requirements.sha256"
REQUIREMENTS = ROOT / "bench" / "requirements.txt"
UV = Path(sys.executable).with_name("uv")


def prepare() -> None:
    """Make the environment if it is not there as the requirements want it."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    print("Installing LangGraph into an environment of its own", file=sys.stderr, flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    with_uv = [str(UV), "pip", "install", "-q", "--python", str(PYTHON), "-r", str(REQUIREMENTS)]
    with_pip = [str(PYTHON), "-m", "pip", "install", "-q", "-r", str(REQUIREMENTS)]
    if subprocess.run(with_uv, check=False, capture_output=True).returncode:
        subprocess.run(with_pip, check=True)  # it may know of a mirror that uv does not
    STAMP.write_text(wanted)


def version() -> str:
    pins = dict(line.split("==") for line in REQUIREMENTS.read_text().split())
    return f"{pins['langgraph']}, checkpointer {pins['langgraph-checkpoint-postgres']}"


class Peer(AbstractContextManager["Peer"]):
    """One or several processes that run the pipeline of `requests` against `url`."""

    threads = 0  # thread ids are used once

    def __init__(self, world: World, url: str, requests: Sequence[Json], processes: int = WORKERS) -> None:
        self.dsn = world.stack.postgres.url("langgraph")
        orders = world.stack.root / "requests.json"
        orders.write_text(json.dumps(list(requests)))
        command = [str(PYTHON), "-P", str(ROOT / "bench" / "langgraph_side.py"), self.dsn, url, str(orders)]
        self.processes = []
        for _ in range(processes):
            self.processes.append(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            self.answer(self.processes[-1])  # one after another: each makes missing tables

    def new_threads(self, count: int) -> list[str]:
        first, Peer.threads = Peer.threads, Peer.threads + count
        return [f"run-{number}" for number in range(first, first + count)]

    def run(self, count: int) -> dict[str, float]:
        """`count` new runs, shared out among the processes: wall and processor seconds."""
        threads = self.new_threads(count)
        began = time.perf_counter()
        for number, process in enumerate(self.processes):
            self.order(process, threads[number :: len(self.processes)])
        answers = [self.answer(process) for process in self.processes]
        return {"wall_s": time.perf_counter() - began, "cpu_s": sum(found["cpu_s"] for found in answers)}

    def order(self, process: subprocess.Popen[str], threads: list[str], *, resume: bool = False) -> None:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"threads": threads, "resume": resume}) + "\n")
        process.stdin.flush()

    def answer(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("LangGraph's process ended; what it said stands above.")
        found: dict[str, Any] = json.loads(line)
        return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
