"""Time as decisions see it: the run's time limit and the latency budgets, kept by timers that were set.

The time limit is wall-clock: whatever the run does or waits for. A latency budget is about work: time in
which a person was waited for does not count, and a breach is told once and stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runs.engine import events as ev
from runs.engine.commands import Command, Record
from runs.engine.kind import node_of
from runs.engine.plan import Plan
from runs.engine.state import Node, RunState

RUN = ""  # the path of what belongs to no node
LATENCY = "latency/"
LONGEST_S = 86_400 * 366 * 10.0  # a limit may be longer; a moment after the year 9999 cannot be stored
Span = tuple[int, int]


def deadlines(state: RunState, plan: Plan) -> Iterator[Command]:
    if state.budget.seconds_limit is not None and not state.budget.blocked:
        yield from _time_limit(state)
    if state.latency_s is not None:
        yield from _latency(state.node(RUN), state.started_at, state.latency_s, _waits(state))
    if plan.latencies:
        for path in list(state.running):
            node, limit = state.node(path), plan.latencies.get(node_of(path))
            if limit is not None:
                yield from _latency(node, node.started_at, limit, _asked([node]))


def _time_limit(state: RunState) -> Iterator[Command]:
    budget, run = state.budget, state.node(RUN)
    assert budget.seconds_limit is not None
    key = f"time limit/{budget.seconds_limit:g}"
    timer = run.timers.get(key)
    if timer is None:
        left = budget.seconds_limit - (budget.changed_at - state.started_at) / 1e6
        yield Record(ev.TimerSet(path=RUN, key=key, after_s=_bounded(left), purpose="time limit"))
    elif timer.fired:
        message = f"The time limit of {budget.seconds_limit:g} seconds is reached."
        yield Record(ev.BudgetExceeded(path=RUN, limit="seconds", message=message))


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_S)


# ── latency ─────────────────────────────────────────────────────────────────────────────────────────
def _latency(node: Node, started_at: int, limit_s: float, waits: list[Span]) -> Iterator[Command]:
    """A timer for what is left of the budget; the breach once nothing is."""
    timers = [timer for key, timer in node.timers.items() if key.startswith(LATENCY)]
    if node.over_latency or any(timer.open for timer in timers) or any(not end for _, end in waits):
        return
    now = max([started_at, *(end for _, end in waits), *(timer.due_at for timer in timers)])
    used_s = (now - started_at - _covered(waits, started_at, now)) / 1e6
    if used_s >= limit_s - 1e-6:
        yield Record(ev.LatencyBudgetExceeded(path=node.path, limit_s=limit_s, elapsed_s=round(used_s, 3)))
    else:
        key = f"{LATENCY}{len(timers) + 1}"
        after = _bounded(round(limit_s - used_s, 6))
        yield Record(ev.TimerSet(path=node.path, key=key, after_s=after, purpose="latency"))


def _waits(state: RunState) -> list[Span]:
    """When the run waited for a person: a question, or a limit to be raised. An end of 0: it does now."""
    return [*_asked(state.nodes.values()), *state.budget.stops]


def _asked(nodes: Iterable[Node]) -> list[Span]:
    return [
        (approval.requested_at, approval.decided_at) for node in nodes for approval in node.approvals.values()
    ]


def _covered(spans: list[Span], start: int, end: int) -> int:
    """How much of the time from `start` to `end` the spans cover, each moment once."""
    covered, reached = 0, start
    for begin, stop in sorted(spans):
        begin, stop = max(begin, reached), min(stop, end)
        if stop > begin:
            covered += stop - begin
            reached = stop
    return covered
