"""Which Troupe wrote a home folder: an older one must not touch what a newer one has made."""

from __future__ import annotations

import json
from pathlib import Path

from studio.embedded.trouble import Trouble

VERSION = "0.1.0"
# Raised whenever an older Troupe could no longer work on the home folder, whatever its database says.
DATA = 1


def check(file: Path) -> None:
    """Refuse a home of a newer Troupe; an unreadable record is an interrupted first start."""
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        data, version = int(written["data"]), str(written["troupe"])
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):
        return
    if data > DATA:
        raise Trouble(
            f"{file.parent} was used by Troupe {version}, which is newer than this one ({VERSION}); update "
            "this checkout, or choose another folder with --home."
        )


def record(file: Path) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"data": DATA, "troupe": VERSION}) + "\n", encoding="utf-8")
    draft.rename(file)
