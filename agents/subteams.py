"""The published teams of a workspace by name, as nodes that run one need them. Looked up when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents.models import Team
from agents.topology.graph import PinnedSubteam
from studio.workspaces.models import Workspace


class Subteams(Mapping[str, PinnedSubteam]):
    def __init__(self, workspace: Workspace) -> None:
        self._teams = Team.objects.filter(workspace=workspace, archived_at=None).exclude(current=None)
        self._known: dict[str, PinnedSubteam] = {}

    def __getitem__(self, name: str) -> PinnedSubteam:
        if name not in self._known:
            team = self._teams.filter(name=name).select_related("current").order_by("created_at").first()
            if team is None:
                raise KeyError(name)
            self._known[name] = _pinned(team)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._teams.order_by("name").values_list("name", flat=True))

    def __len__(self) -> int:
        return self._teams.count()


def _pinned(team: Team) -> PinnedSubteam:
    version = team.current
    assert version is not None
    content = version.parsed()
    entry = next(node for node in content.graph.nodes if node.kind == "input")
    within = [one for sub in content.teams.values() for one in (sub.team, *sub.contains)]
    return PinnedSubteam(
        team=str(team.pk),
        version=str(version.pk),
        number=version.number,
        description=content.description[:1_000],
        input_schema=schema_of(entry.config),
        limits=content.graph.limits,
        contains=sorted(set(within)),
    )


def schema_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The input schema of an input node's configuration, its default included."""
    from agents.topology.registry import kinds

    made = kinds()["input"].Config.model_validate(config)
    return dict(made.model_dump(by_alias=True)["schema"])
