"""The keys an installation makes for itself, kept under home and read by nobody else."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from studio.embedded.places import Places
from studio.embedded.trouble import Trouble


def _signing_key() -> str:
    return secrets.token_urlsafe(64)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


MAKERS = {"SECRET_KEY": _signing_key, "ENCRYPTION_KEYS": _fernet_key}


def read(home: Path, name: str) -> str:
    """A generated key, or "" when there is none; any command of a running installation finds it so."""
    try:
        return _file(home, name).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def ensure(places: Places, name: str) -> None:
    """Make the key unless the environment or an earlier start has."""
    file = _file(places.home, name)
    if os.environ.get(name) or os.environ.get(f"{name}_FILE"):
        return
    if file.exists():
        file.chmod(0o600)
        return
    if name == "ENCRYPTION_KEYS" and places.postgres.exists():
        raise Trouble(
            f"{file} is gone and the endpoint keys stored in this home cannot be read without it; put it "
            "back from a backup, or set ENCRYPTION_KEYS to a new key and enter the endpoint keys again."
        )
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(MAKERS[name]() + "\n")
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)


def _file(home: Path, name: str) -> Path:
    return Places(home).keys / name.lower()
