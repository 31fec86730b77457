"""Asks that come while another is on its way go together in the next statement.

One flush of the disk, one trip to the database and one plan serve all of them; who asks alone waits for none.
`docs/decisions/0012-group-commit.md`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")
MOST = 16  # asks in a statement


class Together(Generic[Ask, Answer]):
    """`serve` is given some asks, and gives answers by their places; where one lacks, it is asked alone.

    So an error that one of several causes is its own: if `serve` raises for several, each is asked alone.
    """

    def __init__(self, serve: Callable[[list[Ask]], Awaitable[dict[int, Answer]]]) -> None:
        self._serve = serve
        self._waiting: list[tuple[Ask, asyncio.Future[Answer | None]]] = []
        self._server: asyncio.Task[None] | None = None

    async def ask(self, one: Ask) -> Answer | None:
        """Its answer; None: even alone it got none."""
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._server is None or self._server.done():
            self._server = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            answers = await self._several([one for one, _ in batch]) if len(batch) > 1 else {}
            for place, (one, future) in enumerate(batch):
                if place not in answers:
                    await self._alone(one, future)
                elif not future.done():  # who asked may have been cancelled meanwhile
                    future.set_result(answers[place])

    async def _several(self, asks: list[Ask]) -> dict[int, Answer]:
        try:
            return await self._serve(asks)
        except Exception:  # of one of them, which shall hear of it: nothing was done for any
            return {}

    async def _alone(self, one: Ask, future: asyncio.Future[Answer | None]) -> None:
        try:
            answer = (await self._serve([one])).get(0)
        except Exception as error:
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(answer)
