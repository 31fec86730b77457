"""The filters of the list of teams, as they stand in its address. What makes no sense is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from agents import queries
from agents.cards import LastRun, mentions
from agents.models import Team
from studio.web.states import STATES
from studio.workspaces.models import Workspace

SORTS = {"": "Last used", "name": "Name", "new": "Newest"}
NEVER = "never"
RUNS = {status: state.word for status, state in STATES.items()} | {NEVER: "Never run"}


@dataclass(frozen=True)
class TeamFilter:
    q: str = ""
    pattern: str = ""
    run: str = ""  # how the last run stands, or `never`
    sort: str = ""
    as_list: bool = False

    @classmethod
    def parse(cls, query: QueryDict) -> TeamFilter:
        run, sort = query.get("run", ""), query.get("sort", "")
        return cls(
            q=_line(query.get("q", "")),
            pattern=_line(query.get("pattern", "")),
            run=run if run in RUNS else "",
            sort=sort if sort in SORTS else "",
            as_list=query.get("view") == "list",
        )

    @property
    def is_narrow(self) -> bool:
        return bool(self.q or self.pattern or self.run)

    def apply(self, workspace: Workspace, last: Mapping[UUID, LastRun]) -> list[Team]:
        """The teams that are let in, in their order."""
        teams = queries.teams(workspace)
        if self.pattern:
            teams = teams.filter(pattern=self.pattern)
        found = [team for team in teams if not self.run or self.run == _state(team, last)]
        if self.q:
            known = queries.catalog(workspace)
            found = [team for team in found if mentions(team, known, self.q)]
        if self.sort == "name":
            return found
        if self.sort == "new":
            return sorted(found, key=lambda team: team.created_at, reverse=True)
        return sorted(found, key=lambda team: _used(team, last), reverse=True)


def _state(team: Team, last: Mapping[UUID, LastRun]) -> str:
    run = last.get(team.pk)
    return run.status if run else NEVER


def _used(team: Team, last: Mapping[UUID, LastRun]) -> tuple[object, ...]:
    """When it was last run or edited, whichever is later."""
    run = last.get(team.pk)
    return (max(run.at, team.draft_saved_at) if run else team.draft_saved_at, team.name)


def _line(text: str) -> str:
    return text.strip().replace("\x00", "")[:200]
