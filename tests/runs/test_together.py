"""Several runs' appends and claims in one statement: each on its own conditions, none spoils another's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from runs.execute.store import Claim, Store, conninfo
from runs.execute.together import MOST, Together
from runs.log import Append, statement
from runs.models import Event, Run
from runs.verify import problems
from studio.workspaces.access import Member
from tests.runs.factory import Script
from tests.runs.live_team import owner
from tests.runs.team import publish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor() -> Member:
    return owner()


@pytest.fixture
def scripts(actor: Member) -> Callable[[int], list[Script]]:
    """Runs that have begun."""

    def begun(count: int) -> list[Script]:
        version = publish(actor.workspace)
        made = [Script(actor.workspace, actor.user, version) for _ in range(count)]
        for script in made:
            script.start({"ticket": "The same for all of them."})
            script.commit()
        return made

    return begun


def append(script: Script, **said: str) -> Append:
    """What comes next in the run: a node that starts, with content of which some is every run's."""
    script.put({"shared": True, **said})
    script.node("triage")
    return script.draft.append(script.content.fresh, runnable=True, release=False)


def written(script: Script) -> bool:
    return Event.objects.filter(run=script.run, type="NodeStarted", path="triage").exists()


class Database:
    """Executes as a worker's store does; can be held up, and counts."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.asked: list[int] = []

    async def written(self, appends: list[Append]) -> dict[int, bool]:
        self.asked.append(len(appends))
        self.begun.set()
        await self.go.wait()
        rows = await (await self.connection.execute(*statement(appends))).fetchall()
        return {place: True for (place,) in rows}


def at_once(appends: list[Append]) -> tuple[list[Any], list[int]]:
    """What became of appends made in one moment, and how many runs each statement was for."""

    async def play() -> tuple[list[Any], list[int]]:
        async with await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as connection:
            database = Database(connection)
            commits = Together(database.written)
            tasks: list[Awaitable[bool | None]] = [asyncio.create_task(commits.ask(one)) for one in appends]
            database.go.set()
            return await asyncio.gather(*tasks, return_exceptions=True), database.asked

    return asyncio.run(play())


def test_appends_of_one_moment_are_one_statement(scripts: Callable[[int], list[Script]]) -> None:
    made = scripts(5)
    told, asked = at_once([append(script, of=str(n)) for n, script in enumerate(made)])
    assert told == [True] * 5
    assert asked == [5]
    for script in made:
        assert written(script)
        assert Run.objects.get(pk=script.run.pk).seq == script.draft.head.seq + 1
        assert problems(Run.objects.get(pk=script.run.pk)) == []


def test_a_statement_is_for_no_more_than_a_few_runs(scripts: Callable[[int], list[Script]]) -> None:
    told, asked = at_once([append(script) for script in scripts(MOST + 3)])
    assert told == [True] * (MOST + 3)
    assert asked == [MOST, 3]


def test_what_comes_while_another_is_written_goes_together_afterwards(
    scripts: Callable[[int], list[Script]],
) -> None:
    appends = [append(script) for script in scripts(4)]

    async def play() -> list[int]:
        async with await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as connection:
            database = Database(connection)
            commits = Together(database.written)
            first = asyncio.create_task(commits.ask(appends[0]))
            await database.begun.wait()
            others = [asyncio.create_task(commits.ask(one)) for one in appends[1:]]
            asyncio.get_running_loop().call_soon(database.go.set)  # once the others have asked
            assert await asyncio.gather(first, *others) == [True] * 4
            return database.asked

    assert asyncio.run(play()) == [1, 3]


def test_a_run_that_moved_is_told_so_and_the_others_are_written(
    scripts: Callable[[int], list[Script]],
) -> None:
    made = scripts(3)
    appends = [append(script) for script in made]
    Run.objects.filter(pk=made[1].run.pk).update(epoch=7)  # somebody else has it now
    told, asked = at_once(appends)
    assert told == [True, None, True]
    assert asked == [3, 1]
    assert [written(script) for script in made] == [True, False, True]


def test_two_appends_of_one_run_are_never_mixed(scripts: Callable[[int], list[Script]]) -> None:
    """As when a run was taken over by the same process, and its former owner does not know yet."""
    (script,) = scripts(1)
    late = append(script, by="who had it")
    again = Script.going_on(Run.objects.get(pk=script.run.pk))
    Run.objects.filter(pk=script.run.pk).update(epoch=1)
    owned = again.draft.head.__class__(again.draft.head.seq, again.draft.head.hash, 1)
    again.draft.head = owned
    told, _ = at_once([late, append(again, by="who has it")])
    assert told == [None, True]
    assert Event.objects.filter(run=script.run, path="triage").count() == 1
    assert problems(Run.objects.get(pk=script.run.pk)) == []


def test_what_the_database_refuses_is_that_run_s_own_matter(scripts: Callable[[int], list[Script]]) -> None:
    made = scripts(3)
    appends = [append(script) for script in made]
    appends[1].run["status"] = "longer than the column"
    told, asked = at_once(appends)
    assert told[0] is True
    assert isinstance(told[1], psycopg.errors.StringDataRightTruncation)
    assert told[2] is True
    assert asked == [3, 1, 1, 1]
    assert [written(script) for script in made] == [True, False, True]


def test_a_run_that_somebody_has_locked_keeps_no_other_waiting(
    scripts: Callable[[int], list[Script]],
) -> None:
    made = scripts(3)
    appends = [append(script) for script in made]
    with psycopg.connect(conninfo()) as person:
        person.execute("SELECT 1 FROM runs_run WHERE id = %s FOR UPDATE", (made[1].run.pk,))
        with psycopg.connect(conninfo(), autocommit=True) as worker:
            worker.execute("SET statement_timeout = '20s'")
            sql, params = statement(appends)
            assert worker.execute(sql, params).fetchall() == [(0,), (2,)]
    assert [written(script) for script in made] == [True, False, True]
    assert at_once([appends[1]])[0] == [True], "it is written as soon as its row is free"


def test_claims_of_one_moment_go_together_and_nobody_claims_twice(
    scripts: Callable[[int], list[Script]],
) -> None:
    runs = [script.run.pk for script in scripts(4)]
    Run.objects.filter(pk__in=runs).update(runnable=True)
    Run.objects.filter(pk=runs[2]).update(owner="another", lease_until=timezone.now() + timedelta(hours=1))

    async def play() -> list[Claim | None]:
        store = Store()
        await store.open()
        try:
            return await asyncio.gather(*[store.claim(run, "this") for run in [*runs, runs[0]]])
        finally:
            await store.close()

    claims = asyncio.run(play())
    assert [claim and claim.run for claim in claims] == [runs[0], runs[1], None, runs[3], None]
    assert [claim.head.epoch for claim in claims if claim] == [1, 1, 1]
    assert [len(claim.events) for claim in claims if claim] == [3, 3, 3]
    assert set(Run.objects.filter(pk__in=runs).values_list("owner", flat=True)) == {"this", "another"}
