"""The pages' CSS and islands: installs what they are made of and builds them, each only when it changed.

`python -m studio.embedded.frontend` does both; `… install` only installs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.embedded import node
from studio.embedded.service import ROOT
from studio.embedded.trouble import Trouble

STATIC = ROOT / "static"
BUILT = STATIC / "build"
STAMP = BUILT / "inputs.sha256"
# Tailwind finds class names in templates and in code that makes markup.
INPUTS = (
    "package-lock.json",
    "static/**/*",
    "templates/**/*.html",
    "studio/**/*.py",
    "agents/**/*.py",
    "runs/**/*.py",
)


def ensure(tick: Callable[[str], None] = lambda _: None) -> str:
    """Install and build what is not up to date; returns what was done. `tick` is called while it works."""
    with _one_at_a_time():
        installed = install_unlocked(tick)
        inputs = fingerprint()
        if _stamped() == inputs:
            return "unchanged"
        STAMP.unlink(missing_ok=True)
        node.run((*node.find().node, "static/build.mjs"), lambda: tick("building"))
        if not (BUILT / "troupe.css").is_file():
            raise Trouble("The front end was built without troupe.css; run `make clean` and then `make run`.")
        STAMP.write_text(inputs)
        return "installed and built" if installed else "built"


def install() -> bool:
    with _one_at_a_time():
        return install_unlocked()


def install_unlocked(tick: Callable[[str], None] = lambda _: None) -> bool:
    """`npm ci`, unless what the lock file names is there; returns whether it had to."""
    if is_installed():
        return False
    command = (*node.find().npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    node.run(command, lambda: tick("installing npm packages"))
    if not is_installed():
        raise Trouble("npm did not install all of package-lock.json; run `make clean` and then `make run`.")
    return True


def is_installed() -> bool:
    """npm writes its own record last: a half-finished installation has none, or an old one."""
    wanted, found = _packages(ROOT / "package-lock.json"), _packages(ROOT / "node_modules/.package-lock.json")
    if not found:
        return False
    return all(
        found[path].get("version") == package.get("version")
        if path in found
        else package.get("optional", False)
        for path, package in wanted.items()
        if path
    )


def is_built() -> bool:
    return _stamped() == fingerprint()


def _packages(file: Path) -> dict[str, dict[str, Any]]:
    try:
        packages: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["packages"]
    except (OSError, ValueError, KeyError):
        return {}
    return packages


def _stamped() -> str:
    try:
        return STAMP.read_text()
    except OSError:
        return ""


def fingerprint() -> str:
    """A digest of everything the build reads."""
    digest = hashlib.sha256()
    for pattern in INPUTS:
        for file in sorted(ROOT.glob(pattern)):
            if BUILT in file.parents or not file.is_file():
                continue
            digest.update(f"{file.relative_to(ROOT)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two starts of one checkout (on two homes) take turns; the lock is on the folder itself."""
    handle = os.open(STATIC, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def main(arguments: list[str]) -> None:
    try:
        if arguments == ["install"]:
            install()
        else:
            print(f"Front end: {ensure()}.")
    except Trouble as trouble:
        sys.exit(str(trouble))


if __name__ == "__main__":
    main(sys.argv[1:])
