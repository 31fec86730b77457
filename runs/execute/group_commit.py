"""Appends of a worker's runs that come while another is being written go together in the next statement.

One flush of the disk, one trip to the database and one plan serve all of them; a run that is alone waits
for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from runs.log import Append, statement

MOST = 16  # runs in a statement
Execute = Callable[[str, Any], Awaitable[list[Any]]]


class GroupCommit:
    """`execute` runs a statement that is one commit, and gives its rows."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._waiting: list[tuple[Append, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def append(self, one: Append) -> bool:
        """Whether it was written; if not, somebody else has appended or taken over."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await future

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            left = await self._together(batch) if len(batch) > 1 else batch
            for one, future in left:
                await self._alone(one, future)

    async def _together(
        self, batch: list[tuple[Append, asyncio.Future[bool]]]
    ) -> list[tuple[Append, asyncio.Future[bool]]]:
        """Write them at once; gives those that were not, because they may not be or their row was busy."""
        try:
            written = {n for (n,) in await self._execute(*statement([one for one, _ in batch]))}
        except Exception:  # of one of them, which shall hear of it: none was written
            written = set()
        for n in written:
            _tell(batch[n][1], True)
        return [pair for n, pair in enumerate(batch) if n not in written]

    async def _alone(self, one: Append, future: asyncio.Future[bool]) -> None:
        try:
            _tell(future, bool(await self._execute(*statement([one]))))
        except Exception as error:
            if not future.done():
                future.set_exception(error)


def _tell(future: asyncio.Future[bool], written: bool) -> None:
    if not future.done():  # who asked may have been cancelled meanwhile
        future.set_result(written)
