"""Teams as their list shows them: the drawing, what is unpublished or wrong, and how their runs went.

Runs belong to the room above, which tells of them through the functions that `TEAM_CARD_FACTS` names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from agents import queries
from agents.models import Team
from agents.publishing import problems_of_graph
from agents.thumbnail import thumbnail
from agents.topology.check import Catalog, blocking
from agents.topology.problems import Problem
from agents.topology.references import agents_of
from studio.web import figures
from studio.workspaces.models import Workspace

PAPER = 200  # how wide a card is, where it is 52 high


@dataclass(frozen=True)
class LastRun:
    """The newest run of a team, and how many there are."""

    run: UUID
    status: str
    at: datetime  # when it ended; before that, when it was started
    runs: int


@dataclass(frozen=True)
class Typical:
    """What its finished runs took, as low and high ends; None where none has finished."""

    seconds: tuple[float, float] | None = None
    cost: tuple[Decimal, Decimal] | None = None  # dollars
    cost_unknown: bool = False  # some run has calls of unknown price
    lit: Mapping[str, str] = field(default_factory=dict)  # node → its state in the newest run


@dataclass(frozen=True)
class TeamCard:
    team: Team
    known: Catalog
    last: LastRun | None = None
    typical: Typical = Typical()

    @cached_property
    def drawing(self) -> SafeString:
        return thumbnail(self.team.parsed_draft(), self.typical.lit, PAPER)

    @cached_property
    def small_drawing(self) -> SafeString:
        return thumbnail(self.team.parsed_draft(), self.typical.lit)

    @cached_property
    def problems(self) -> list[Problem]:
        return blocking(problems_of_graph(self.team.parsed_draft(), self.known))

    @cached_property
    def has_draft(self) -> bool:
        """Whether there is a draft beside a published version."""
        return self.team.current is not None and queries.has_unpublished_changes(self.team)

    @property
    def next_number(self) -> int:
        return self.team.current.number + 1 if self.team.current else 1

    @property
    def cost_words(self) -> str:
        """`$0.01–0.03`; empty while nothing has finished."""
        if self.typical.cost_unknown:
            return "unknown"
        if self.typical.cost is None:
            return ""
        low, high = map(figures.money, self.typical.cost)
        return low if low == high else f"{low}–{high.removeprefix('$')}"

    @property
    def time_words(self) -> str:
        """`20.0s–60.0s`; empty while nothing has finished."""
        if self.typical.seconds is None:
            return ""
        low, high = map(figures.duration, self.typical.seconds)
        return low if low == high else f"{low}–{high}"


def last_runs(workspace: Workspace) -> dict[UUID, LastRun]:
    """The newest run of each team that has one."""
    told: dict[UUID, LastRun] = _told("last", workspace.pk)
    return told


def typical_of(teams: Iterable[UUID]) -> dict[UUID, Typical]:
    told: dict[UUID, Typical] = _told("typical", list(teams))
    return told


def _told(what: str, about: Any) -> Any:
    dotted = settings.TEAM_CARD_FACTS.get(what)
    tell: Callable[[Any], Any] | None = import_string(dotted) if dotted else None
    return tell(about) if tell else {}


def cards(teams: Iterable[Team], workspace: Workspace, last: Mapping[UUID, LastRun]) -> list[TeamCard]:
    """The cards of one page of teams."""
    listed = list(teams)
    known = queries.catalog(workspace)
    typical = typical_of(team.pk for team in listed)
    return [TeamCard(team, known, last.get(team.pk), typical.get(team.pk, Typical())) for team in listed]


def mentions(team: Team, known: Catalog, text: str) -> bool:
    """Whether a team, an agent in it or a tool of such an agent is called something like `text`."""
    wanted = text.casefold()
    names = [team.name, team.description, team.pattern]
    for key in agents_of(team.parsed_draft()):
        spec = known.agents.get(key)
        names += [key, spec.name, spec.role, *spec.tools] if spec else [key]
    return any(wanted in name.casefold() for name in names)
