"""A fork: what it changes in the state it inherits, and what becomes of all that is open at the cut. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from runs.engine import events as ev
from runs.engine.child_events import CHILD, CHILD_ENDED
from runs.engine.fold_budget import budget_of
from runs.engine.state import ApprovalState, Call, CallStatus, Node, NodeStatus, RunState

RUN = ""  # the path of what belongs to no node
LATENCY = "latency/"  # the keys of timers that measure how long a node is at work
ALWAYS_MOOT = ("miss", "budget")  # kinds of questions that are the parent's alone
LEFT = "The fork began while it was in flight."


def begin(state: RunState, event: ev.RunForked) -> None:
    """The fold of RunForked: a clock and limits of its own; what was changed under way begins anew."""
    state.started_at = event.at
    state.mode, state.input, state.by = event.mode, event.input, event.by
    state.parent = ""  # nobody waits for it
    state.retry_base_s, state.latency_s = event.retry_base_s, event.latency_s
    state.recorded = event.parent if event.effects == "recorded" else ""
    state.budget, state.paused_by = budget_of(event), ""
    state.nodes.pop(RUN, None)  # deadlines of the parent's, and questions about its limits
    for path in event.restarted:
        if path in state.nodes:  # else it was run by another that begins anew, or has not begun
            _begin_anew(state, path, event.at)
    for path in state.running:
        node = state.node(path)
        node.started_at, node.over_latency = event.at, False
        if CHILD_ENDED not in node.notes:
            node.notes.pop(CHILD, None)  # it asks for a run of the fork's own
    for node in state.nodes.values():
        _drop(node.timers, [key for key in node.timers if key.startswith(LATENCY)])
        moot = [key for key, approval in node.approvals.items() if _is_moot(approval, event.effects)]
        _drop(node.approvals, moot)


def _drop(kept: dict[str, Any], keys: Iterable[str]) -> None:
    for key in keys:
        del kept[key]


def _begin_anew(state: RunState, path: str, at: int) -> None:
    """The node is at work as if it had just started; what it had started itself is gone."""
    for below in [known for known in state.nodes if known.startswith(f"{path}/")]:
        del state.nodes[below]
        state.running.pop(below, None)
        state.children.pop(below, None)
    state.children.pop(path, None)
    state.forget_writes(path)
    old = state.node(path)
    fresh = Node(path, parent=old.parent, given=old.given, task=old.task, sources=old.sources)
    fresh.status, fresh.started_at = NodeStatus.RUNNING, at
    state.nodes[path] = fresh
    state.running[path] = None


def _is_moot(approval: ApprovalState, effects: str) -> bool:
    """A question about the parent's calls or limits is none for a fork, whose own are others."""
    if approval.status != "pending":
        return False
    return approval.kind in ALWAYS_MOOT or (approval.kind == "doubt" and effects != "live")


def carry_over(log: Iterable[ev.Event], state: RunState, effects: str, now: int) -> Iterator[ev.Event]:
    """What follows RunForked: calls in flight are closed, questions asked again, timers set anew.

    `log` is the part of the parent's that the fork shares, `state` the one after RunForked. A node that waits
    for a moment waits for the same moment; every other time begins anew.
    """
    for node in state.nodes.values():
        for call in node.calls.values():
            yield from _closed(call, effects)
    asked: dict[tuple[str, str], ev.Event] = {}
    timers: dict[tuple[str, str], ev.TimerSet] = {}
    for event in log:
        if isinstance(event, ev.ApprovalRequested):
            asked[event.path, event.key] = event
        elif isinstance(event, ev.TimerSet):
            timers[event.path, event.key] = event
    for approval in state.pending_approvals():
        yield asked[approval.path, approval.key]
    for timer in state.open_timers():
        event = timers[timer.path, timer.key]
        left = max((timer.due_at - now) / 1e6, 0.0)
        yield msgspec.structs.replace(event, after_s=left) if event.purpose == "wait" else event


def _closed(call: Call, effects: str) -> Iterator[ev.Event]:
    """Nobody will bring its result to the fork. What may have happened for real is for a person to say."""
    in_doubt = call.status is CallStatus.DOUBT
    if not call.is_open and not (in_doubt and effects != "live"):
        return
    if call.kind == "tool" and call.effect == "writes" and effects == "live":
        yield ev.ToolCallInDoubt(path=call.path, call=call.id, attempt=call.attempt)
    else:
        yield ev.CallAbandoned(path=call.path, call=call.id, attempt=call.attempt, because=LEFT)
