"""One watched run: one reader for all its viewers, each batch serialised once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

from django.conf import settings
from psycopg import Error
from psycopg_pool import PoolTimeout

from runs.live.frames import events_frame
from runs.live.reads import Line, Reads
from runs.live.viewer import Send, Viewer

PAGE = 1_000  # events in one frame
RETRY_S = 1.0
RESYNC = '{"type":"resync"}'
ENDED = '{"type":"ended"}'
ENDS = frozenset({"RunCompleted", "RunFailed", "RunCancelled"})
Texts = Callable[[UUID, list[str]], Awaitable[list[str]]]

log = logging.getLogger(__name__)


class RunFeed:
    """`texts` gives the frames with the text so far of some calls in flight."""

    def __init__(self, run: UUID, reads: Reads, texts: Texts) -> None:
        self.run = run
        self.head = 0
        self.ended = False
        self.viewers: set[RunViewer] = set()
        self._reads, self._texts = reads, texts
        self._rung = asyncio.Event()
        self._lock = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        found = (await self._reads.heads([self.run])).get(self.run)
        if found is not None:
            self.head, self.ended = found.seq, found.status in ("done", "failed", "cancelled")
        self._reader = asyncio.create_task(self._read())

    def stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()

    def ring(self, seq: int) -> None:
        """There may be events up to `seq`."""
        if seq > self.head:
            self._rung.set()

    def push(self, frame: str) -> None:
        for viewer in self.viewers:
            viewer.push(frame)

    # ── new events ──────────────────────────────────────────────────────────────────────────────────
    async def _read(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                await self._take_new()
            except (Error, PoolTimeout, OSError) as error:
                log.warning("Run %s could not be read for its viewers: %s", self.run, error)
                self._rung.set()
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep(settings.DOORBELL_SECONDS)

    async def _take_new(self) -> None:
        """Read on from the head and hand every batch to all viewers."""
        async with self._lock:
            while lines := await self._reads.events(self.run, self.head, PAGE):
                self.head = lines[-1].seq
                self.push(_frame(lines, self.head))
                if any(line.type in ENDS for line in lines):
                    self.ended = True
                    self.push(ENDED)
                if len(lines) < PAGE:
                    return

    # ── one viewer ──────────────────────────────────────────────────────────────────────────────────
    async def catch_up(self, viewer: RunViewer, after: int) -> None:
        """Send everything behind `after`; from then on the viewer follows."""
        if after > self.head:
            await self._take_new()
        cursor = min(after, self.head)
        sent = False
        while cursor < self.head:
            lines = await self._reads.events(self.run, cursor, PAGE)
            lines = [line for line in lines if line.seq <= self.head]
            if not lines:
                break
            cursor, sent = lines[-1].seq, True
            await viewer.send(_frame(lines, self.head))
        viewer.following = True  # nothing was awaited since the head was compared
        if not sent:
            viewer.push(_frame([], self.head))
        if self.ended:
            viewer.push(ENDED)
            return
        for frame in await self._texts(self.run, await self._reads.open_calls(self.run)):
            viewer.push(frame)


class RunViewer(Viewer):
    """A client of one run; `subscribe` says what it has."""

    def __init__(self, feed: RunFeed, send: Send) -> None:
        super().__init__(send, RESYNC)
        self.feed = feed
        self._after: int | None = None

    def subscribe(self, after: int) -> None:
        self._after = max(after, 0)
        self.stir()

    async def prepare(self) -> None:
        if self._after is not None:
            after, self._after = self._after, None
            self.drop()
            await self.feed.catch_up(self, after)


def _frame(lines: list[Line], head: int) -> str:
    return events_frame((line.json for line in lines), head)
