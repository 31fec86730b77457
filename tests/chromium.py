"""The browser of the tests: the system's Chromium, or Playwright's own.

`python -m tests.chromium` installs one where there is none: by apt-get as root on Debian and its kin, else by
`playwright install`; it fails, saying so, where neither works.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def executable() -> str | None:
    """The path of a Chromium, or None."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    return _of_playwright()


def _of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def ensure() -> str:
    """The path of a Chromium, installed if need be; ends the process with a sentence when that fails."""
    if found := executable():
        return found
    said = _apt_get() if os.geteuid() == 0 and shutil.which("apt-get") else _playwright_install()
    if found := executable():
        return found
    sys.exit(f"The browser tests need Chromium and it could not be installed ({said}); install it yourself.")


def _apt_get() -> str:
    print("Chromium is installed by apt-get, for the browser tests.", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    said = _last_line(["apt-get", "update", "-qq"], environment)
    said = (
        _last_line(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], environment)
        or said
    )
    return said if executable() else f"{said}; {_playwright_install()}"


def _playwright_install() -> str:
    print("Chromium is installed by Playwright, for the browser tests.", flush=True)
    return _last_line([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def _last_line(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = (done.stderr or done.stdout).strip().splitlines()
    return f"{Path(command[0]).name}: {lines[-1] if lines else 'no message'}" if done.returncode else ""


if __name__ == "__main__":
    print(f"Browser: {ensure()}")
