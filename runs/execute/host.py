"""The host of this process's runs: one asyncio loop on a thread of its own, fed by Celery's threads."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import redis
import uvloop
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from psycopg_pool import PoolTimeout

from agents.endpoint_state import CHANNEL
from agents.openai_client import close_clients
from agents.queries import ResolvedModel, resolve_models
from agents.topology.graph import ModelRef
from runs.children import care
from runs.execute.endpoint_line import Gates
from runs.execute.heartbeat import Heartbeat
from runs.execute.owners import new_name
from runs.execute.scoped_budgets import Scopes
from runs.execute.segment import Segment
from runs.execute.store import Store
from runs.live.bell import BELL, Ringer
from runs.projections.base import Ref

log = logging.getLogger(__name__)
MODELS_FRESH_S = 5.0
REHEARSAL = UUID(int=0)  # the gate of all rehearsals: what a real endpoint may be asked does not bind them
REHEARSALS_AT_ONCE = 200


class Host:
    """Owns the loop, the connections and the segments. One a process."""

    def __init__(self) -> None:
        self.owner = new_name()
        self.segments: dict[UUID, Segment] = {}
        self.stopping = False
        self.loop = uvloop.new_event_loop()
        self.scopes = Scopes()
        self._room = threading.BoundedSemaphore(settings.RUNS_PER_WORKER)
        self._advancing: set[asyncio.Task[Any]] = set()
        self._models: dict[tuple[UUID, str, bool], tuple[float, dict[tuple[str, str], ResolvedModel]]] = {}
        self.heartbeat = Heartbeat(self.owner, lambda: list(self.segments), self._on_beat, self._on_budgets)
        self._thread = threading.Thread(target=self._run_loop, name="runs", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self.loop).result()
        self.heartbeat.start()

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _open(self) -> None:
        self.store = Store()
        self.ringer = Ringer()
        self.gates = Gates(self.owner)
        await self.store.open()
        self._listener = asyncio.create_task(self._listen())

    # ── from Celery's threads ───────────────────────────────────────────────────────────────────────
    def submit(self, run: UUID) -> None:
        """Hand a run over to the loop. Blocks while the process is full, which holds the queue back."""
        if self.stopping:
            return  # the sweeper offers it again to somebody who stays
        self._room.acquire()
        future = asyncio.run_coroutine_threadsafe(self._advance(run), self.loop)
        future.add_done_callback(lambda _: self._room.release())

    async def _advance(self, run: UUID) -> None:
        if segment := self.segments.get(run):
            segment.nudge()
            return
        task = asyncio.current_task()
        assert task is not None
        self._advancing.add(task)
        task.add_done_callback(self._advancing.discard)
        claim = await self.store.claim(run, self.owner)
        if claim is None:
            return
        self.scopes.learn(claim.workspace, claim.budgets)
        segment = self.segments[run] = Segment(self, claim)
        try:
            await segment.advance()
        except (psycopg.Error, PoolTimeout, OSError) as error:
            # The lease runs out and the sweeper offers the run again; the log is as it was.
            log.warning("Run %s is put off: %s", run, error)
        except Exception as error:
            log.exception("Run %s cannot go on", run)
            await segment.fail(error)
        finally:
            self.segments.pop(run, None)

    def shut_down(self) -> None:
        """Stop dispatching, let calls finish up to SHUTDOWN_SECONDS, park, give up the leases."""
        self.stopping = True
        asyncio.run_coroutine_threadsafe(self._drain(), self.loop).result()
        self.heartbeat.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=5)

    async def _drain(self) -> None:
        for segment in self.segments.values():
            segment.nudge()
        if self._advancing:
            await asyncio.wait(self._advancing, timeout=settings.SHUTDOWN_SECONDS)
        for segment in list(self.segments.values()):
            segment.fence()
        if self._advancing:
            await asyncio.wait(self._advancing, timeout=2)
        self._listener.cancel()
        await close_clients()
        await self.gates.close()
        await self.ringer.close()
        await self.store.close()

    # ── what segments need ──────────────────────────────────────────────────────────────────────────
    async def models(self, ref: Ref, *, simulated: bool) -> dict[tuple[str, str], ResolvedModel]:
        """The endpoints behind the models of a plan, as they are set up now."""
        key = (ref.workspace, ref.plan.digest, simulated)
        now = self.loop.time()
        known = self._models.get(key)
        if known is None or now - known[0] > MODELS_FRESH_S:
            agents = ref.plan.team.agents.values()
            refs = {model for agent in agents for model in agent.spec.models}
            found = await sync_to_async(_resolve)(ref.workspace, refs)
            if simulated:
                found = {name: rehearsed(model) for name, model in found.items()}
            known = self._models[key] = (now, found)
        return known[1]

    def care_for(self, run: UUID) -> None:
        """Start, tell or stop runs of sub-teams that have to do with `run`; the sweeper does it too."""
        _ = self.loop.run_in_executor(None, _care, run)

    # ── signals ─────────────────────────────────────────────────────────────────────────────────────
    def _on_beat(self, asked: list[UUID], renewed: dict[UUID, int]) -> None:
        self.loop.call_soon_threadsafe(self._after_beat, asked, renewed)

    def _on_budgets(self, rows: list[Any] | None) -> None:
        self.loop.call_soon_threadsafe(self.scopes.learn_all, rows)

    def _after_beat(self, asked: list[UUID], renewed: dict[UUID, int]) -> None:
        for run in asked:
            segment = self.segments.get(run)
            if segment is None:
                continue
            if run in renewed:
                segment.ring(renewed[run])
            else:
                segment.fence()

    async def _listen(self) -> None:
        """The doorbells of runs that live here: stop and approvals are seen while a call is in flight."""
        while True:
            try:
                async with self.ringer.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(BELL, CHANNEL)
                    async for message in pubsub.listen():
                        self._on_bell(message)
            except (redis.RedisError, OSError) as error:
                log.warning("The doorbell is not heard: %s", error)
                await asyncio.sleep(1)

    def _on_bell(self, message: dict[str, Any]) -> None:
        with suppress(ValueError, KeyError, TypeError):
            if message["channel"] == CHANNEL.encode():
                return self.gates.hear(message["data"].decode())
            for rung in json.loads(message["data"]):
                if segment := self.segments.get(UUID(rung["run"])):
                    segment.ring(int(rung["seq"]))


def _care(run: UUID) -> None:
    close_old_connections()
    try:
        care(run)
    except Exception:
        log.exception("Sub-teams of run %s are left to the sweeper", run)
    finally:
        close_old_connections()


def _resolve(workspace: UUID, refs: set[ModelRef]) -> dict[tuple[str, str], ResolvedModel]:
    close_old_connections()
    return resolve_models(workspace, refs)


def rehearsed(model: ResolvedModel) -> ResolvedModel:
    """The same model as a rehearsal asks it: simulated, at the price of the real one, at another gate."""
    return replace(
        model,
        endpoint_id=REHEARSAL,
        concurrency=REHEARSALS_AT_ONCE,
        requests_per_minute=None,
        tokens_per_minute=None,
        base_url=settings.REHEARSAL_URL,
        api_key="",
        model="rehearsal",
        capabilities={"tools": True, "json_schema": True},
        simulated=True,
    )


_host: Host | None = None
_lock = threading.Lock()


def host() -> Host:
    """This process's host, started at first use: after Celery has forked, if it forks."""
    global _host
    with _lock:
        if _host is None:
            _host = Host()
        return _host


def shut_down() -> None:
    if _host is not None:
        _host.shut_down()
