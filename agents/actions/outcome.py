"""How an action says no."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

from agents.topology.problems import Problem, Refused

__all__ = ["Conflict", "Problem", "Refused", "refuse"]


class Conflict(Exception):
    """Somebody else saved first: who, when, and what the newest revision is now."""

    def __init__(self, *, what: str, who: str, when: datetime, revision: int) -> None:
        self.who, self.when, self.revision = who, when, revision
        super().__init__(f"{who} saved {what} at {when:%H:%M} UTC, after you opened it.")


def refuse(code: str, message: str, fix: str = "", field: str = "") -> NoReturn:
    """Raise Refused for one reason."""
    raise Refused([Problem(code, message, fix, field=field)])
