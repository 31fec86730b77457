"""Versions that were changed for a single fork: immutable as every version, but never published."""

from __future__ import annotations

from agents import queries
from agents.actions.outcome import Problem, Refused
from agents.models import TeamVersion
from agents.publishing import problems_of_graph
from agents.topology.canonical import digest
from agents.topology.changes import Changes, apply
from agents.topology.check import Catalog, blocking
from agents.topology.graph import PinnedTeam, dump
from studio.workspaces.access import Member, Role


def make_variant(*, actor: Member, version: TeamVersion, changes: Changes) -> TeamVersion:
    """The version with the changes in it; `version` itself when nothing differs. Raises Refused.

    The same changes made twice give the same variant.
    """
    before = version.parsed()
    after = apply(before, changes)
    fingerprint = digest(after)
    if fingerprint == digest(before):
        return version
    actor.require(Role.DESIGNER)
    known = _problems(actor, before)  # what is set up may have changed since it was published
    if problems := [one for one in _problems(actor, after) if one not in known]:
        raise Refused(problems)
    variant, _ = TeamVersion.objects.get_or_create(
        variant_of=version,
        digest=fingerprint,
        defaults={
            "team_id": version.team_id,
            "number": version.number,
            "content": dump(after),
            "published_by": actor.user,
        },
    )
    return variant


def _problems(actor: Member, team: PinnedTeam) -> list[Problem]:
    """Of a team with what it brings along, in a workspace with these models."""
    catalog = Catalog(
        agents={key: agent.spec for key, agent in team.agents.items()},
        tools={name: tool.spec for name, tool in team.tools.items()},
        models=queries.model_names(actor.workspace),
        teams=team.teams,
    )
    return blocking(problems_of_graph(team.graph, catalog))
