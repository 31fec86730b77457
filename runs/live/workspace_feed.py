"""One watched workspace: which of its runs have changed, and how many decisions wait for each viewer."""

from __future__ import annotations

import asyncio
import json
import logging
from uuid import UUID

from psycopg import Error
from psycopg_pool import PoolTimeout

from runs.live.reads import Reads
from runs.live.viewer import Send, Viewer

SOON_S = 0.1  # what happens together is told together
PAUSE_S = 0.9  # and no run more often than once a second
RESYNC = '{"type":"changed","what":"resync"}'

log = logging.getLogger(__name__)


class WorkspaceFeed:
    def __init__(self, workspace: UUID, reads: Reads) -> None:
        self.workspace = workspace
        self.viewers: set[WorkspaceViewer] = set()
        self.live: dict[UUID, int] = {}  # runs that have not ended, as far as was heard, by seq
        self._reads = reads
        self._changed: dict[UUID, tuple[str, int]] = {}
        self._recount = False
        self._stirred = asyncio.Event()
        self._teller: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._teller = asyncio.create_task(self._tell())

    def stop(self) -> None:
        if self._teller is not None:
            self._teller.cancel()

    def ring(self, run: UUID, seq: int, status: str, *, approvals: bool) -> None:
        """A run has moved on; `approvals`: so has what waits for people."""
        self._recount = self._recount or approvals
        if self.live.get(run, -1) < seq:
            self._changed[run] = (status, seq)
            self.live[run] = seq
        if status in ("done", "failed", "cancelled"):
            self.live.pop(run, None)
        self._stirred.set()

    def recount(self) -> None:
        self._recount = True
        self._stirred.set()

    async def _tell(self) -> None:
        while True:
            await self._stirred.wait()
            await asyncio.sleep(SOON_S)
            self._stirred.clear()
            changed, self._changed = self._changed, {}
            for run, (status, seq) in changed.items():
                frame = json.dumps({"type": "run", "run": str(run), "status": status, "seq": seq})
                for viewer in self.viewers:
                    viewer.push(frame)
            if self._recount:
                await self._count()
            await asyncio.sleep(PAUSE_S)

    async def _count(self) -> None:
        self._recount = False
        try:
            pending = (await self._reads.pending([self.workspace]))[self.workspace]
            marks = await self._reads.marks(self.workspace, {viewer.user for viewer in self.viewers})
        except (Error, PoolTimeout, OSError) as error:
            log.warning("The approvals of workspace %s could not be counted: %s", self.workspace, error)
            self.recount()
            return
        for viewer in self.viewers:
            mine = marks.get(viewer.user, frozenset())
            viewer.badge(sum(kind.count_for(viewer.user, mine) for kind in pending))


class WorkspaceViewer(Viewer):
    """A client of one workspace's lists and badge."""

    def __init__(self, send: Send, user: UUID, role: int) -> None:
        super().__init__(send, RESYNC)
        self.user, self.role = user, role
        self.following = True
        self._count: int | None = None

    def badge(self, count: int) -> None:
        if count != self._count:
            self._count = count
            self.push(json.dumps({"type": "badge", "approvals": count}))

    async def resynced(self) -> None:
        self.following = True
        self._count = None
