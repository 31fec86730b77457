"""Makes `.venv` and puts the pinned requirements into it; run by the machine's own Python, so it imports
nothing that has to be installed. `python3 studio/embedded/install.py` is quick when nothing changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "troupe-requirements.sha256"
REQUIREMENTS = ROOT / "requirements.txt"
WEIGHTS = Path(__file__).with_name("weights.txt")
UV_VERSION = "0.13.8"
# Certificates this machine trusts, as pip does: proxies and mirrors are known to it, not to uv's own list.
ENVIRONMENT = {**os.environ, "UV_SYSTEM_CERTS": "1"}
OLDEST = (3, 11)


def main() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"Troupe needs Python 3.11 or later and this is {found}; try `make PYTHON=python3.12 run`.")
    if _is_current():
        return
    _make_venv()
    _install()
    STAMP.write_text(_wanted())


def _is_current() -> bool:
    try:
        return STAMP.read_text() == _wanted() and _works(PYTHON, "-c", "import django")
    except OSError:
        return False


def _wanted() -> str:
    """Changes when the requirements do, or when the environment's Python does."""
    digest = hashlib.sha256()
    for file in (REQUIREMENTS, WEIGHTS, VENV / "pyvenv.cfg"):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _make_venv() -> None:
    """Make it, or make it anew when an earlier start was interrupted or its Python is gone."""
    if _works(PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))") and (
        _works(UV, "--version") or _works(PYTHON, "-m", "pip", "--version")
    ):
        return
    if not _works(sys.executable, "-c", "import venv, ensurepip"):
        sys.exit(
            "Troupe needs Python's venv and pip, which this Python comes without; on Debian and Ubuntu "
            "`apt-get install python3-venv` brings both."
        )
    if VENV.exists():
        print("[install] .venv is incomplete; making it anew", flush=True)
        shutil.rmtree(VENV)
    print("[install] making .venv", flush=True)
    _run("Python could not make .venv", sys.executable, "-m", "venv", str(VENV))


def _install() -> None:
    if not _works(UV, "--version"):
        print("[install] fetching uv, which installs fast", flush=True)
        _works(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", f"uv=={UV_VERSION}")
    print("[install] installing the Python packages (about a minute the first time)", flush=True)
    _put("-r", str(REQUIREMENTS))
    _put("--no-deps", "-r", str(WEIGHTS))


def _put(*arguments: str) -> None:
    """With uv; with pip where uv cannot be had, or does not know of a mirror that pip is set up for."""
    if _works(UV, "pip", "install", "--python", str(PYTHON), *arguments, quiet=False):
        return
    print("[install] uv could not; trying pip, which takes longer", flush=True)
    pip = (str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments)
    _run("The Python packages could not be installed; is the network there?", *pip)


def _works(*command: str | Path, quiet: bool = True) -> bool:
    output = subprocess.DEVNULL if quiet else None
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            env=ENVIRONMENT,
        )
    except OSError:
        return False
    return done.returncode == 0


def _run(sentence: str, *command: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, env=ENVIRONMENT)  # noqa: S603
    if done.returncode:
        sys.exit(f"{sentence} (`{' '.join(command)}` says why above.)")


if __name__ == "__main__":
    main()
