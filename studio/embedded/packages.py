"""Where an installed package lives, found without importing it: an import would do work or warn."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def folder(name: str) -> Path | None:
    found = find_spec(name)
    return Path(found.origin).parent if found is not None and found.origin else None
