"""A real rehearsal server for tests: one process a session, told apart by profile so that tests share it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import orjson
import pytest

ROOT = Path(__file__).resolve().parent.parent


class RehearsalServer:
    """The process and its address; tests keep out of each other's ledger by asking through profiles."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agents.rehearsal", "--port", "0", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        found = re.search(r"(http://[^/]+)/v1", said)
        assert found, f"the rehearsal server did not start, it said {said!r}"
        self.origin = found[1]

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    def url(self, profile: str = "") -> str:
        """A base URL as a client is given it."""
        return f"{self.origin}/p/{profile}/v1" if profile else f"{self.origin}/v1"

    def get(self, path: str) -> Any:
        with urlopen(f"{self.origin}{path}", timeout=10) as answer:
            return orjson.loads(answer.read())

    def ledger(self, profile: str) -> Any:
        """Totals and entries of one profile: `{"totals": {"started": …}, "entries": […]}`."""
        return self.get(f"/p/{profile}/ledger")

    def reset(self, profile: str) -> None:
        with urlopen(Request(f"{self.origin}/p/{profile}/reset", method="POST"), timeout=10) as answer:
            assert answer.status == 200

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="session")
def rehearsal() -> Iterator[RehearsalServer]:
    server = RehearsalServer()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def own_profile(request: pytest.FixtureRequest) -> str:
    """A profile option that gives this test counters of its own; add troubles after a comma."""
    return "name=" + re.sub(r"\W+", "_", request.node.nodeid)[-120:]
