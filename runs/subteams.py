"""What pages show of a run's sub-teams, which are runs of their own, and of the run one works for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from runs import queries
from runs.engine import events as ev
from runs.engine.budget import Caps
from runs.engine.fold import replay
from runs.engine.sharing import room
from runs.models import ChildRun, LogEvent, Run
from runs.queries import Row
from runs.trace import name_of, titles_of

SHOWN = 6


@dataclass(frozen=True)
class Part:
    """A sub-team's run with all below it; `row` is None while it is only asked for."""

    path: str
    node: str  # that path in words
    run: UUID
    row: Row | None

    @property
    def status(self) -> str:
        return str(self.row.run.status if self.row else Run.Status.QUEUED)

    @property
    def ended(self) -> bool:
        return self.row is not None and self.row.run.has_ended

    @property
    def title(self) -> str:
        """Its team's name."""
        return self.row.run.team_version.team.name if self.row else self.node


def parts_of(run: Run) -> list[Part]:
    """Those that the run's own log asked for, in the order they began."""
    asked = list(ChildRun.objects.filter(run=run).values_list("path", "child", "status"))
    if not asked:
        return []
    titles = titles_of(run.team_version.parsed())
    found = queries.runs_of(run.workspace_id).filter(pk__in=[child for _, child, _ in asked])
    rows = {row.run.pk: row.whole for row in queries.rows(found)}
    parts = [
        Part(path, name_of(path, titles), child, rows.get(child))
        for path, child, status in asked
        if child in rows or status == "wanted"  # else it was deleted, or nobody waited for it any more
    ]
    return sorted(parts, key=_began)


def _began(part: Part) -> tuple[bool, Any, str]:
    """Those that do not exist yet come last."""
    return part.row is None, part.row.run.created_at if part.row else 0, part.path


@dataclass(frozen=True)
class Parts:
    """The sub-teams as a run's head lists them: those at work before the others, when there are many."""

    shown: list[Part]
    more: int
    count: int  # with those below them
    watched: list[UUID]  # runs whose moves change this page


def shown(parts: list[Part], row: Row) -> Parts | None:
    """None where there are none. `row` is that of the run whose parts they are."""
    if not parts:
        return None
    first = parts if len(parts) <= SHOWN else sorted(parts, key=lambda one: one.ended)
    waited = [part.run for part in parts if part.row is None]
    below = [member for member in row.family.open if member != row.run.pk]
    count = row.family.sub_teams + len(waited)
    return Parts(first[:SHOWN], len(parts) - len(first[:SHOWN]), count, [*below, *waited])


def left_for(run: Run) -> Caps:
    """What the run that this one works for has left for it, with what it holds back for it already."""
    if run.parent_id is None:
        return Caps()
    bodies = LogEvent.objects.filter(run=run.parent_id).order_by("seq").values_list("body", flat=True)
    return room(replay(ev.decode(body) for body in bodies.iterator(chunk_size=2_000)), run.parent_path)


@dataclass(frozen=True)
class Above:
    """The run that one works for as a sub-team, and its node there."""

    run: Run
    path: str
    node: str


def above(run: Run) -> Above | None:
    parent = run.parent
    if parent is None:
        return None
    titles = titles_of(parent.team_version.parsed())
    return Above(parent, run.parent_path, name_of(run.parent_path, titles))
