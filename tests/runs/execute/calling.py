"""Asks a model as the engine does, for tests of the model client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from runs.execute.errors import ModelCallError
from runs.execute.model_client import ModelReply, ModelRequest, complete
from tests.rehearsal import RehearsalServer

MESSAGES = [
    {"role": "system", "content": "You are a market analyst."},
    {"role": "user", "content": "# Task\nDescribe the market for home batteries."},
]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def request_to(base_url: str, **more: Any) -> ModelRequest:
    given: dict[str, Any] = {
        "api_key": "sk-secret-of-the-test",
        "model": "rehearsal",
        "messages": MESSAGES,
        "max_tokens": 400,
        "timeout_s": 20.0,
        "idempotency_key": "key-1",
    }
    return ModelRequest(base_url=base_url, **{**given, **more})


async def ask(base_url: str, **more: Any) -> tuple[ModelReply, list[str]]:
    """The reply and the deltas heard."""
    heard: list[str] = []
    return await complete(request_to(base_url, **more), on_delta=heard.append), heard


async def failing(base_url: str, **more: Any) -> ModelCallError:
    with pytest.raises(ModelCallError) as failed:
        await ask(base_url, **more)
    return failed.value


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server of the test's own; gives its base URL."""
    server = web.Server(handler, handler_cancellation=True)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    finally:
        listening.close()
        server.pre_shutdown()
        await server.shutdown(1)


def answering(
    body: bytes | str,
    headers: dict[str, str] | None = None,
    *,
    kind: str = "text/event-stream",
    status: int = 200,
) -> Handler:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        content = body.encode() if isinstance(body, str) else body
        return web.Response(status=status, body=content, headers={"Content-Type": kind, **(headers or {})})

    return handler


async def until(server: RehearsalServer, profile: str, what: str, number: int) -> None:
    """Wait for a counter of the rehearsal server's ledger."""
    deadline = time.monotonic() + 10
    while (counted := server.ledger(profile)["totals"])[what] != number:
        assert time.monotonic() < deadline, f"{what} never became {number}: {counted}"
        await asyncio.sleep(0.01)
