"""Events about what a run may use up: limits reached, raised, passed."""

from __future__ import annotations

from typing import Literal

from runs.engine.event import Event


class BudgetExceeded(Event, tag="BudgetExceeded", frozen=True, kw_only=True):
    """The next call did not fit under a limit; the run waits until it does.

    `scope` is the shared budget (of a team, an agent or the workspace) it did not fit under; empty: the
    run's own. `need_…` is what the call may use at most; cost None: its price is unknown.
    """

    limit: Literal["cost", "tokens", "calls", "seconds", "price", "soft"]
    message: str
    call: str = ""
    scope: str = ""
    need_cost: str | None = None
    need_tokens: int = 0
    need_seconds: float = 0.0


class BudgetReopened(Event, tag="BudgetReopened", frozen=True, kw_only=True):
    """The shared budget that stopped the run has room again, or a person wants it tried again."""

    scope: str
    because: Literal["changed", "removed", "decided", "new period", "calls ended", "asked to"]
    by_name: str = ""


class LimitsRaised(Event, tag="LimitsRaised", frozen=True, kw_only=True):
    by: str
    by_name: str
    cost_limit: str | None = None
    token_limit: int | None = None
    call_limit: int | None = None
    seconds_limit: float | None = None
    soft_percent: int | None = None
    unknown_prices_allowed: bool = False


class BudgetOverrun(Event, tag="BudgetOverrun", frozen=True, kw_only=True):
    """An endpoint billed more than the bound it was given."""

    call: str
    reserved_cost: str | None
    cost: str | None
    reserved_tokens: int
    tokens: int


class LatencyBudgetExceeded(Event, tag="LatencyBudgetExceeded", frozen=True, kw_only=True):
    """The run, or an agent's node, is at work for longer than it was meant to. Nothing is stopped by it."""

    limit_s: float
    elapsed_s: float  # without the time a person was waited for
