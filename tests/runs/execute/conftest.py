"""Model calls of these tests go to servers on loopback, which the guard has to be told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import redis
from pytest_django import Settings

from agents.openai_client import close_clients
from runs.execute import model_client
from tests.runs.execute.gates import Make, Process, model


@pytest.fixture(autouse=True)
async def loopback_is_opened(settings: Settings) -> AsyncIterator[None]:
    settings.PRIVATE_HOSTS = ("127.0.0.1",)
    model_client._habits.clear()
    yield
    await close_clients()


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
        await one.die()
