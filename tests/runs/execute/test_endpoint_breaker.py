"""The breaker and the pauses of an endpoint, shared by processes, on a real Valkey."""

from __future__ import annotations

import asyncio

import pytest
import redis
from pytest_django import Settings

from agents.endpoint_state import close_breaker, read
from runs.execute.endpoint_permit import Closed, Permit
from runs.execute.errors import ModelCallError
from tests.runs.execute.gates import BROKEN, REFUSED, Make, eventually, open_permits, skip_time


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
    b.gates.hear(f"{b.endpoint} somebody")  # as the listener does with what was published
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
        one.gates.hear(f"{one.endpoint} somebody")
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
        one.gates.hear(f"{one.endpoint} somebody")
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
        await a.die()
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
    b.gates.hear(f"{b.endpoint} somebody")
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


async def test_so_does_one_that_comes_with_a_503_which_is_then_no_failure(make: Make) -> None:
    process = make()
    for _ in range(6):
        waiter = await process.ask()
        await eventually(lambda waiter=waiter: waiter.outcome, "the pause to be over")  # type: ignore[misc]
        assert isinstance(waiter.outcome, Permit)
        waiter.outcome.failed(ModelCallError("server_error", "503: maintenance.", retry_after_s=0.05))
    await process.gate.look()
    assert read([process.endpoint])[process.endpoint].breaker == ""


async def test_closed_by_hand_it_lets_calls_out_at_once_in_every_process(make: Make) -> None:
    a, b = make("a"), make("b")
    await a.fail(5)
    assert isinstance((await b.ask()).outcome, Closed)
    assert await asyncio.to_thread(close_breaker, a.endpoint)
    for one in (a, b):
        one.gates.hear(f"{one.endpoint} hand")  # as the listener does with what was published
        await one.permits(1)
    assert read([a.endpoint])[a.endpoint].word == ""
    assert not await asyncio.to_thread(close_breaker, a.endpoint)
    await a.fail(4)
    assert read([a.endpoint])[a.endpoint].word == "", "what failed before is forgotten"


async def test_a_call_that_was_out_to_try_when_it_was_closed_by_hand_opens_it_no_longer(
    make: Make, redis_client: redis.Redis
) -> None:
    process = make()
    await process.fail(5)
    skip_time(redis_client, process.endpoint, 31)
    await process.gate.look()
    (trying,) = await process.permits(1)
    await asyncio.to_thread(close_breaker, process.endpoint)
    process.gates.hear(f"{process.endpoint} hand")
    trying.failed(BROKEN)
    assert isinstance((await process.ask()).outcome, Permit)
    assert read([process.endpoint])[process.endpoint].breaker == ""
