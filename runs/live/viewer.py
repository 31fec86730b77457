"""One client and its bounded queue: a slow one is told to resynchronise instead of filling memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

QUEUE = 256  # frames
Send = Callable[[str], Awaitable[None]]


class Viewer:
    """`push` never waits; `serve` is the only one that sends, at the client's pace."""

    def __init__(self, send: Send, resync: str) -> None:
        self.send = send
        self.following = False
        self._resync = resync  # the frame for a client that fell behind
        self._queue: deque[str] = deque()
        self._fell_behind = False
        self._stirred = asyncio.Event()

    def push(self, frame: str) -> None:
        if not self.following:
            return
        if len(self._queue) >= QUEUE:
            self.drop()
            self._fell_behind = True
        else:
            self._queue.append(frame)
        self._stirred.set()

    def drop(self) -> None:
        """Forget what waits and follow nothing until told to."""
        self.following = False
        self._fell_behind = False
        self._queue.clear()

    def stir(self) -> None:
        """Let `serve` look."""
        self._stirred.set()

    async def prepare(self) -> None:
        """What has to be sent before the queue; called whenever something stirred."""

    async def serve(self) -> None:
        """Send until cancelled."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            await self.prepare()
            if self._fell_behind:
                self._fell_behind = False
                await self.send(self._resync)
                await self.resynced()
            while self._queue:
                await self.send(self._queue.popleft())

    async def resynced(self) -> None:
        """The client knows that it fell behind."""
