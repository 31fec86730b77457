"""Arithmetic of a run's own budget: what a call may cost at most, and whether it still fits. Pure."""

from __future__ import annotations

from decimal import Decimal

from runs.engine.events import BudgetExceeded
from runs.engine.state import Budget


def exceeded(
    budget: Budget, *, path: str, call: str, cost: Decimal | None, tokens: int, elapsed_s: float
) -> BudgetExceeded | None:
    """The limit that a call reserving `cost` dollars and `tokens` would pass, or None.

    `cost` None: the price is unknown, which no money limit lets through unless a person allowed it.
    """

    def stop(limit: str, message: str) -> BudgetExceeded:
        return BudgetExceeded(path=path, call=call, limit=limit, message=message)  # type: ignore[arg-type]

    if budget.call_limit is not None and budget.calls + 1 > budget.call_limit:
        return stop("calls", f"The limit of {budget.call_limit} model calls is reached.")
    if budget.seconds_limit is not None and elapsed_s > budget.seconds_limit:
        return stop("seconds", f"The time limit of {budget.seconds_limit:g} seconds is reached.")
    held_tokens = budget.spent_tokens + budget.reserved_tokens
    if budget.token_limit is not None and held_tokens + tokens > budget.token_limit:
        return stop(
            "tokens",
            f"The next call may need {tokens:,} tokens; {max(budget.token_limit - held_tokens, 0):,} of "
            f"{budget.token_limit:,} are left.",
        )
    if budget.cost_limit is None:
        return None
    if cost is None:
        if budget.unknown_prices_allowed:
            return None
        return stop("price", "The price of the next call is unknown, so the cost limit cannot be kept.")
    held = budget.spent_cost + budget.reserved_cost
    if held + cost > budget.cost_limit:
        left = max(budget.cost_limit - held, Decimal(0))
        return stop("cost", f"The next call may cost ${cost:f}; ${left:f} of ${budget.cost_limit:f} is left.")
    return None
