"""Events of a sub-team's run, as its parent sees it. The two runs talk by these and nothing else."""

from __future__ import annotations

from typing import Literal

from runs.engine.event import Event

CHILD, CHILD_ENDED, CHILD_SAID = "child", "child ended", "child said"  # notes of the node


class ChildRunStarted(Event, tag="ChildRunStarted", frozen=True, kw_only=True):
    """Committed before the run exists; whoever sees it creates the run, once. Ours hold its limits back."""

    team_version: str
    team: str
    input: str
    child: str = ""  # the run's id, which follows from this run and the path
    cost_limit: str | None = None
    token_limit: int | None = None
    call_limit: int | None = None
    seconds_limit: float | None = None


class ChildLimitsRaised(Event, tag="ChildLimitsRaised", frozen=True, kw_only=True):
    """A person lets it use more, and ours hold that back. The child is told next."""

    child: str
    by: str
    by_name: str
    cost_limit: str | None = None
    token_limit: int | None = None
    call_limit: int | None = None


class ChildRunEnded(Event, tag="ChildRunEnded", frozen=True, kw_only=True):
    """What came of it, told by whoever saw it end."""

    child: str
    status: Literal["done", "failed", "cancelled"]
    output: str = ""
    message: str = ""
    cost: str = "0"  # dollars that are known
    tokens: int = 0
    calls: int = 0
    unknown_costs: int = 0
