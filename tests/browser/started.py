"""Troupe started as `make run` starts it, in a home of its own, for tests and pictures."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.workers import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
FOREIGN = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "ALLOWED_HOSTS")


@dataclass
class Studio:
    """A running Troupe and its address."""

    url: str
    sign_in_url: str
    home: Path
    env: dict[str, str]

    def manage(self, *command: str) -> str:
        """Run `manage.py …` on this stack and return what it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def sign_in(self, browser: Browser, path: str = "") -> Any:
        """Use a one-time link up, the owner's or the one at `path`; gives the cookies."""
        context = browser.new_context()
        page = context.new_page()
        page.goto(self.url.rstrip("/") + path if path else self.sign_in_url)
        page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
        page.wait_for_url("**/w/**")
        state = context.storage_state()
        context.close()
        return state


@contextmanager
def started(*options: str) -> Iterator[Studio]:
    root = Path(tempfile.mkdtemp(prefix="troupe-browser-"))
    home, ready, log = root / "home", root / "ready.json", root / "up.log"
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN and "PYTEST" not in name}
    env |= {"TROUPE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "studio.settings"}
    command = [sys.executable, "manage.py", "up", "--home", str(home), "--port", str(_free_port())]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--workers", "1", "--ready-file", str(ready), *options],
            cwd=ROOT,
            env=env,
            stdout=out,
            stderr=out,
        )
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None, f"Troupe to start: {log}", 240)
        if not ready.exists():
            raise RuntimeError(log.read_text()[-3000:])
        addresses = json.loads(ready.read_text())
        yield Studio(addresses["url"], addresses["sign_in_url"], home, env)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        shutil.rmtree(root, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
