"""Gates of several processes at one endpoint, on a real Valkey: slots, fairness, breaker, pauses, rates."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from pytest_django import Settings

from agents.endpoint_state import keys, read
from agents.queries import ResolvedModel
from runs.execute.endpoint_gate import Closed, Gate, Permit, Waiter
from runs.execute.endpoint_line import Gates
from runs.execute.errors import ModelCallError

BROKEN = ModelCallError("server_error", "gpu-box answered 503.")
PAUSE = threading.Event()
REFUSED = ModelCallError("auth", "gpu-box does not take the key.")


def model(
    endpoint: UUID, concurrency: int = 4, rpm: int | None = None, tpm: int | None = None
) -> ResolvedModel:
    return ResolvedModel(
        endpoint_id=endpoint,
        endpoint="gpu-box",
        kind="compatible",
        base_url="http://gpu-box/v1",
        api_key="",
        model="qwen",
        capabilities={},
        concurrency=concurrency,
        requests_per_minute=rpm,
        tokens_per_minute=tpm,
        context_window=None,
        price=None,
        simulated=False,
    )


async def eventually(true: Callable[[], Any], what: str) -> None:
    try:
        async with asyncio.timeout(10):
            while not true():
                await asyncio.to_thread(PAUSE.wait, 0.01)
    except TimeoutError:
        pytest.fail(f"Waited in vain: {what}")


class Process:
    """A worker process's gates, hearing what others publish, with a count of its looks."""

    def __init__(self, name: str, endpoint: UUID) -> None:
        self.gates = Gates(name)
        self.endpoint = endpoint
        self.looks = 0
        inner = self.gates._look

        async def counted(*about: Any) -> Any:
            self.looks += 1
            return await inner(*about)

        self.gates._look = counted  # type: ignore[method-assign, assignment]
        self.model = model(endpoint)

    @property
    def gate(self) -> Gate:
        gate = self.gates.gate(self.endpoint)
        gate.limits(self.model)
        return gate

    async def ask(self, run: UUID | None = None, tokens: int = 10) -> Waiter:
        waiter = Waiter(run or uuid4(), tokens, lambda: None)
        await self.gate.admit(waiter)
        return waiter

    async def permits(self, number: int, run: UUID | None = None) -> list[Permit]:
        waiters = [await self.ask(run) for _ in range(number)]
        return [waiter.outcome for waiter in waiters if isinstance(waiter.outcome, Permit)]

    async def fail(self, number: int) -> None:
        """So many calls go out and fail."""
        for _ in range(number):
            waiter = await self.ask()
            assert isinstance(waiter.outcome, Permit)
            waiter.outcome.failed(BROKEN)
        await self.gate.look()


Make = Callable[..., Process]


@pytest.fixture
async def make(redis_client: redis.Redis, settings: Settings) -> AsyncIterator[Make]:
    settings.BREAKER_SECONDS, settings.LEASE_SECONDS = 30.0, 5.0
    endpoint, made = uuid4(), []

    def process(name: str = "one", **limits: int) -> Process:
        made.append(Process(name, endpoint))
        made[-1].model = model(endpoint, **limits)
        return made[-1]

    yield process
    for one in made:
        await one.gates.close()


def skip_time(redis_client: redis.Redis, endpoint: UUID, seconds: float) -> None:
    """As if so much time had passed for breaks, pauses and probes."""
    gate = keys(endpoint)[0]
    for name in (b"until", b"pause_until", b"probe_until"):
        if value := redis_client.hget(gate, name):
            redis_client.hset(gate, name, str(float(value) - seconds))


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
    await dead.gates.close()
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


def open_permits(waiters: list[Waiter]) -> list[Permit]:
    return [w.outcome for w in waiters if isinstance(w.outcome, Permit) and w.outcome.is_open]


# ── the breaker ─────────────────────────────────────────────────────────────────────────────────────
async def test_the_breaker_opens_for_all_processes_after_failures_in_a_row(make: Make) -> None:
    a, b = make("a"), make("b")
    await b.permits(1)
    await a.fail(5)
    waiter = await a.ask()
    assert isinstance(waiter.outcome, Closed)
    assert waiter.outcome.code == "breaker_open"
    assert "gpu-box answered 503." in waiter.outcome.message
    assert 29 < waiter.outcome.after_s < 30.1
    b.gates.hear(str(b.endpoint))  # as the listener does with what was published
    turned_away = await b.ask()
    assert isinstance(turned_away.outcome, Closed)
    state = read([a.endpoint])[a.endpoint]
    assert (state.breaker, state.word, state.error) == ("open", "Left alone", "gpu-box answered 503.")


async def test_an_answer_between_failures_keeps_it_closed(make: Make) -> None:
    process = make()
    for _ in range(3):
        await process.fail(4)
        (permit,) = await process.permits(1)
        permit.failed(REFUSED)  # refused, so it is there
    assert isinstance((await process.ask()).outcome, Permit)


async def test_it_also_opens_when_half_of_many_calls_fail(make: Make, settings: Settings) -> None:
    settings.BREAKER_FAILURES = 1000
    process = make(concurrency=100)
    for _ in range(15):
        (permit,) = await process.permits(1)
        permit.answered(10)
    await process.fail(14)
    assert isinstance((await process.ask()).outcome, Permit)
    await process.fail(1)
    assert isinstance((await process.ask()).outcome, Closed)


async def test_exactly_one_call_tries_and_its_answer_closes_the_breaker(
    make: Make, redis_client: redis.Redis
) -> None:
    a, b = make("a"), make("b")
    await a.fail(5)
    skip_time(redis_client, a.endpoint, 31)
    assert read([a.endpoint])[a.endpoint].breaker == "due"
    for one in (a, b):
        one.gates.hear(str(one.endpoint))
        one.gate.closed = None
    waiters = [await one.ask() for one in (a, a, b, b)]
    probes = open_permits(waiters)
    assert len(probes) == 1
    assert probes[0].probe
    others = [waiter.outcome for waiter in waiters if isinstance(waiter.outcome, Closed)]
    assert {closed.code for closed in others} == {"probing"}
    assert read([a.endpoint])[a.endpoint].breaker == "probing"
    probes[0].answered(10)
    await eventually(lambda: not read([a.endpoint])[a.endpoint].breaker, "the breaker to close")
    for one in (a, b):
        one.gates.hear(str(one.endpoint))
        await one.gate.look()
        assert isinstance((await one.ask()).outcome, Permit)


async def test_a_failed_try_leaves_it_alone_for_twice_as_long(make: Make, redis_client: redis.Redis) -> None:
    process = make()
    await process.fail(5)
    skip_time(redis_client, process.endpoint, 31)
    await process.gate.look()
    (probe,) = await process.permits(1)
    probe.failed(BROKEN)
    await process.gate.look()
    waiter = await process.ask()
    assert isinstance(waiter.outcome, Closed)
    assert 55 < waiter.outcome.after_s < 60.1


@pytest.mark.parametrize("how", ["stopped", "died"])
async def test_when_the_trying_call_is_lost_another_one_tries(
    make: Make, redis_client: redis.Redis, how: str
) -> None:
    a, b = make("a"), make("b")
    await a.fail(5)
    skip_time(redis_client, a.endpoint, 31)
    await a.gate.look()
    (probe,) = await a.permits(1)
    if how == "stopped":
        probe.failed(ModelCallError("cancelled", "The call was stopped."))
        await a.gate.look()
    else:
        await a.gates.close()
        skip_time(redis_client, a.endpoint, 31)
    (again,) = await b.permits(1)
    assert again.probe


async def test_failures_that_say_the_endpoint_is_there_do_not_count(make: Make) -> None:
    process = make()
    for kind in ("auth", "not_found", "bad_request", "context_length", "cancelled") * 3:
        (permit,) = await process.permits(1)
        permit.failed(ModelCallError(kind, "no"))
    await process.gate.look()
    assert isinstance((await process.ask()).outcome, Permit)


# ── pauses ──────────────────────────────────────────────────────────────────────────────────────────
async def test_a_pause_that_one_call_is_asked_for_holds_for_all(
    make: Make, redis_client: redis.Redis
) -> None:
    a, b = make("a"), make("b")
    (permit,) = await a.permits(1)
    await b.permits(1)
    permit.failed(ModelCallError("rate_limited", "429: slow down.", retry_after_s=40))
    assert isinstance((await a.ask()).outcome, Closed), "here it holds at once"
    await a.gate.look()
    b.gates.hear(str(b.endpoint))
    waiter = await b.ask()
    assert isinstance(waiter.outcome, Closed)
    assert (waiter.outcome.code, waiter.outcome.message) == (
        "rate_limited",
        "gpu-box asked for a pause, which holds for all calls. 429: slow down.",
    )
    assert 39 < waiter.outcome.after_s < 40.1
    state = read([a.endpoint])[a.endpoint]
    assert (state.word, state.breaker) == ("Pausing", "")
    skip_time(redis_client, a.endpoint, 41)
    b.gate.closed = None
    assert isinstance((await b.ask()).outcome, Permit)


async def test_a_short_pause_is_waited_for_here(make: Make) -> None:
    process = make()
    (permit,) = await process.permits(1)
    permit.failed(ModelCallError("rate_limited", "429", retry_after_s=0.3))
    waiter = await process.ask()
    assert waiter.outcome is None
    await eventually(lambda: isinstance(waiter.outcome, Permit), "the pause to be over")


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
    from agents import endpoint_state

    endpoint_state._client.cache_clear()
    try:
        assert read([uuid4()]) == {}
    finally:
        endpoint_state._client.cache_clear()
