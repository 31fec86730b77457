"""Runs of named teams with calls at given times, as the costs page is shown them in tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.http import QueryDict

from runs.costs.sums import Costs, costs_of
from runs.forms.cost_filter import CostFilter
from runs.models import LedgerEntry, Run
from tests.runs.team import publish, support_desk
from tests.world import World

NOW = datetime(2026, 11, 18, 12, 20, tzinfo=UTC)
JUST_NOW = NOW - timedelta(minutes=1)


class Ledger:
    """Runs of named teams with calls at given times."""

    def __init__(self, world: World) -> None:
        self.world = world

    def run(self, team: str = "Support desk", status: str = "done", **more: object) -> Run:
        pinned = support_desk().model_copy(update={"name": team})
        version = publish(self.world.workspace, pinned)
        return Run.objects.create(
            workspace=self.world.workspace,
            team_version=version,
            status=status,
            input_digest="",
            runnable=False,
            **more,
        )

    def call(
        self,
        run: Run,
        cost: str | None = "0.01",
        at: datetime = JUST_NOW,
        agent: str = "clerk",
        **more: object,
    ) -> LedgerEntry:
        number = LedgerEntry.objects.filter(run=run).count()
        fields: dict[str, object] = {
            "endpoint": "openai",
            "model": "gpt-5-mini",
            "status": "settled",
            "agent_name": agent.title(),
        }
        return LedgerEntry.objects.create(
            run=run,
            call=f"{agent}/m{number}",
            attempt=1,
            workspace=run.workspace,
            path=agent,
            agent_key=agent,
            cost=None if cost is None else Decimal(cost),
            at=at,
            **(fields | more),
        )

    def week(self) -> None:
        """Eight teams over a week, with a few calls of unknown price."""
        for number in range(8):
            run = self.run(f"Team {number}")
            for day in range(7):
                cost = None if (number, day) == (3, 3) else f"0.0{number + 1}{day}7"
                at = JUST_NOW - timedelta(days=day, hours=number)
                self.call(run, cost, at, agent=f"agent{number % 3}", model=f"m{day % 2}")


def chosen(query: str = "", now: datetime = NOW) -> CostFilter:
    return CostFilter.parse(QueryDict(query), now)


def costs(ledger: Ledger, query: str = "") -> Costs:
    return costs_of(ledger.world.viewer, chosen(query))


def url(since: datetime, until: datetime) -> str:
    return f"/runs/?{since:%d}-{until:%d}"
