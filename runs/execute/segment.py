"""One claimed run, from its claim to its park, end or loss: fold, decide, commit, dispatch, wait."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec
from django.conf import settings

from runs.engine import events as ev
from runs.engine.budget import is_held
from runs.engine.commands import AbortCall, Command, Compute, Record, StartModelCall, StartToolCall
from runs.engine.completion import consequences
from runs.engine.content import Content, ContentMissing
from runs.engine.decide import decide, status
from runs.engine.fold import fold
from runs.engine.kind import NodeView
from runs.engine.state import RunState
from runs.execute import failpoints, model_calls, tool_calls
from runs.execute.cache import Earlier
from runs.execute.clock import now_us
from runs.execute.dispatch import Dispatch, Fact, Key
from runs.execute.endpoint_line import Line
from runs.execute.recover import Lost, lost_calls
from runs.execute.scoped_budgets import RunScopes
from runs.execute.store import Claim
from runs.log import Draft, Head
from runs.projections.base import Ref

if TYPE_CHECKING:
    from agents.queries import ResolvedModel
    from runs.execute.host import Host

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_STEPS = 100_000  # of one thought; a graph that never comes to rest is a defect, not a wait


class Fenced(Exception):
    """Another process owns the run now, or may: nothing more may be appended or sent."""


class Segment:
    def __init__(self, host: Host, claim: Claim) -> None:
        self.host = host
        self.claim = claim
        self.run = claim.run
        self.content = Content()
        self.inflight: dict[Key, tuple[Dispatch, asyncio.Task[Fact]]] = {}
        self.facts: list[Fact] = []  # happened, not yet committed
        self.signal = asyncio.Event()
        self.line = Line(host.gates, claim.run, self.signal.set)  # calls before the gates of their endpoints
        self.stale = False  # somebody else appended
        self.short = False  # calls wait until others in flight leave room under a limit
        self.scopes = RunScopes(host.scopes, host.store, claim)
        self.fenced = False
        self.defect: BaseException | None = None  # a call ended as none may
        self.models: dict[tuple[str, str], ResolvedModel] = {}
        self.ref: Ref
        self.earlier: Earlier
        self.draft: Draft

    # ── the loop ────────────────────────────────────────────────────────────────────────────────────
    async def advance(self) -> None:
        """Take the run as far as it goes. Leaves nothing of it behind in this process."""
        try:
            self.ref = Ref(
                self.run, self.claim.workspace, await self.host.store.plan(self.claim.team_version)
            )
            self.content.texts |= self.claim.content
            self.earlier = Earlier(self.host.store, self.ref, self.content)
            await self._load(self.claim.head, self.claim.events)
            self.models = await self.host.models(self.ref, simulated=self.draft.state.mode == "simulated")
            self.facts += lost_calls(self.draft.state)
            while await self._turn():
                await self._wait()
        except Fenced:
            log.info("Run %s is owned by another worker now", self.run)
        finally:
            await self._drop_inflight()

    async def _turn(self) -> bool:
        """Everything that can be decided now, in one commit; False when the run was let go."""
        if self.stale:
            await self._reload()
        taken, self.facts = self.facts, []  # calls go on ending while this turn waits for the database
        for fact in taken:
            self._add_all(fact.events(self.draft.state, self.content))
        failpoints.hit("before the result's commit", self.run, self.draft.events)
        self._fire_timers()
        ready = [] if self.host.stopping else await self._think()
        if self.host.stopping:
            self.line.leave()
        busy = ready or self.inflight or self.facts or self.line.waits
        release = not (busy or self._timer_is_near())
        if not await self._commit(release):
            self.facts = taken + self.facts
            self.stale = True
            return await self._turn()
        self.line.sent(ready)
        for dispatch in ready:
            self._send(dispatch)
        if ready:
            failpoints.hit("after dispatch", self.run)
        await self.scopes.settle()
        return not release

    async def _wait(self) -> None:
        """Until a call ends, a timer is due, or somebody rings."""
        timers = [timer.due_at for timer in self.draft.state.open_timers()]
        timeout = max((min(timers) - now_us()) / 1e6, 0.0) if timers else None
        if not self.signal.is_set():
            try:
                async with asyncio.timeout(timeout):
                    await self.signal.wait()
            except TimeoutError:
                pass
        self.signal.clear()
        if self.fenced:
            raise Fenced
        if self.defect is not None:
            raise self.defect

    # ── thinking ────────────────────────────────────────────────────────────────────────────────────
    async def _think(self) -> list[Dispatch]:
        """Fold and decide until nothing more follows; returns what is to be sent after the commit."""
        ready: list[Dispatch] = []
        aborted: set[Key] = set()
        self.short = False
        for _ in range(MAX_STEPS):
            wanted = self.line.beyond(decide(self.draft.state, self.ref.plan))
            commands = [c for c in wanted if not self._is_under_way(c, aborted)]
            if not commands:
                return ready
            for command in commands:
                dispatch = await self._carry_out(command, ready, aborted)
                if dispatch is not None:
                    ready.append(dispatch)
        raise RuntimeError(f"Run {self.run} does not come to rest.")

    def _is_under_way(self, command: Command, aborted: set[Key]) -> bool:
        """What was asked for already, and waits for something: an abort, or room under a limit."""
        if isinstance(command, StartModelCall):
            return self.short
        return isinstance(command, AbortCall) and (command.call, command.attempt) in aborted

    async def _carry_out(self, command: Command, ready: list[Dispatch], aborted: set[Key]) -> Dispatch | None:
        state, plan = self.draft.state, self.ref.plan
        match command:
            case Record() | Compute():
                self._add_all(await self._pure(lambda: consequences(command, plan, state, self.content)))
            case StartModelCall():
                return await self._start_model(command)
            case StartToolCall():
                view = NodeView(plan, state, command.path)
                started, dispatch = await self._pure(
                    lambda: tool_calls.prepare(command, view, self.ref, self.content)
                )
                if instead := await self.earlier.tool(dispatch, view):
                    self._add_all(instead)
                    return None
                self._add(started)
                return dispatch
            case AbortCall():
                aborted.add((command.call, command.attempt))
                self._abort(command, ready)
        return None

    async def _start_model(self, command: StartModelCall) -> Dispatch | None:
        if self.short or is_held(self.draft.state):
            return None
        view = NodeView(self.ref.plan, self.draft.state, command.path)
        prepared = await self._pure(
            lambda: model_calls.prepare(
                command,
                view,
                self.ref,
                self.content,
                self.models,
                on_text=self._on_text,
            )
        )
        if prepared.dispatch is not None:
            if instead := await self.earlier.model(prepared.dispatch, view):
                self._add_all(instead)
                return None
            if prepared.hindered is not None:
                self._stand_back(prepared.hindered)
                return None
        admitted = await self.line.admit(prepared)
        if admitted is None or admitted.event is None:  # it waits for its turn; nothing is reserved yet
            return None
        draft, dispatch = self.draft, admitted.dispatch
        if dispatch is not None:
            hindered = await self.scopes.reserve(dispatch, draft.events, draft.state, self.content)
            if hindered is not None:
                self._stand_back(hindered)
                return None
        self._add(admitted.event)
        return dispatch

    def _stand_back(self, hindered: ev.Event | Literal["later"]) -> None:
        """A limit keeps a call from starting: say why, or let calls in flight end first."""
        if hindered == "later":
            self.short = True
        else:
            self._add(hindered)

    async def _pure(self, function: Callable[[], T]) -> T:
        """Call it, loading the content it finds missing until it finds none."""
        while True:
            try:
                return function()
            except ContentMissing as missing:
                self.content.texts |= await self.host.store.blobs(self.ref.workspace, missing.digests)

    def _abort(self, command: AbortCall, ready: list[Dispatch]) -> None:
        """Stop a call in flight: its outcome arrives as a fact, or is recorded if nobody performs it."""
        key = (command.call, command.attempt)
        sent = self.inflight.get(key)
        if sent is None:
            ready[:] = [dispatch for dispatch in ready if dispatch.key != key]
            call = self.draft.state.node(command.path).calls[command.call]
            self._add_all(Lost.of(call).events(self.draft.state, self.content))
        elif sent[0].abortable and not sent[1].cancelling():
            sent[1].cancel()

    def _add_all(self, events: Iterable[ev.Event]) -> None:
        for event in events:
            self._add(event)

    def _add(self, event: ev.Event) -> None:
        self.draft.add(msgspec.structs.replace(event, at=now_us()))

    # ── timers ──────────────────────────────────────────────────────────────────────────────────────
    def _fire_timers(self) -> None:
        now = now_us()
        for timer in self.draft.state.open_timers():
            if timer.due_at <= now:
                self._add(ev.TimerFired(path=timer.path, key=timer.key))

    def _timer_is_near(self) -> bool:
        """Whether waiting here is cheaper than parking and being woken by the sweeper."""
        horizon = now_us() + int(2e6 * settings.SWEEP_SECONDS)
        return not self.host.stopping and any(t.due_at <= horizon for t in self.draft.state.open_timers())

    # ── the log ─────────────────────────────────────────────────────────────────────────────────────
    async def _load(self, head: Head, events: list[ev.AnyEvent] | None = None) -> None:
        state = RunState()
        events = events if events is not None else await self.host.store.events(self.run)
        failpoints.saw(self.run, events)
        for event in events:
            fold(state, event)
        if state.seq != head.seq:  # an input event came between claim and load
            current = await self.host.store.head(self.run)
            if current is None or current.epoch != head.epoch:
                raise Fenced
            if current.seq != state.seq:
                return await self._load(current)
            head = current
        self.draft = Draft(self.ref, head, state)

    async def _reload_whole(self) -> None:
        self.draft = Draft(self.ref, Head(-1, b"", self.claim.head.epoch), RunState())
        await self._reload()

    async def _reload(self) -> None:
        head = await self.host.store.head(self.run)
        if head is None or head.epoch != self.draft.head.epoch:
            raise Fenced
        if head.seq != self.draft.head.seq or self.draft.events:
            await self._load(head)
            # an append may have been written although its answer was lost: nobody makes the calls it started
            calls = self.draft.state.open_calls()
            self.facts += [Lost.of(call) for call in calls if (call.id, call.attempt) not in self.inflight]
        self.stale = False

    async def _commit(self, release: bool) -> bool:
        """Append what was added; False when the log had moved on. Raises Fenced when it is too late."""
        self._check_lease()
        draft, store = self.draft, self.host.store
        if release:
            failpoints.hit("during park", self.run, draft.events)
        if not draft.events:
            return not release or await store.park(self.run, draft.head, runnable=self.host.stopping)
        runnable = not release or (self.host.stopping and not draft.state.ended)
        append = draft.append(self.content.fresh, runnable=runnable, release=release)
        failpoints.hit("before commit", self.run, draft.events)
        if not await store.append(append):
            return False
        failpoints.hit("after commit", self.run, draft.events)
        approvals = any(isinstance(e, ev.APPROVALS_CHANGED) for e in draft.events)
        approvals = approvals or bool(draft.state.ended)
        self.scopes.committed(draft.events, draft.state)
        self.draft = Draft(self.ref, append.head, draft.state)
        self.content.fresh.clear()
        await self.earlier.keep(draft)
        if "runs_childrun" in draft.rows or (draft.state.ended and draft.state.parent):
            self.host.care_for(self.run)
        self.host.ringer.ring(self.run, self.ref.workspace, append.head.seq, status(draft.state), approvals)
        return True

    def _check_lease(self) -> None:
        if self.fenced or time.monotonic() > self.host.heartbeat.good_until:
            raise Fenced

    # ── calls ───────────────────────────────────────────────────────────────────────────────────────
    def _send(self, dispatch: Dispatch) -> None:
        self._check_lease()
        task = asyncio.create_task(dispatch.perform())
        self.inflight[dispatch.key] = (dispatch, task)
        task.add_done_callback(lambda done: self._performed(dispatch, done))

    def _performed(self, dispatch: Dispatch, task: asyncio.Task[Fact]) -> None:
        """Take what came of a call; also of one that was aborted before it had begun."""
        if self.inflight.pop(dispatch.key, None) is None:
            return  # dropped: whoever has the run now records it as lost
        self.host.ringer.forget(self.run, *dispatch.key)
        if task.cancelled():
            self.facts.append(dispatch.aborted())
        elif error := task.exception():
            self.defect = error
        else:
            self.facts.append(task.result())
        self.signal.set()

    def _on_text(self, call: str, attempt: int, delta: str) -> None:
        self.host.ringer.text(self.run, call, attempt, delta)

    async def _drop_inflight(self) -> None:
        self.line.leave()
        tasks = [task for _, task in self.inflight.values()]
        self.inflight.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def fail(self, error: Exception) -> None:
        """End the run with the defect that stopped it, so that it does not come back for ever."""
        message = f"Troupe could not go on ({type(error).__name__}: {str(error)[:200]})."
        if not hasattr(self, "ref"):
            return  # not even its plan could be read; the log keeps it for a worker that can
        self.facts.clear()
        await self._reload_whole()
        self._add_all(
            event
            for lost in lost_calls(self.draft.state)
            for event in lost.events(self.draft.state, self.content)
        )
        self._add(ev.RunFailed(code="internal", message=message))
        await self._commit(release=True)

    # ── called from outside, on the loop ────────────────────────────────────────────────────────────
    def ring(self, seq: int) -> None:
        """The log is at `seq` at least."""
        if seq > self.draft_seq:
            self.stale = True
            self.signal.set()

    def fence(self) -> None:
        self.fenced = True
        self.signal.set()

    def nudge(self) -> None:
        self.signal.set()

    @property
    def draft_seq(self) -> int:
        return self.draft.head.seq if hasattr(self, "draft") else self.claim.head.seq
