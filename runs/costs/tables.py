"""The costs page's tables: the dearest agents and all teams, each row leading to its runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from runs.costs.sums import ZERO, Costs, Group, Sums, entries_of
from runs.costs.times import named
from runs.forms.calls_filter import CallsFilter
from studio.workspaces.access import Member

MOST_AGENTS, MOST_TEAMS = 8, 25
RunsUrl = Callable[[datetime, datetime], str]  # where the runs are that called between two moments


@dataclass(frozen=True)
class Line:
    group: Group
    url: str
    colour: int


@dataclass(frozen=True)
class Table:
    """The first lines, and what those not shown come to: together they are the whole."""

    lines: list[Line]
    more: int
    rest: Sums

    @property
    def top(self) -> Any:
        """What the longest bar stands for."""
        return max((line.group.sums.cost for line in self.lines), default=0)


def tables_of(costs: Costs, runs: str) -> dict[str, Table | list[Line]]:
    agents, teams = costs.groups("agent"), costs.groups("team")
    return {
        "agent_table": _table(costs, agents, MOST_AGENTS, runs),
        "team_table": _table(costs, teams, MOST_TEAMS, runs),
        "legend": [Line(one, _url(costs, one, runs), one.colour) for one in costs.bars],
    }


def rows_of(costs: Costs, runs_url: RunsUrl) -> list[tuple[str, list[Decimal], Decimal, str]]:
    """The bars as a table: when, the amounts in the order of the legend, their sum, the runs behind it."""
    step, found = costs.chosen.step, []
    for moment in costs.chosen.buckets:
        amounts = [one.bars.get(moment, ZERO) for one in costs.bars]
        found.append((named(moment, step), amounts, sum(amounts, ZERO), runs_url(moment, moment + step)))
    return found


def _table(costs: Costs, groups: list[Group], most: int, runs: str) -> Table:
    rest = sum((one.sums for one in groups[most:]), Sums())
    lines = [Line(one, _url(costs, one, runs), _colour(costs, one)) for one in groups[:most]]
    return Table(lines, max(len(groups) - most, 0), rest)


def _url(costs: Costs, group: Group, runs: str) -> str:
    """Of the group's runs; the others together have no address of their own."""
    if not group.query:
        return ""
    chosen, query = costs.chosen, dict(group.query)
    calls = CallsFilter(
        kind="simulated" if chosen.rehearsal else "live",
        since=chosen.since,
        until=chosen.until,
        agent=query.pop("agent", ""),
        model=query.pop("model", chosen.model),
    )
    team = query.pop("team", str(chosen.team or ""))
    return runs + calls.address(sort="-cost", **({"team": team} if team else {}))


def _colour(costs: Costs, group: Group) -> int:
    """That of its bars, where there is one."""
    by_key = {one.key: one.colour for one in costs.bars}
    if costs.chosen.by == "team":
        return by_key.get(group.key[-1:], 6)  # of an agent, the last part of its key is its team
    return by_key.get(group.key, 6 if costs.chosen.by == "agent" else 1)


def model_choices(member: Member) -> list[tuple[str, str]]:
    """The models that were ever called, for the filter."""
    rows = entries_of(member).values_list("endpoint", "model").distinct().order_by("model", "endpoint")
    return [(f"{endpoint}/{model}", f"{model} at {endpoint}") for endpoint, model in rows]
