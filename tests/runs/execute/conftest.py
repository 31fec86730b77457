"""Model calls of these tests go to servers on loopback, which the guard has to be told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pytest_django import Settings

from agents.openai_client import close_clients
from runs.execute import model_client


@pytest.fixture(autouse=True)
async def loopback_is_opened(settings: Settings) -> AsyncIterator[None]:
    settings.PRIVATE_HOSTS = ("127.0.0.1",)
    model_client._habits.clear()
    yield
    await close_clients()
