"""The live hub of a web process: one subscription, one reader a watched run, any number of viewers.

Rings from Redis are only hints: watched runs are also polled, and a lost connection is made again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import redis.asyncio
from django.conf import settings
from psycopg import Error
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from runs.live.bell import BELL, TEXT
from runs.live.guests import Guests
from runs.live.reads import Reads
from runs.live.run_feed import RunFeed, RunViewer
from runs.live.workspace_feed import WorkspaceFeed, WorkspaceViewer

RETRY_S = 1.0
CHECK_S = 30.0

log = logging.getLogger(__name__)


class Hub:
    """Opens its connections with the first viewer and closes them after the last."""

    def __init__(self) -> None:
        self.guests = Guests()
        self._reads: Reads | None = None
        self._redis: Any = None
        self._pubsub: Any = None
        self._runs: dict[UUID, RunFeed] = {}
        self._workspaces: dict[UUID, WorkspaceFeed] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._door = asyncio.Lock()

    # ── coming and going ────────────────────────────────────────────────────────────────────────────
    async def watch_run(self, run: UUID, send: Callable[[str], Coroutine[Any, Any, None]]) -> RunViewer:
        async with self._door:
            reads = await self._open()
            feed = self._runs.get(run)
            if feed is None:
                feed = RunFeed(run, reads, self._texts)
                await self._subscribe(f"{TEXT}{run}")
                await feed.start()
                self._runs[run] = feed
            viewer = RunViewer(feed, send)
            feed.viewers.add(viewer)
            return viewer

    async def leave_run(self, viewer: RunViewer) -> None:
        async with self._door:
            feed = viewer.feed
            feed.viewers.discard(viewer)
            if not feed.viewers and self._runs.get(feed.run) is feed:
                del self._runs[feed.run]
                feed.stop()
                await self._unsubscribe(f"{TEXT}{feed.run}")
            await self._close_if_empty()

    async def watch_workspace(
        self, workspace: UUID, send: Callable[[str], Coroutine[Any, Any, None]], user: UUID, role: int
    ) -> WorkspaceViewer:
        async with self._door:
            reads = await self._open()
            feed = self._workspaces.get(workspace)
            if feed is None:
                feed = self._workspaces[workspace] = WorkspaceFeed(workspace, reads)
                feed.start()
            viewer = WorkspaceViewer(send, user, role)
            feed.viewers.add(viewer)
            feed.recount()
            return viewer

    async def leave_workspace(self, workspace: UUID, viewer: WorkspaceViewer) -> None:
        async with self._door:
            feed = self._workspaces.get(workspace)
            if feed is not None:
                feed.viewers.discard(viewer)
                if not feed.viewers:
                    del self._workspaces[workspace]
                    feed.stop()
            await self._close_if_empty()

    async def _open(self) -> Reads:
        if self._reads is None:
            reads = Reads()
            await reads.open()
            self._reads = reads
            self._redis = redis.asyncio.Redis.from_url(settings.REDIS, socket_connect_timeout=2)
            self._pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
            await self._subscribe(BELL)
            self._tasks = [asyncio.create_task(run()) for run in (self._listen, self._poll, self._check)]
        return self._reads

    async def _close_if_empty(self) -> None:
        if self._runs or self._workspaces or self._reads is None:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        reads, self._reads, self._tasks = self._reads, None, []
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.aclose()
            await self._redis.aclose()
        await reads.close()

    # ── the subscription ────────────────────────────────────────────────────────────────────────────
    async def _subscribe(self, channel: str) -> None:
        """Without Redis the poll still finds everything but the text as it is written."""
        try:
            await self._pubsub.subscribe(channel)
        except (RedisError, OSError) as error:
            log.warning("Live signals are not heard: %s", error)

    async def _unsubscribe(self, channel: str) -> None:
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.unsubscribe(channel)

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._pubsub.get_message(timeout=None)
                if message is not None and message["type"] == "message":
                    self._hear(message["channel"].decode(), message["data"].decode())
            except (RedisError, OSError, RuntimeError) as error:
                log.warning("Live signals are not heard, trying again: %s", error)
                await asyncio.sleep(RETRY_S)
                await self._subscribe_again()

    async def _subscribe_again(self) -> None:
        old, self._pubsub = self._pubsub, self._redis.pubsub(ignore_subscribe_messages=True)
        with contextlib.suppress(RedisError, OSError):
            await old.aclose()
        for channel in [BELL, *(f"{TEXT}{run}" for run in self._runs)]:
            await self._subscribe(channel)

    def _hear(self, channel: str, data: str) -> None:
        if channel == BELL:
            for bell in json.loads(data):
                run, workspace = UUID(bell["run"]), UUID(bell["workspace"])
                self._ring(run, workspace, bell["seq"], bell["status"], approvals=bell["approvals"])
        elif feed := self._runs.get(UUID(channel.removeprefix(TEXT))):
            feed.push(f'{{"type":"text",{data[1:]}')

    def _ring(self, run: UUID, workspace: UUID, seq: int, status: str, *, approvals: bool) -> None:
        if feed := self._runs.get(run):
            feed.ring(seq)
        if lists := self._workspaces.get(workspace):
            lists.ring(run, seq, status, approvals=approvals)

    async def _texts(self, run: UUID, calls: list[str]) -> list[str]:
        """The text so far of calls in flight, as frames."""
        if not calls:
            return []
        try:
            found = await self._redis.hmget(f"{TEXT}{run}", calls)
        except (RedisError, OSError):
            return []
        frames = []
        for key, text in zip(calls, found, strict=True):
            if text is not None:
                call, _, attempt = key.rpartition("#")
                frame = {"type": "text", "call": call, "attempt": int(attempt), "offset": 0}
                frames.append(json.dumps({**frame, "text": text.decode()}))
        return frames

    # ── in case a ring was lost, or a guest has to go ───────────────────────────────────────────────
    async def _poll(self) -> None:
        while self._reads is not None:
            await asyncio.sleep(settings.POLL_SECONDS)
            watched = {run for run, feed in self._runs.items() if not feed.ended}
            known = {run: seq for feed in self._workspaces.values() for run, seq in feed.live.items()}
            if not watched and not known:
                continue
            try:
                heads = await self._reads.heads(watched | known.keys())
            except (Error, PoolTimeout, OSError) as error:
                log.warning("Watched runs could not be polled: %s", error)
                continue
            for run, head in heads.items():
                missed = head.seq > known.get(run, head.seq)
                self._ring(run, head.workspace, head.seq, head.status, approvals=missed)

    async def _check(self) -> None:
        while self._reads is not None:
            await asyncio.sleep(CHECK_S)
            try:
                await self.guests.check(self._reads)
            except (Error, PoolTimeout, OSError) as error:
                log.warning("The members behind open sockets could not be checked: %s", error)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of this process's loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
