"""What a sub-team may use of what its run has left, and holds back until the sub-team has ended. Pure."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from agents.topology.graph import RunLimits
from runs.engine import events as ev
from runs.engine.budget import LIMITS, Caps, Limit, amount_words
from runs.engine.state import Budget, Reservation, RunState

NOTHING: Reservation = (Decimal(0), 0, 0)
SMALLEST = Decimal("0.0000000001")
SECOND = 1_000_000  # in µs, as events are dated


def room(state: RunState, path: str) -> Caps:
    """What the run has left for the sub-team at `path`, and holds back for it already. None: no limit."""
    budget = state.budget
    cost, tokens, calls = budget.reserved.get((path, 0), NOTHING)
    seconds = budget.seconds_limit
    if seconds is not None:  # counted from its own start
        seconds = max(seconds - (state.node(path).started_at - state.started_at) / SECOND, 1.0)
    return Caps(
        _left(budget.cost_limit, budget.spent_cost + budget.reserved_cost - cost),
        _left(budget.token_limit, budget.spent_tokens + budget.reserved_tokens - tokens),
        _left(budget.call_limit, budget.calls + budget.reserved_calls - calls),
        seconds,
    )


def share(state: RunState, path: str, own: Caps, parts: int) -> Caps:
    """Its own limits, and never more than one of `parts` equal parts of what is left, rounded up."""
    left = room(state, path)
    return Caps(
        _least(own.cost, None if left.cost is None else (left.cost / parts).quantize(SMALLEST, ROUND_DOWN)),
        _least(own.tokens, None if left.tokens is None else -(-left.tokens // parts)),
        _least(own.calls, None if left.calls is None else -(-left.calls // parts)),
        _least(own.seconds, left.seconds),
    )


def caps_of(limits: RunLimits) -> Caps:
    cost = None if limits.cost_usd is None else Decimal(limits.cost_usd)
    return Caps(cost, limits.tokens, limits.model_calls, limits.seconds)


def must_wait(state: RunState, given: Caps) -> bool:
    """Whether there is nothing now, but will be when what is held back for others is given back."""
    budget = state.budget
    return (
        (given.cost == 0 and budget.reserved_cost > 0)
        or (given.tokens == 0 and budget.reserved_tokens > 0)
        or (given.calls == 0 and budget.reserved_calls > 0)
    )


def lacks(state: RunState, path: str, wanted: Caps) -> tuple[Limit, str] | None:
    """The first limit of the run that `wanted` does not fit under, and in words what is left below it."""
    left = room(state, path)
    for limit in LIMITS:
        most, asked = getattr(left, limit), getattr(wanted, limit)
        if most is not None and (asked is None or asked > most):
            return limit, amount_words(limit, most)
    return None


def reservation(budget: Budget, event: ev.ChildRunStarted | ev.ChildLimitsRaised) -> Reservation:
    """What is held back for a sub-team with these limits; where we have none, nothing."""
    return (
        Decimal(0) if budget.cost_limit is None else Decimal(event.cost_limit or 0),
        0 if budget.token_limit is None else event.token_limit or 0,
        0 if budget.call_limit is None else event.call_limit or 0,
    )


def grown(before: Reservation, after: Reservation) -> Reservation:
    """It never shrinks: the sub-team may have used it."""
    return max(before[0], after[0]), max(before[1], after[1]), max(before[2], after[2])


def _left(limit: Any, held: Any) -> Any:
    return None if limit is None else max(limit - held, type(limit)(0))


def _least(first: Any, second: Any) -> Any:
    known = [one for one in (first, second) if one is not None]
    return min(known) if known else None
