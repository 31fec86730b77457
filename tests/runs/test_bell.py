"""The workers' doorbell: coalesced, and never left unrung."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

from runs.live.bell import Ringer


class SlowRedis:
    """Takes what is published, batch by batch, each when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.waiting: list[int] = []
        self.may_go = asyncio.Event()
        self.under_way = asyncio.Event()

    def pipeline(self, *, transaction: bool) -> SlowRedis:
        return self

    def publish(self, channel: str, message: str) -> None:
        self.waiting += [bell["seq"] for bell in json.loads(message)]

    async def execute(self) -> None:
        taken, self.waiting = self.waiting, []
        self.under_way.set()
        await self.may_go.wait()
        self.batches.append(taken)

    async def aclose(self) -> None:
        pass


async def test_what_is_rung_while_a_batch_is_under_way_is_sent_as_well(settings: Any) -> None:
    settings.DOORBELL_SECONDS = 0
    ringer, run, workspace = Ringer(), uuid4(), uuid4()
    ringer.redis = slow = SlowRedis()
    ringer.ring(run, workspace, 1, "running", False)
    await slow.under_way.wait()
    ringer.ring(run, workspace, 2, "running", False)
    ringer.ring(run, workspace, 3, "done", False)
    slow.may_go.set()
    await ringer.close()
    assert slow.batches == [[1], [3]]
