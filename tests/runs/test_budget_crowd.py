"""Shared budgets under a crowd: never more spent and reserved than the limit, however many call at once."""

from __future__ import annotations

import asyncio
import random
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections

from agents.models import Agent, Team
from runs.budgets.models import Budget, BudgetHold
from runs.engine import events as ev
from runs.execute.store import Store
from studio.workspaces.access import Member
from tests.runs.budget_calls import Caller
from tests.runs.budget_rows import alone, budget, caller, in_loop, read
from tests.workers import Fleet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor(fleet: Fleet) -> Member:
    return alone(fleet)


class Crowd:
    """Runs in several threads, each with a loop and connections of its own, calling until nothing fits."""

    def __init__(self, actor: Member, budgets: list[Budget]) -> None:
        self.actor, self.budgets = actor, budgets
        self.spent: list[Decimal] = []
        self.errors: list[BaseException] = []

    def thread(self, number: int, runs: int) -> None:
        try:
            in_loop(lambda store: self._runs(store, number, runs))
        except BaseException as error:  # told by the test, in its own thread
            self.errors.append(error)

    async def _runs(self, store: Store, number: int, runs: int) -> None:
        each = [self._run(caller(store, self.actor, *self.budgets), f"{number}/{at}") for at in range(runs)]
        await asyncio.gather(*each)

    async def _run(self, one: Caller, name: str) -> None:
        dice = random.Random(name)
        for turn in range(200):
            call = f"{name}/{turn}"
            started = one.started(call, agent=dice.choice(["writer", "critic"]))
            hindered = await one.reserve(started)
            if hindered is not None:
                assert isinstance(hindered, ev.BudgetExceeded)
                if "in flight" not in hindered.message:
                    return
                await asyncio.sleep(dice.random() / 100)
                continue
            one.commit(one.add(started))
            await asyncio.sleep(dice.random() / 200)
            cost = Decimal(dice.randint(1, 100)) / 1000
            one.commit(one.add(one.answered(call, f"{cost}")))
            await one.scopes.settle()
            self.spent.append(cost)


class Watch(threading.Thread):
    """Looks at the rows all the time: the most that was ever spent and reserved."""

    def __init__(self) -> None:
        super().__init__()
        self.most: dict[Any, Decimal] = {}
        self.looks = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            for pk, held in Budget.objects.values_list("pk", "spent_cost"):
                self.most[pk] = max(self.most.get(pk, held), held)
            with connection.cursor() as cursor:
                cursor.execute("SELECT id, spent_cost + reserved_cost FROM runs_budget")
                for pk, held in cursor.fetchall():
                    self.most[pk] = max(self.most[pk], held)
            self.looks += 1
        connections.close_all()


def test_fifty_branches_in_several_loops_never_pass_a_limit_and_what_is_settled_is_what_was_used(
    actor: Member,
) -> None:
    team = Team.objects.create(workspace=actor.workspace, name="Crowd")
    critic = Agent.objects.create(workspace=actor.workspace, key="critic", name="Critic")
    budgets = [
        budget(actor, cost_limit=Decimal("3")),
        budget(actor, scope="team", team=team, cost_limit=Decimal("2")),
        budget(actor, scope="agent", agent=critic, cost_limit=Decimal("0.9")),
    ]
    crowd, watch = Crowd(actor, budgets), Watch()
    threads = [threading.Thread(target=crowd.thread, args=(number, 10)) for number in range(5)]
    watch.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watch.done.set()
    watch.join()
    assert crowd.errors == []
    assert watch.looks > 20
    for one in budgets:
        assert watch.most[one.pk] <= (one.cost_limit or 0)
        read(one)
        assert one.reserved_cost == one.reserved_tokens == one.reserved_calls == one.reserved_seconds == 0
    assert BudgetHold.objects.count() == 0
    workspace, of_team, of_critic = budgets
    assert workspace.spent_cost == of_team.spent_cost == sum(crowd.spent)
    assert workspace.spent_calls == len(crowd.spent) > 30
    assert of_critic.spent_cost + Decimal("0.1") > Decimal("0.9") or of_team.spent_cost > Decimal("1.9")
