"""What a projection is: a table whose rows follow from the log, written in the events' own transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from runs.engine.events import Event
from runs.engine.plan import Plan
from runs.engine.state import RunState

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Ref:
    """Which run the rows belong to."""

    run: UUID
    workspace: UUID
    plan: Plan


@dataclass(frozen=True)
class Projection:
    """`columns` maps names to PostgreSQL types; the first `key` of them identify a row within its run.

    `rows` is asked after each event was folded in, and gives whole rows: later ones replace earlier ones.
    """

    table: str
    columns: dict[str, str]
    key: int
    rows: Callable[[Ref, RunState, Event], Iterable[Row]]


def moment(at: int) -> datetime:
    """Microseconds since the epoch as a time."""
    return datetime.fromtimestamp(at / 1e6, UTC)


def maybe(at: int) -> datetime | None:
    return moment(at) if at else None
