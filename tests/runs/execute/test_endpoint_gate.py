"""Gates of several processes at one endpoint, on a real Valkey: slots, fairness, rates, Redis gone."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from pytest_django import Settings

from agents import endpoint_state
from agents.endpoint_state import keys, read
from runs.execute.endpoint_permit import Closed, Permit
from runs.execute.errors import ModelCallError
from tests.runs.execute.gates import BROKEN, PAUSE, Make, Process, eventually, open_permits


# ── slots ───────────────────────────────────────────────────────────────────────────────────────────
async def test_processes_share_one_limit_and_never_pass_it(make: Make) -> None:
    a, b = make("a", concurrency=5), make("b", concurrency=5)
    mine, theirs = await a.permits(4), await b.permits(4)
    await eventually(lambda: a.gate.used + b.gate.used == 5, "all five slots to be used")
    assert len(mine) == 4
    for permit in mine:
        permit.answered(10)
    await eventually(lambda: b.gate.used == 4, "the freed slots to go to the other process")
    assert len(theirs) <= 1


async def test_far_from_the_limit_one_look_lets_many_calls_through(make: Make) -> None:
    process = make(concurrency=1000)
    for _ in range(200):
        (permit,) = await process.permits(1)
        permit.answered(10)
    assert process.looks <= 3, "slots are kept for the next call, so that it costs no round trip"


async def test_slots_of_a_process_that_died_come_back(make: Make, settings: Settings) -> None:
    settings.LEASE_SECONDS = 0.6
    dead, living = make("dead", concurrency=2), make("living", concurrency=2)
    assert len(await dead.permits(2)) == 2
    await dead.die()
    waiter = await living.ask()
    assert waiter.outcome is None
    await eventually(lambda: isinstance(waiter.outcome, Permit), "the lease of the dead process to end")


async def test_who_leaves_the_line_gets_nothing(make: Make) -> None:
    process = make(concurrency=1)
    (permit,) = await process.permits(1)
    leaving, staying = await process.ask(), await process.ask()
    process.gate.withdraw(leaving)
    permit.answered(10)
    await eventually(lambda: isinstance(staying.outcome, Permit), "the next in line to be let in")
    assert leaving.outcome is None


# ── fairness ────────────────────────────────────────────────────────────────────────────────────────
async def test_a_run_with_fifty_calls_does_not_starve_a_run_with_one(make: Make) -> None:
    process = make(concurrency=2)
    greedy, modest = uuid4(), uuid4()
    out = await process.permits(2, greedy)
    crowd = [await process.ask(greedy) for _ in range(50)]
    single = await process.ask(modest)
    out[0].answered(10)
    await eventually(lambda: isinstance(single.outcome, Permit), "the single call to be next")
    assert not any(waiter.outcome for waiter in crowd)


async def test_nor_does_it_in_another_process(make: Make) -> None:
    a, b = make("a", concurrency=1), make("b", concurrency=1)
    greedy = uuid4()
    (permit,) = await a.permits(1, greedy)
    crowd = [await a.ask(greedy) for _ in range(50)]
    single = await b.ask()
    before = 0
    while single.outcome is None:
        await a.gate.look()  # a call takes longer than a look
        permit.answered(10)
        await eventually(lambda: single.outcome or a.gate.used, "somebody to be let in")
        granted = [w.outcome for w in crowd if isinstance(w.outcome, Permit) and w.outcome.is_open]
        if granted:
            (permit,) = granted
            before += 1
        assert before <= 2, "the crowd went first too often"
    assert isinstance(single.outcome, Permit)


async def test_runs_get_the_same_whichever_process_they_are_in(make: Make) -> None:
    a, b = make("a", concurrency=6), make("b", concurrency=6)
    ones, other = [uuid4(), uuid4()], uuid4()
    waiters = [await a.ask(run) for _ in range(20) for run in ones]
    waiters += [await b.ask(other) for _ in range(20)]
    got: Counter[UUID] = Counter()
    for _ in range(60):
        await eventually(lambda: open_permits(waiters), "a call to be let in")
        for permit in open_permits(waiters)[:1]:
            got[permit.run] += 1
            permit.answered(10)
        if sum(got.values()) == 40:
            break
    assert max(got.values()) - min(got.values()) <= 8, got


async def test_processes_that_wait_do_not_wake_each_other_without_end(make: Make) -> None:
    full, *short = (make(name, concurrency=2) for name in "abc")
    await full.permits(2)
    for one in short:
        await one.ask()
    before = {one: (one.looks, one.heard) for one in short}
    await eventually(lambda: all(one.looks - before[one][0] >= 8 for one in short), "some looks")
    looks = sum(one.looks - before[one][0] for one in short)
    heard = max(one.heard - before[one][1] for one in short)
    assert heard * 3 <= looks, "a look must not be what makes the other one look"


async def test_whatever_happens_the_limit_holds_and_everybody_gets_there(
    make: Make, settings: Settings
) -> None:
    """Three processes, twelve runs, calls that are answered, fail, are stopped, or leave the line."""
    settings.BREAKER_FAILURES, chance = 0, random.Random(7)
    processes = [make(name, concurrency=5) for name in "abc"]
    most = 0

    async def call(process: Process, run: UUID) -> None:
        nonlocal most
        waiter = await process.ask(run)
        if waiter.outcome is None and chance.random() < 0.1:
            process.gate.withdraw(waiter)
            return await call(process, run)
        await eventually(lambda: waiter.outcome, "a call to be let in")
        permit = waiter.outcome
        assert isinstance(permit, Permit)
        most = max(most, sum(one.gate.used for one in processes))
        for _ in range(chance.randrange(3)):
            await asyncio.to_thread(PAUSE.wait, 0.001)
        error = chance.choice([None, None, BROKEN, ModelCallError("cancelled", "stopped")])
        permit.answered(10) if error is None else permit.failed(error)

    async def run(process: Process) -> None:
        mine = uuid4()
        for _ in range(6):
            await asyncio.gather(*(call(process, mine) for _ in range(chance.randrange(1, 6))))

    await asyncio.gather(*(run(chance.choice(processes)) for _ in range(12)))
    assert most == 5
    for one in processes:
        await one.gate.look()
        assert (one.gate.used, one.gate.waiting, one.gate.allow) == (0, [], 0)
    assert read([processes[0].endpoint])[processes[0].endpoint].in_flight == 0


# ── rates ───────────────────────────────────────────────────────────────────────────────────────────
async def test_requests_a_minute_are_shared(make: Make) -> None:
    a, b = make("a", concurrency=50, rpm=7), make("b", concurrency=50, rpm=7)
    waiters = [await one.ask() for _ in range(6) for one in (a, b)]
    await eventually(lambda: len(open_permits(waiters)) == 7, "seven calls to go out")
    for one in (a, b):
        await one.gate.look()
    assert len(open_permits(waiters)) == 7
    assert {one.gate.used > 1 for one in (a, b)} == {True}, "both get some"


async def test_what_was_asked_a_minute_ago_counts_no_more(make: Make, redis_client: redis.Redis) -> None:
    process = make(concurrency=50, rpm=3)
    assert len(await process.permits(4)) == 3
    minute = keys(process.endpoint)[2]
    for name, value in redis_client.hgetall(minute).items():
        redis_client.hdel(minute, name)
        assert isinstance(name, bytes)
        redis_client.hset(minute, name[:1] + str(int(name[1:]) - 61).encode(), value)
    await eventually(lambda: process.gate.used == 4, "the fourth call to go out")


async def test_tokens_a_minute_are_taken_before_and_settled_after(make: Make) -> None:
    process = make(concurrency=50, tpm=1000)
    first, second = await process.ask(tokens=600), await process.ask(tokens=600)
    assert isinstance(first.outcome, Permit)
    assert second.outcome is None
    first.outcome.answered(150)
    await eventually(lambda: isinstance(second.outcome, Permit), "the second to fit once less was used")


async def test_a_call_beyond_the_whole_limit_goes_when_nothing_else_does(make: Make) -> None:
    process = make(concurrency=50, tpm=1000)
    assert isinstance((await process.ask(tokens=5000)).outcome, Permit)


# ── Redis may go at any time ────────────────────────────────────────────────────────────────────────
async def test_a_flushed_redis_is_an_open_gate_that_learns_what_is_in_flight(
    make: Make, redis_client: redis.Redis
) -> None:
    process = make(concurrency=2)
    await process.fail(5)
    assert isinstance((await process.ask()).outcome, Closed)
    redis_client.flushall()
    await process.gate.look()
    assert len(await process.permits(2)) == 2
    redis_client.flushall()
    await process.gate.look()
    assert (await process.ask()).outcome is None, "the two in flight are counted again"
    assert read([process.endpoint])[process.endpoint].in_flight == 2


async def test_without_redis_a_process_goes_on_with_its_share(make: Make, settings: Settings) -> None:
    settings.WORKERS = 2
    process = make(concurrency=6, rpm=1)

    async def away(*about: Any) -> Any:
        raise redis.ConnectionError("gone")

    process.gate.script = away
    waiters = [await process.ask() for _ in range(5)]
    assert len(open_permits(waiters)) == 3
    open_permits(waiters)[0].failed(BROKEN)
    await eventually(lambda: len(open_permits(waiters)) == 3, "the freed slot to be used again")


def test_pages_say_nothing_of_endpoints_while_redis_is_away(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.REDIS = "redis://127.0.0.1:1/0"
    endpoint_state._client.cache_clear()
    try:
        assert read([uuid4()]) == {}
    finally:
        endpoint_state._client.cache_clear()
