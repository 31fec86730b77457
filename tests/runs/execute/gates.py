"""Worker processes of gate tests: their gates on the real Valkey, with nothing else of a worker around."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis

from agents.endpoint_state import CHANNEL, keys
from agents.queries import ResolvedModel
from runs.execute.endpoint_gate import Gate
from runs.execute.endpoint_line import Gates
from runs.execute.endpoint_permit import Permit, Waiter
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
        self.heard, self.is_alive = 0, True
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """What a host does with the channel."""
        async with self.gates.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(CHANNEL)
            while self.is_alive:
                if message := await pubsub.get_message(timeout=0.05):
                    self.heard += 1
                    self.gates.hear(message["data"].decode())

    async def die(self) -> None:
        """As after SIGKILL: nothing is given back."""
        if self.is_alive:
            self.is_alive = False
            await self._listener
            await self.gates.close()

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


def skip_time(redis_client: redis.Redis, endpoint: UUID, seconds: float) -> None:
    """As if so much time had passed for breaks, pauses and probes."""
    gate = keys(endpoint)[0]
    for name in (b"until", b"pause_until", b"probe_until"):
        if value := redis_client.hget(gate, name):
            redis_client.hset(gate, name, str(float(value) - seconds))


def open_permits(waiters: list[Waiter]) -> list[Permit]:
    return [w.outcome for w in waiters if isinstance(w.outcome, Permit) and w.outcome.is_open]
