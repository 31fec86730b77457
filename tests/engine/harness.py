"""A whole engine in memory: a simulated clock, store, model and tools around the real fold and decide.

No database, no network, no threads: a run of ten nodes takes milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from agents.topology.graph import PinnedTeam
from runs.engine import budget as budgets
from runs.engine import events as ev
from runs.engine import fallback
from runs.engine.commands import AbortCall, Compute, Record, StartModelCall, StartToolCall
from runs.engine.completion import consequences
from runs.engine.content import Content
from runs.engine.decide import decide
from runs.engine.dialects import DIALECTS
from runs.engine.dialects.base import Prompt
from runs.engine.fold import fold
from runs.engine.keys import idempotency_key
from runs.engine.kind import NodeView
from runs.engine.plan import Plan
from runs.engine.state import RunState
from runs.execute.recover import lost_calls

RUN = UUID(int=1)
SECOND = 1_000_000


@dataclass
class Says:
    """What the simulated model answers: a text, tool calls, or a failure."""

    text: str = ""
    tools: Sequence[tuple[str, Any]] = ()  # (name, arguments); a str is sent as it is
    fails: str = ""
    retryable: bool = True
    retry_after_s: float | None = None
    tokens: int = 10
    takes_s: float = 1.0


@dataclass
class Held:
    """A closed endpoint: why, and for how long."""

    code: str = "breaker_open"
    after_s: float | None = 10.0


Model = Callable[[Prompt, int], Says]
Tool = Callable[[dict[str, Any]], Any]


@dataclass
class Call:
    started: ev.ModelCallStarted | ev.ToolCallStarted
    prompt: Prompt | None
    due_at: int
    arguments: Any = None


@dataclass
class Engine:
    """One run. `model(prompt, attempt)` answers calls; `tools` maps names to functions."""

    team: PinnedTeam
    model: Model
    tools: dict[str, Tool] = field(default_factory=dict)
    capabilities: dict[str, bool] = field(default_factory=dict)
    able: dict[str, dict[str, bool]] = field(default_factory=dict)  # by endpoint, where they differ
    gate: Callable[[str], Held | None] = lambda endpoint: None  # what closes an endpoint, if anything does
    price: Decimal | None = Decimal("0.001")
    now: int = SECOND

    def __post_init__(self) -> None:
        self.plan = Plan(self.team, "plan")
        self.content = Content()
        self.state = RunState()
        self.log: list[ev.Event] = []
        self.inflight: dict[tuple[str, int], Call] = {}
        self.sent: list[tuple[str, int]] = []  # every dispatch ever made
        self.ran: list[tuple[str, str]] = []  # every tool execution: (tool, idempotency key)
        self.prompts: dict[str, Prompt] = {}

    def start(self, value: Any = None, **limits: Any) -> Engine:
        digest = self.content.put(value if value is not None else {"topic": "tea"})
        self.add(
            ev.RunStarted(
                team_version="v", plan_digest="plan", input=digest, mode="live", by="me", via="test", **limits
            )
        )
        return self

    def add(self, event: ev.Event) -> None:
        event = msgspec.structs.replace(event, at=self.now)
        fold(self.state, event)
        self.log.append(event)

    # ── the shell ───────────────────────────────────────────────────────────────────────────────────
    def think(self) -> None:
        """Everything that follows without anything coming in from outside."""
        aborted: set[tuple[str, int]] = set()
        self.short = False  # whether calls wait for others in flight to leave room under a limit
        for _ in range(10_000):
            commands = [c for c in decide(self.state, self.plan) if not self._done(c, aborted)]
            if self.short:
                commands = [c for c in commands if not isinstance(c, StartModelCall)]
            if not commands:
                return
            for command in commands:
                self.carry_out(command, aborted)
        raise AssertionError("The engine does not come to rest.")

    def _done(self, command: Any, aborted: set[tuple[str, int]]) -> bool:
        return isinstance(command, AbortCall) and (command.call, command.attempt) in aborted

    def carry_out(self, command: Any, aborted: set[tuple[str, int]]) -> None:
        match command:
            case Record() | Compute():
                for event in consequences(command, self.plan, self.state, self.content):
                    self.add(event)
            case StartModelCall():
                self._start_model(command)
            case StartToolCall():
                self._start_tool(command)
            case AbortCall():
                aborted.add((command.call, command.attempt))
                self._abort(command)

    def _start_model(self, command: StartModelCall) -> None:
        view = NodeView(self.plan, self.state, command.path)
        prompt = self.plan.kind(command.path).prompt(view, command.turn, self.content)
        prompt = fallback.aimed(view, prompt)
        dialect = fallback.dialect_for(view, prompt, self.able.get(prompt.model.endpoint, self.capabilities))
        append: list[str] = []
        if command.call not in view.state.calls:
            transcript = view.state.transcript[view.state.opened :]
            messages = dialect.replies(prompt) if transcript else dialect.opening(prompt)
            append = [self.content.put(message) for message in messages]
        if held := self.gate(prompt.model.endpoint):
            self.add(
                ev.ModelCallHeld(
                    path=command.path,
                    call=command.call,
                    attempt=command.attempt,
                    agent=prompt.agent,
                    endpoint=prompt.model.endpoint,
                    model=prompt.model.model,
                    code=held.code,  # type: ignore[arg-type]
                    message=f"{prompt.model.endpoint} is closed",
                    after_s=held.after_s,
                )
            )
            return
        reserved = None if self.price is None else self.price * 100
        if self.short or budgets.is_held(self.state):
            return
        hindered = budgets.before_call(
            self.state,
            budgets.Amount(reserved, 100, 1),
            elapsed_s=(self.now - self.state.started_at) / SECOND,
            path=command.path,
            call=command.call,
            content=self.content,
        )
        if hindered is not None:
            self.short = hindered == "later"
            if hindered != "later":
                self.add(hindered)
            return
        started = ev.ModelCallStarted(
            path=command.path,
            call=command.call,
            attempt=command.attempt,
            turn=command.turn,
            endpoint=prompt.model.endpoint,
            model=prompt.model.model,
            dialect=dialect.name,
            append=tuple(append),
            request="r",
            idempotency_key=idempotency_key(RUN, command.call, command.attempt),
            max_tokens=50,
            reserved_tokens=100,
            reserved_cost=None if reserved is None else str(reserved),
            agent=prompt.agent,
        )
        self.add(started)
        self.prompts[command.call] = prompt
        says = self.model(prompt, command.attempt)
        self._send(Call(started, prompt, self.now + int(says.takes_s * SECOND), says))

    def _start_tool(self, command: StartToolCall) -> None:
        view = NodeView(self.plan, self.state, command.path)
        call = view.state.calls[command.call]
        approval = view.state.approvals.get(command.approval)
        digest = approval.edited if approval and approval.edited else call.arguments
        started = ev.ToolCallStarted(
            path=command.path,
            call=call.id,
            attempt=command.attempt,
            tool=call.name,
            arguments=digest,
            effect=call.effect,  # type: ignore[arg-type]
            idempotency_key=idempotency_key(RUN, call.id),
            approval=command.approval,
        )
        self.add(started)
        self.ran.append((call.name, started.idempotency_key))
        self._send(Call(started, None, self.now + SECOND, self.content.get(digest)))

    def _send(self, call: Call) -> None:
        key = (call.started.call, call.started.attempt)
        assert key not in self.sent, f"{key} was dispatched twice"
        self.sent.append(key)
        self.inflight[key] = call

    def _abort(self, command: AbortCall) -> None:
        call = self.inflight.pop((command.call, command.attempt), None)
        if call is None:
            return
        if isinstance(call.started, ev.ToolCallStarted):
            self.add(
                ev.ToolCallFailed(
                    path=command.path,
                    call=command.call,
                    attempt=command.attempt,
                    code="cancelled",
                    message="stopped",
                )
            )
        else:
            charge = ev.Charge(status="estimated", usage=ev.Usage(input_tokens=1), cost="0.0001")
            self.add(
                ev.ModelCallFailed(
                    path=command.path,
                    call=command.call,
                    attempt=command.attempt,
                    code="cancelled",
                    message="stopped",
                    charge=charge,
                )
            )

    # ── the world ───────────────────────────────────────────────────────────────────────────────────
    def settle(self, key: tuple[str, int]) -> None:
        """The call in flight ends as the model or the tool says."""
        call = self.inflight.pop(key)
        self.now = max(self.now, call.due_at)
        if isinstance(call.started, ev.ModelCallStarted):
            self._answer(call)
        else:
            result = self.tools[call.started.tool](call.arguments)
            self.add(
                ev.ToolCallCompleted(
                    path=call.started.path, call=key[0], attempt=key[1], result=self.content.put(result)
                )
            )

    def _answer(self, call: Call) -> None:
        started, says = call.started, call.arguments
        assert isinstance(started, ev.ModelCallStarted)
        about: dict[str, Any] = {"path": started.path, "call": started.call, "attempt": started.attempt}
        if says.fails:
            self.add(
                ev.ModelCallFailed(
                    **about,
                    code=says.fails,
                    message=says.fails,
                    retryable=says.retryable,
                    retry_after_s=says.retry_after_s,
                )
            )
            return
        message: dict[str, Any] = {"role": "assistant", "content": says.text}
        if says.tools:
            message["tool_calls"] = [
                {
                    "id": f"c{n}",
                    "function": {"name": name, "arguments": a if isinstance(a, str) else json.dumps(a)},
                }
                for n, (name, a) in enumerate(says.tools)
            ]
        assert call.prompt is not None
        decoded = DIALECTS[started.dialect].decode(message, call.prompt)
        tools = tuple(
            ev.RequestedTool(
                call=f"{started.call}/t{n}", id=call_id, name=name, arguments=self.content.put(arguments)
            )
            for n, (call_id, name, arguments) in enumerate(decoded.tools, start=1)
        )
        usage = ev.Usage(input_tokens=says.tokens, output_tokens=says.tokens)
        cost = None if self.price is None else str(self.price * says.tokens)
        self.add(
            ev.ModelCallCompleted(
                **about,
                message=self.content.put(message),
                charge=ev.Charge(status="settled", usage=usage, cost=cost),
                tools=tools,
                defect=decoded.defect,
                late=self.state.node(started.path).settled,
            )
        )

    def fire_due(self) -> None:
        for timer in self.state.open_timers():
            if timer.due_at <= self.now:
                self.add(ev.TimerFired(path=timer.path, key=timer.key))

    def step(self) -> bool:
        """Let the next thing happen, whichever is due first; False when nothing is under way."""
        self.think()
        calls = [(call.due_at, 0, key) for key, call in self.inflight.items()]
        timers = [(timer.due_at, 1, (timer.path, 0)) for timer in self.state.open_timers()]
        if self.state.ended or not calls + timers:
            return False
        due, what, key = min(calls + timers)
        self.now = max(self.now, due)
        if what == 0:
            self.settle(key)
        else:
            self.fire_due()
        self.think()
        return True

    def go(self) -> Engine:
        """Until the run ends or waits for a person."""
        for _ in range(10_000):
            if not self.step():
                return self
        raise AssertionError("The run never ends.")

    def crash(self) -> None:
        """The worker dies: what was in flight is lost, and another one takes over from the log alone."""
        self.inflight.clear()
        log, self.log, self.state = self.log, [], RunState()
        for event in log:
            fold(self.state, event)
            self.log.append(event)
        for lost in lost_calls(self.state):
            for event in lost.events(self.state, self.content):
                self.add(event)

    # ── what people do ──────────────────────────────────────────────────────────────────────────────
    def decide(
        self, decision: str = "approve", *, at: int = 0, edited: Any = None, comment: str = ""
    ) -> Engine:
        approval = self.state.pending_approvals()[at]
        self.add(
            ev.ApprovalDecided(
                path=approval.path,
                key=approval.key,
                decision=decision,  # type: ignore[arg-type]
                subject=approval.subject,
                by="someone",
                by_name="Someone",
                edited="" if edited is None else self.content.put(edited),
                comment=comment,
            )
        )
        return self

    def cancel(self) -> Engine:
        self.add(ev.CancelRequested(by="someone"))
        return self

    # ── what tests ask ──────────────────────────────────────────────────────────────────────────────
    @property
    def output(self) -> Any:
        return self.content.get(self.state.output)

    def types(self, path: str = "") -> list[str]:
        return [ev.type_of(event) for event in self.log if not path or event.path == path]

    def node(self, path: str) -> Any:
        return self.state.node(path)
