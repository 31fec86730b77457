"""`fold(state, event)`: what is true after one more fact. A table of one small function an event type.

The state is changed in place and returned: its one owner replays thousands of events in milliseconds,
and `replay` gives the pure function from a log to a state. No clock, no randomness, no content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from runs.engine import events as ev
from runs.engine import fold_budget, forked
from runs.engine.state import Budget, Call, CallStatus, Node, NodeStatus, RunState, TimerState, Write

Handler = Callable[[RunState, Any], None]
HANDLERS: dict[type[ev.Event], Handler] = {}


def fold(state: RunState, event: ev.Event) -> RunState:
    """`state` with `event` taken in; the event gets the next seq."""
    HANDLERS[type(event)](state, event)
    state.seq += 1
    return state


def replay(log: Iterable[ev.Event]) -> RunState:
    state = RunState()
    for event in log:
        fold(state, event)
    return state


def on(event_type: type[ev.Event]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS[event_type] = handler
        return handler

    return register


# ── the run ─────────────────────────────────────────────────────────────────────────────────────────
@on(ev.RunStarted)
def _(state: RunState, event: ev.RunStarted) -> None:
    state.started_at = event.at
    state.mode, state.input, state.by = event.mode, event.input, event.by
    state.parent = event.parent
    state.retry_base_s, state.latency_s = event.retry_base_s, event.latency_s
    state.budget = fold_budget.budget_of(event)


on(ev.RunForked)(forked.begin)


@on(ev.RunCompleted)
def _(state: RunState, event: ev.RunCompleted) -> None:
    _end(state, event, "done")
    state.output = event.output


@on(ev.RunFailed)
def _(state: RunState, event: ev.RunFailed) -> None:
    _end(state, event, "failed")
    state.code, state.message, state.failed_node = event.code, event.message, event.node


@on(ev.CancelRequested)
def _(state: RunState, event: ev.CancelRequested) -> None:
    state.cancel_requested = True


@on(ev.RunCancelled)
def _(state: RunState, event: ev.RunCancelled) -> None:
    _end(state, event, "cancelled")


def _end(state: RunState, event: ev.Event, how: str) -> None:
    state.ended, state.ended_at = how, event.at
    for node in state.nodes.values():
        if node.status is NodeStatus.RUNNING:
            node.status, node.ended_at = NodeStatus.CANCELLED, event.at
        _close_waits(node, event.at)
    state.running.clear()


# ── nodes ───────────────────────────────────────────────────────────────────────────────────────────
@on(ev.NodeStarted)
def _(state: RunState, event: ev.NodeStarted) -> None:
    node = state.node(event.path)
    node.status, node.started_at = NodeStatus.RUNNING, event.at
    node.sources, node.task = event.sources, event.task
    state.running[event.path] = None
    if not event.parent:
        return
    node.parent, node.given = event.parent, event.given
    state.children.setdefault(event.parent, []).append(event.path)
    call = state.node(event.parent).calls.get(event.path.rpartition("/")[0])
    if call is not None:  # it was spawned to answer this call
        call.status, call.started_at = CallStatus.DELEGATED, event.at


@on(ev.LoopRepeated)
def _(state: RunState, event: ev.LoopRepeated) -> None:
    node = settle(state, event, NodeStatus.DONE)
    node.output, node.chosen = event.value, ()
    mine = event.nodes[-1]
    state.loops.setdefault(mine, []).append(event.value)
    for node_id in event.nodes:
        if node_id != mine:
            state.loops.pop(node_id, None)  # a loop within begins anew
        state.instances[node_id] = next_instance(state.instance(node_id))
    first = state.node(state.instance(event.nodes[0]))
    first.given, first.sources = event.value, (event.path,)


def next_instance(path: str) -> str:
    node_id, _, number = path.partition("@")
    return f"{node_id}@{int(number or 1) + 1}"


@on(ev.VariablesWritten)
def write(state: RunState, event: ev.VariablesWritten | ev.OutputGiven) -> None:
    for name, digest in event.writes.items():
        state.writes.setdefault(name, []).append(Write(event.order, digest, event.path))


@on(ev.NodeNoted)
def _(state: RunState, event: ev.NodeNoted) -> None:
    state.node(event.path).notes[event.key] = event.text


@on(ev.NodeCompleted)
def _(state: RunState, event: ev.NodeCompleted) -> None:
    node = settle(state, event, NodeStatus.DONE)
    node.output, node.chosen = event.output, event.chosen


@on(ev.NodeFailed)
def _(state: RunState, event: ev.NodeFailed) -> None:
    node = settle(state, event, NodeStatus.FAILED)
    node.code, node.message, node.fatal = event.code, event.message, event.fatal


@on(ev.NodeSkipped)
def _(state: RunState, event: ev.NodeSkipped) -> None:
    settle(state, event, NodeStatus.SKIPPED).upstream_failed = event.because == "upstream failed"


@on(ev.NodeCancelled)
def _(state: RunState, event: ev.NodeCancelled) -> None:
    settle(state, event, NodeStatus.CANCELLED).message = event.because


def settle(state: RunState, event: ev.Event, status: NodeStatus) -> Node:
    node = state.node(event.path)
    node.status, node.ended_at = status, event.at
    node.started_at = node.started_at or event.at
    state.running.pop(event.path, None)
    _close_waits(node, event.at)
    return node


def _close_waits(node: Node, at: int) -> None:
    for approval in node.approvals.values():
        if approval.status == "pending":
            approval.status, approval.decided_at = "withdrawn", at
    for timer in node.timers.values():
        timer.open = False


# ── model calls ─────────────────────────────────────────────────────────────────────────────────────
@on(ev.ModelCallStarted)
def _(state: RunState, event: ev.ModelCallStarted) -> None:
    node = state.node(event.path)
    if event.turn > node.turns:
        node.turns = event.turn
    node.transcript.extend(event.append)
    call = node.calls.setdefault(event.call, Call(event.call, event.path, "model", event.turn))
    call.name, call.dialect, call.idempotency_key = event.model, event.dialect, event.idempotency_key
    call.endpoint, call.simulated, call.cache = event.endpoint, event.simulated, event.cache
    call.agent, call.agent_name, call.agent_version = event.agent, event.agent_name, event.agent_version
    call.choice = node.choice
    if hold := node.holds.get(event.call):
        hold.code, hold.message, hold.after_s = "", "", None
    _start(call, event)
    cost = Decimal(event.reserved_cost) if event.reserved_cost is not None else Decimal(0)
    state.budget.reserved[event.call, event.attempt] = (cost, event.reserved_tokens, 0)
    state.budget.calls += 1


@on(ev.ModelCallCompleted)
def _(state: RunState, event: ev.ModelCallCompleted) -> None:
    node = state.node(event.path)
    call = node.calls[event.call]
    _charge(state.budget, event, event.charge)
    call.tokens = event.charge.usage.input_tokens + event.charge.usage.output_tokens
    call.status, call.ended_at = CallStatus.COMPLETED, event.at
    call.result, call.finish_reason, call.defect, call.tools = (
        event.message,
        event.finish_reason,
        event.defect,
        event.tools,
    )
    if event.reused:
        call.reused = event.reused.source
        state.budget.calls -= 1
    if event.late:
        return
    node.transcript.append(event.message)
    for tool in event.tools:
        node.calls[tool.call] = Call(
            tool.call,
            event.path,
            "tool",
            call.turn,
            name=tool.name,
            status=CallStatus.REQUESTED,
            model_call_id=tool.id,
            arguments=tool.arguments,
            dialect=call.dialect,
        )


@on(ev.ModelCallFailed)
def _(state: RunState, event: ev.ModelCallFailed) -> None:
    _charge(state.budget, event, event.charge)
    call = state.node(event.path).calls[event.call]
    _fail(call, event)
    call.retry_after_s = event.retry_after_s


@on(ev.CallAbandoned)
def _(state: RunState, event: ev.CallAbandoned) -> None:
    call = state.node(event.path).calls[event.call]
    call.status, call.ended_at = CallStatus.ABANDONED, event.at
    if call.kind == "model":
        _charge(state.budget, event, event.charge)


@on(ev.OutputRejected)
def _(state: RunState, event: ev.OutputRejected) -> None:
    node = state.node(event.path)
    node.corrections += 1
    node.rejected_turn = event.turn
    node.notes[f"correction {event.turn}"] = event.message


def _start(call: Call, event: ev.CallEvent) -> None:
    call.status, call.attempt = CallStatus.STARTED, event.attempt
    call.started_at, call.ended_at = event.at, 0


def _fail(call: Call, event: ev.ModelCallFailed | ev.ToolCallFailed) -> None:
    call.status, call.ended_at = CallStatus.FAILED, event.at
    call.failures += 1
    call.code, call.message, call.retryable = event.code, event.message, event.retryable


def _charge(budget: Budget, event: ev.CallEvent, charge: ev.Charge | None) -> None:
    """Settle a call: release what was reserved and book what it used.

    A charge of unknown cost is booked with its reservation, so that the limit still holds.
    """
    reserved_cost, reserved_tokens, _ = budget.reserved.pop((event.call, event.attempt), (Decimal(0), 0, 0))
    if charge is None:
        return
    if charge.status == "unknown":
        budget.spent_tokens += reserved_tokens
        budget.spent_cost += reserved_cost
        budget.unknown_costs += 1
        return
    budget.spent_tokens += charge.usage.input_tokens + charge.usage.output_tokens
    if charge.cost is None:
        budget.unknown_costs += 1
    else:
        budget.spent_cost += Decimal(charge.cost)


# ── tool calls ──────────────────────────────────────────────────────────────────────────────────────
@on(ev.ToolCallRequested)
def _(state: RunState, event: ev.ToolCallRequested) -> None:
    state.node(event.path).calls[event.call] = Call(
        event.call,
        event.path,
        "tool",
        0,
        name=event.tool,
        status=CallStatus.REQUESTED,
        arguments=event.arguments,
    )


@on(ev.ToolCallVetted)
def _(state: RunState, event: ev.ToolCallVetted) -> None:
    call = state.node(event.path).calls[event.call]
    call.status, call.arguments = CallStatus.VETTED, event.arguments
    call.effect, call.ask = event.effect, event.ask


@on(ev.ToolCallRefused)
def _(state: RunState, event: ev.ToolCallRefused) -> None:
    call = state.node(event.path).calls[event.call]
    call.status, call.ended_at = CallStatus.REFUSED, event.at
    call.code, call.message, call.result = event.code, event.message, event.result


@on(ev.ToolCallStarted)
def _(state: RunState, event: ev.ToolCallStarted) -> None:
    node = state.node(event.path)
    call = node.calls[event.call]
    call.arguments, call.effect, call.idempotency_key = event.arguments, event.effect, event.idempotency_key
    call.cache = event.cache
    _start(call, event)
    if event.approval:
        node.approvals[event.approval].used = True


@on(ev.ToolCallCompleted)
def _(state: RunState, event: ev.ToolCallCompleted) -> None:
    call = state.node(event.path).calls[event.call]
    call.status, call.ended_at, call.result = CallStatus.COMPLETED, event.at, event.result
    call.reused = event.reused.source if event.reused else ""


@on(ev.ToolCallFailed)
def _(state: RunState, event: ev.ToolCallFailed) -> None:
    call = state.node(event.path).calls[event.call]
    _fail(call, event)
    call.result = event.result


@on(ev.ToolCallInDoubt)
def _(state: RunState, event: ev.ToolCallInDoubt) -> None:
    call = state.node(event.path).calls[event.call]
    call.status, call.ended_at = CallStatus.DOUBT, event.at


# ── waiting ─────────────────────────────────────────────────────────────────────────────────────────
@on(ev.TimerSet)
def _(state: RunState, event: ev.TimerSet) -> None:
    due = event.at + int(event.after_s * 1e6)
    state.node(event.path).timers[event.key] = TimerState(event.key, event.path, event.purpose, due)


@on(ev.TimerFired)
def _(state: RunState, event: ev.TimerFired) -> None:
    timer = state.node(event.path).timers[event.key]
    timer.fired, timer.open = True, False


# ── budget ──────────────────────────────────────────────────────────────────────────────────────────
HANDLERS |= fold_budget.HANDLERS


@on(ev.BudgetOverrun)
def _(state: RunState, event: ev.BudgetOverrun) -> None:
    """Recorded for people; the money itself was booked with the call."""


from runs.engine import fold_approvals, fold_children, fold_fallback, fold_steering  # noqa: E402, F401 - their handlers need `on`
