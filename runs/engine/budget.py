"""Arithmetic of budgets: what a call may use at most, and whether it still fits. Pure.

The limits of a run and of what it shares with others are kept in the same way: what is spent, what calls in
flight have reserved and what the next call may need must fit under each. What does not fit now, but will
once calls in flight have ended, waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from runs.engine import events as ev
from runs.engine.content import Content
from runs.engine.state import ApprovalState, RunState

Limit = Literal["cost", "tokens", "calls", "seconds"]
LIMITS: tuple[Limit, ...] = ("calls", "seconds", "tokens", "cost")
ZERO = Decimal(0)
ADMIN = 40  # the least role that may let a shared budget pass its soft limit
OPERATOR = 20


@dataclass(frozen=True, slots=True)
class Amount:
    """What a call may use at most, or did use. Money is dollars; `cost` None: the price is unknown."""

    cost: Decimal | None = ZERO
    tokens: int = 0
    calls: int = 0
    seconds: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            (self.cost or ZERO) + (other.cost or ZERO),
            self.tokens + other.tokens,
            self.calls + other.calls,
            self.seconds + other.seconds,
        )


NOTHING = Amount()


def bound_of(started: ev.ModelCallStarted, seconds: float = 0.0) -> Amount:
    """The most a call may use; `seconds` is its time-out."""
    cost = None if started.reserved_cost is None else Decimal(started.reserved_cost)
    return Amount(cost, started.reserved_tokens, 1, seconds)


@dataclass(frozen=True, slots=True)
class Caps:
    """Hard limits, None: no limit; a person is asked once `soft_percent` of one of them is reached."""

    cost: Decimal | None = None
    tokens: int | None = None
    calls: int | None = None
    seconds: float | None = None
    soft_percent: int | None = None

    def soft(self, limit: Limit) -> Decimal | None:
        """Where people are asked."""
        cap = getattr(self, limit)
        if cap is None or self.soft_percent is None:
            return None
        return Decimal(str(cap)) * self.soft_percent / 100


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands. `whose` is empty for the run's own, else begins a sentence about it."""

    caps: Caps
    spent: Amount = NOTHING
    reserved: Amount = NOTHING
    whose: str = ""
    unknown_prices_allowed: bool = False
    passed: frozenset[str] = field(default_factory=frozenset)  # limits that may be used up to the hard one
    refused: str = ""  # who decided that it ends at its soft limit


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why the next call does not start: `later` it may fit, `ask` a person first, or `stop`."""

    how: Literal["later", "ask", "stop"]
    limit: Limit | Literal["price", "soft"]
    message: str


ORDER = ("stop", "later", "ask")


def hindrance(standing: Standing, need: Amount) -> Hindrance | None:
    """What keeps a call that may use `need` from starting, the gravest first; None: it fits."""
    found = [one for limit in LIMITS if (one := _at(standing, limit, need)) is not None]
    return min(found, key=lambda one: ORDER.index(one.how), default=None)


def _at(standing: Standing, limit: Limit, need: Amount) -> Hindrance | None:
    cap, asked = getattr(standing.caps, limit), getattr(need, limit)
    if cap is None:
        return None
    if asked is None:
        if standing.unknown_prices_allowed:
            return None
        words = "The price of the next call is unknown, so the cost limit cannot be kept."
        return Hindrance("stop", "price", _of(standing, words))
    spent, reserved = getattr(standing.spent, limit), getattr(standing.reserved, limit)
    words = _words(limit, asked, max(cap - spent - reserved, type(asked)(0)), cap)
    if spent + asked > cap:
        return Hindrance("stop", limit, _of(standing, words))
    if spent + reserved + asked > cap:
        return Hindrance("later", limit, _of(standing, f"{words} Calls in flight have reserved the rest."))
    return _at_soft(standing, limit, _exact(spent), _exact(reserved), _exact(asked))


def _at_soft(
    standing: Standing, limit: Limit, spent: Decimal, reserved: Decimal, asked: Decimal
) -> Hindrance | None:
    soft = standing.caps.soft(limit)
    if soft is None or limit in standing.passed or spent + reserved + asked <= soft:
        return None
    shown, cap = amount_words(limit, soft), amount_words(limit, getattr(standing.caps, limit))
    if spent + asked <= soft:
        words = f"The soft limit of {shown} is near; calls in flight have reserved what is left below it."
        return Hindrance("later", limit, _of(standing, words))
    if standing.refused:
        words = f"It ends at the soft limit of {shown}, as {standing.refused} decided."
        return Hindrance("stop", "soft", _of(standing, words))
    words = f"The soft limit of {shown} is reached: go on up to {cap}?"
    return Hindrance("ask", limit, _of(standing, words))


# ── words ───────────────────────────────────────────────────────────────────────────────────────────
def _exact(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def money(amount: Decimal) -> str:
    """Every digit that counts, at least two after the point."""
    whole, _, cents = f"{amount.normalize():f}".partition(".")
    return f"${whole}.{cents.ljust(2, '0')}"


def amount_words(limit: str, value: Any) -> str:
    match limit:
        case "cost":
            return money(_exact(value))
        case "seconds":
            return (
                f"{value:g} seconds" if isinstance(value, float | int) else f"{value.normalize():f} seconds"
            )
        case "tokens":
            return f"{int(value):,} tokens"
        case _:
            return f"{int(value):,} calls"


def _words(limit: Limit, need: Any, left: Any, cap: Any) -> str:
    match limit:
        case "calls":
            return f"The limit of {cap} model call{'s' if cap != 1 else ''} is reached."
        case "seconds":
            return f"The time limit of {cap:g} seconds is reached."
        case "tokens":
            return f"The next call may need {need:,} tokens; {left:,} of {cap:,} are left."
        case "cost":
            return f"The next call may cost {money(need)}; {money(left)} of {money(cap)} is left."


def _of(standing: Standing, words: str) -> str:
    return f"{standing.whose}: {words[0].lower()}{words[1:]}" if standing.whose else words


# ── the run's own budget ────────────────────────────────────────────────────────────────────────────
def of_run(state: RunState, elapsed_s: float) -> Standing:
    budget, answers = state.budget, _answers(state)
    caps = Caps(
        budget.cost_limit, budget.token_limit, budget.call_limit, budget.seconds_limit, budget.soft_percent
    )
    return Standing(
        caps,
        spent=Amount(budget.spent_cost, budget.spent_tokens, budget.calls, elapsed_s),
        reserved=Amount(budget.reserved_cost, budget.reserved_tokens, budget.reserved_calls),
        unknown_prices_allowed=budget.unknown_prices_allowed,
        passed=frozenset(one.key.split("/")[2] for one in answers if one.status == "approve"),
        refused=next((one.by_name for one in answers if one.status == "reject"), ""),
    )


def _questions(state: RunState) -> Iterator[ApprovalState]:
    for node in state.nodes.values():
        for approval in node.approvals.values():
            if approval.kind == "budget":
                yield approval


def _answers(state: RunState) -> list[ApprovalState]:
    """What people said about the run's own soft limit since its limits were last changed."""
    if state.budget.soft_percent is None:
        return []
    since = state.budget.changed_at
    return [one for one in _questions(state) if one.key.startswith("soft/run/") and one.requested_at >= since]


def is_held(state: RunState) -> bool:
    """Whether no model call may start now: a limit stops the run, or a person is asked about a soft one."""
    return bool(state.budget.blocked) or any(one.status == "pending" for one in _questions(state))


def before_call(
    state: RunState, need: Amount, *, elapsed_s: float, path: str, call: str, content: Content
) -> ev.Event | Literal["later"] | None:
    """What keeps a call from starting under the run's own limits; `later`: calls in flight."""
    standing = of_run(state, elapsed_s)
    found = hindrance(standing, need)
    if found is None or found.how == "later":
        return "later" if found else None
    return recorded(found, standing, need, state=state, path=path, call=call, content=content)


# ── what is recorded of a hindrance ─────────────────────────────────────────────────────────────────
def recorded(
    found: Hindrance,
    standing: Standing,
    need: Amount,
    *,
    state: RunState,
    path: str,
    call: str,
    content: Content,
    scope: str = "",
) -> ev.Event:
    """The event that shows why `call` does not start. One that may fit later parks the run until it does."""
    if found.how == "ask":
        return _question(found, standing, need, state, path, call, content, scope)
    return ev.BudgetExceeded(
        path=path,
        call=call,
        limit=found.limit,
        message=found.message[:500],
        scope=scope,
        need_cost=None if need.cost is None else f"{need.cost:f}",
        need_tokens=need.tokens,
        need_seconds=need.seconds,
    )


def _question(
    found: Hindrance,
    standing: Standing,
    need: Amount,
    state: RunState,
    path: str,
    call: str,
    content: Content,
    scope: str,
) -> ev.ApprovalRequested:
    prefix = f"soft/{scope or 'run'}/{found.limit}/"
    again = 1 + sum(key.startswith(prefix) for key in state.node(path).approvals)
    limit = found.limit
    subject = {
        "kind": "budget",
        "budget": standing.whose or "The run's own budget",
        "scope": scope,
        "limit": limit,
        "spent": _shown(limit, standing.spent),
        "reserved": _shown(limit, standing.reserved),
        "next": _shown(limit, need),
        "soft": amount_words(limit, standing.caps.soft(limit)),  # type: ignore[arg-type]
        "hard": amount_words(limit, getattr(standing.caps, limit)),
    }
    return ev.ApprovalRequested(
        path=path,
        key=f"{prefix}{again}",
        kind="budget",
        title=found.message[:300],
        subject=content.put(subject),
        call=call,
        reason=found.message[:300],
        least_role=ADMIN if scope else OPERATOR,
    )


def _shown(limit: str, amount: Amount) -> str:
    return amount_words(limit, getattr(amount, limit))
