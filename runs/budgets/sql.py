"""The statements that reserve and settle, for the workers' loop and for the sweeper alike.

Each runs in a short transaction of its own that first locks the rows of the budgets, always in the order
team, agent, workspace. Its commit need not be flushed: a later commit of the run's events flushes it too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

WINDOW = """CASE b.period WHEN 'day' THEN date_trunc('day', now(), 'UTC')
    WHEN 'month' THEN date_trunc('month', now(), 'UTC') ELSE 'epoch'::timestamptz END"""
ORDER = "ORDER BY array_position(ARRAY['team', 'agent', 'workspace'], b.scope::text), b.id"

UNFLUSHED = "SET LOCAL synchronous_commit TO off"

LOCK = f"""
SELECT b.id, b.scope, b.period, b.cost_limit, b.token_limit, b.call_limit, b.seconds_limit, b.soft_percent,
    b.unknown_prices_allowed, b.spent_cost, b.spent_tokens, b.spent_calls, b.spent_seconds,
    b.reserved_cost, b.reserved_tokens, b.reserved_calls, b.reserved_seconds,
    b.passed, b.refused, b.asked_run, b.asked_key,
    (SELECT name FROM agents_team t WHERE t.id = b.team_id),
    (SELECT name FROM agents_agent a WHERE a.id = b.agent_id),
    b.window_start < {WINDOW}
FROM runs_budget b WHERE b.id = ANY(%(budgets)s) {ORDER} FOR UPDATE OF b
"""  # noqa: S608 - constants of this module

LOCK_HELD = f"""
SELECT b.id, b.window_start < {WINDOW} FROM runs_budget b WHERE b.id IN (
    SELECT budget_id FROM runs_budgethold WHERE run_id = %(run)s AND call = ANY(%(calls)s)
) {ORDER} FOR UPDATE OF b
"""  # noqa: S608

STALE = f"SELECT b.id FROM runs_budget b WHERE b.window_start < {WINDOW}"  # noqa: S608

# A new period begins: what was spent belongs to the one before, what is reserved stays reserved.
ROLL_SOME = f"""
UPDATE runs_budget b SET window_start = {WINDOW}, spent_cost = 0, spent_tokens = 0, spent_calls = 0,
    spent_seconds = 0, unknown_calls = 0, assumed_cost = 0, assumed_tokens = 0, passed = '', refused = '',
    asked_run = NULL, asked_key = '', asked_at = NULL
WHERE b.window_start < {WINDOW} AND b.id = ANY(%(budgets)s)"""  # noqa: S608

HOLD = """
WITH new AS (
    INSERT INTO runs_budgethold (budget_id, run_id, call, attempt, epoch, cost, tokens, seconds, at)
    SELECT budget, %(run)s, %(call)s, %(attempt)s, %(epoch)s, %(cost)s, %(tokens)s, %(seconds)s, now()
    FROM unnest(%(budgets)s) AS budget
    ON CONFLICT DO NOTHING RETURNING budget_id
)
UPDATE runs_budget b SET reserved_cost = b.reserved_cost + %(cost)s,
    reserved_tokens = b.reserved_tokens + %(tokens)s, reserved_calls = b.reserved_calls + 1,
    reserved_seconds = b.reserved_seconds + %(seconds)s
FROM new WHERE b.id = new.budget_id
"""

ASK = """
UPDATE runs_budget SET asked_run = %(run)s, asked_key = %(key)s, asked_at = now() WHERE id = %(budget)s
"""
ANSWER = """
UPDATE runs_budget SET passed = trim(passed || ' ' || %(passed)s), refused = %(refused)s, asked_run = NULL,
    asked_key = '', asked_at = NULL, changed_at = now()
WHERE id = %(budget)s AND asked_run = %(run)s AND asked_key = %(key)s
"""

# Calls ended that were not held, for nobody knew of the budget: the sweeper counts anew.
DOUBT = "UPDATE runs_budget SET checked_at = NULL WHERE id = ANY(%(budgets)s)"

GIVEN = """given AS (
    SELECT * FROM json_to_recordset(%(real)s::json) AS g(
        call text, attempt int, how text, at timestamptz, cost numeric, tokens bigint, seconds float8)
)"""

# A call has been answered, but the commit that says so is still to come: its hold becomes what it really was.
LOWER = f"""
WITH {GIVEN}, old AS (
    SELECT h.budget_id, h.call, h.attempt,
        h.cost - coalesce(g.cost, 0) AS cost, h.tokens - g.tokens AS tokens,
        greatest(h.seconds - g.seconds, 0) AS seconds
    FROM runs_budgethold h JOIN given g USING (call, attempt)
    WHERE h.run_id = %(run)s AND g.how <> 'unknown'
), lower AS (
    UPDATE runs_budgethold h SET cost = h.cost - old.cost, tokens = h.tokens - old.tokens,
        seconds = h.seconds - old.seconds
    FROM old WHERE h.budget_id = old.budget_id AND h.run_id = %(run)s AND h.call = old.call
        AND h.attempt = old.attempt
)
UPDATE runs_budget b SET reserved_cost = b.reserved_cost - s.cost,
    reserved_tokens = b.reserved_tokens - s.tokens, reserved_seconds = b.reserved_seconds - s.seconds
FROM (
    SELECT budget_id, sum(cost) AS cost, sum(tokens) AS tokens, sum(seconds) AS seconds FROM old
    GROUP BY budget_id
) s WHERE b.id = s.budget_id
"""  # noqa: S608

# What is no longer held is released, and booked if it was used in the period that is being counted.
SETTLE = f"""
WITH {GIVEN}, gone AS (
    DELETE FROM runs_budgethold h USING given g
    WHERE h.run_id = %(run)s AND h.call = g.call AND h.attempt = g.attempt
    RETURNING h.budget_id, h.cost AS held_cost, h.tokens AS held_tokens, h.seconds AS held_seconds,
        g.how, g.at, g.cost, g.tokens, least(g.seconds, h.seconds) AS seconds
), summed AS (
    SELECT gone.budget_id, count(*) AS held, sum(held_cost) AS held_cost, sum(held_tokens) AS held_tokens,
        sum(held_seconds) AS held_seconds,
        sum(CASE how WHEN 'unknown' THEN held_cost ELSE coalesce(gone.cost, 0) END)
            FILTER (WHERE used) AS cost,
        sum(CASE how WHEN 'unknown' THEN held_tokens ELSE gone.tokens END) FILTER (WHERE used) AS tokens,
        count(*) FILTER (WHERE used) AS calls,
        sum(gone.seconds) FILTER (WHERE used) AS seconds,
        sum(held_cost) FILTER (WHERE used AND how = 'unknown') AS assumed_cost,
        sum(held_tokens) FILTER (WHERE used AND how = 'unknown') AS assumed_tokens,
        count(*) FILTER (WHERE used AND gone.cost IS NULL) AS unknown
    FROM gone JOIN runs_budget was ON was.id = gone.budget_id,
        LATERAL (SELECT how <> 'nothing' AND gone.at >= was.window_start AS used) counted
    GROUP BY gone.budget_id
)
UPDATE runs_budget b SET
    reserved_cost = b.reserved_cost - s.held_cost, reserved_tokens = b.reserved_tokens - s.held_tokens,
    reserved_calls = b.reserved_calls - s.held, reserved_seconds = b.reserved_seconds - s.held_seconds,
    spent_cost = b.spent_cost + coalesce(s.cost, 0), spent_tokens = b.spent_tokens + coalesce(s.tokens, 0),
    spent_calls = b.spent_calls + s.calls, spent_seconds = b.spent_seconds + coalesce(s.seconds, 0),
    assumed_cost = b.assumed_cost + coalesce(s.assumed_cost, 0),
    assumed_tokens = b.assumed_tokens + coalesce(s.assumed_tokens, 0),
    unknown_calls = b.unknown_calls + s.unknown
FROM summed s WHERE b.id = s.budget_id
"""  # noqa: S608


@dataclass(frozen=True)
class Real:
    """How a call ended: `charged`, `unknown` (its hold is booked), or `nothing` was billed."""

    call: str
    attempt: int
    how: Literal["charged", "unknown", "nothing"]
    at: datetime
    cost: str | None = None
    tokens: int = 0
    seconds: float = 0.0


def answer(budget: UUID, run: UUID, key: str, decision: str, by_name: str) -> dict[str, Any] | None:
    """The parameters of ANSWER; None while, or because, nobody has said yes or no."""
    if decision not in ("approve", "reject"):
        return None
    limit = key.rsplit("/", 2)[1]
    passed, refused = (limit, "") if decision == "approve" else ("", by_name[:150])
    return {"budget": budget, "run": run, "key": key, "passed": passed, "refused": refused}


def settling(run: UUID, real: Iterable[Real]) -> dict[str, Any]:
    """The parameters of LOCK_HELD, LOWER and SETTLE."""
    rows = [asdict(one) | {"at": one.at.isoformat()} for one in real]
    return {"run": run, "calls": [row["call"] for row in rows], "real": json.dumps(rows)}
