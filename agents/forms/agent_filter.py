"""The filters of the list of agents, as they stand in its address. What makes no sense is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from agents import queries
from agents.models import Agent, Team
from agents.topology.graph import AgentSpec
from studio.workspaces.models import Workspace

SORTS = {"": "Name", "new": "Newest version", "used": "Most used"}
USES = {"yes": "in a team", "no": "in no team"}


@dataclass(frozen=True)
class AgentRow:
    """An agent as its list shows it."""

    agent: Agent
    spec: AgentSpec
    teams: list[Team]

    @property
    def fields(self) -> int:
        """How many fields its typed output has."""
        return len((self.spec.output.json_schema or {}).get("properties", {}))  # type: ignore[arg-type]


@dataclass(frozen=True)
class AgentFilter:
    q: str = ""
    model: str = ""  # endpoint/model
    used: str = ""
    sort: str = ""

    @classmethod
    def parse(cls, query: QueryDict) -> AgentFilter:
        used, sort = query.get("used", ""), query.get("sort", "")
        return cls(
            q=query.get("q", "").strip().replace("\x00", "")[:200],
            model=query.get("model", "")[:300],
            used=used if used in USES else "",
            sort=sort if sort in SORTS else "",
        )

    @property
    def is_narrow(self) -> bool:
        return bool(self.q or self.model or self.used)

    def apply(self, rows: list[AgentRow]) -> list[AgentRow]:
        found = [row for row in rows if self._lets_in(row)]
        if self.sort == "new":
            return sorted(found, key=_saved, reverse=True)
        if self.sort == "used":
            return sorted(found, key=lambda row: len(row.teams), reverse=True)
        return found

    def _lets_in(self, row: AgentRow) -> bool:
        if self.model and self.model != model_name(row.spec):
            return False
        if self.used and (self.used == "yes") != bool(row.teams):
            return False
        spec = row.spec
        said = (spec.name, row.agent.key, spec.role, spec.goal, spec.model.model, *spec.tools)
        return not self.q or any(self.q.casefold() in text.casefold() for text in said)


def _saved(row: AgentRow) -> datetime:
    return row.agent.current.created_at if row.agent.current else row.agent.created_at


def model_name(spec: AgentSpec) -> str:
    return f"{spec.model.endpoint}/{spec.model.model}"


def rows_of(workspace: Workspace) -> list[AgentRow]:
    """All agents of the workspace, by name."""
    teams: Mapping[str, list[Team]] = queries.teams_by_agent(workspace)
    rows = queries.agents(workspace)
    return [AgentRow(row, queries.spec_of(row), teams.get(row.key, [])) for row in rows]
