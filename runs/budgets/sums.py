"""What a budget's period has used so far, by the ledger: its beginning, and what it is compared with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from runs.budgets import sql
from runs.budgets.models import Budget

# Every billed call of the period and the scope, but those that are held still: they are booked when settled.
SUMS = """
SELECT coalesce(sum(l.cost), 0), coalesce(sum(l.input_tokens + l.output_tokens), 0), count(*),
    count(*) FILTER (WHERE l.cost IS NULL)
FROM runs_ledgerentry l JOIN runs_budget b ON b.id = %(budget)s
WHERE l.workspace_id = b.workspace_id AND l.at >= b.window_start AND NOT l.simulated
    AND (b.agent_id IS NULL OR l.agent_key = (SELECT key FROM agents_agent a WHERE a.id = b.agent_id))
    AND (b.team_id IS NULL OR l.run_id IN (
        SELECT r.id FROM runs_run r JOIN agents_teamversion v ON v.id = r.team_version_id
        WHERE v.team_id = b.team_id))
    AND NOT EXISTS (
        SELECT FROM runs_budgethold h WHERE h.budget_id = b.id AND h.run_id = l.run_id AND h.call = l.call
            AND h.attempt = l.attempt)
"""
# What is in flight when the budget begins is held of it as if it had been reserved: by its own bound.
IN_FLIGHT = """
WITH open AS (
    SELECT b.id, r.id AS run, e.call, s.attempt, r.epoch, e.body::json AS body
    FROM runs_budget b
    JOIN runs_run r ON r.workspace_id = b.workspace_id AND r.ended_at IS NULL
    JOIN agents_teamversion v ON v.id = r.team_version_id AND (b.team_id IS NULL OR v.team_id = b.team_id)
    JOIN runs_span s ON s.run_id = r.id AND s.kind = 'model' AND s.ended_at IS NULL
    JOIN runs_event e ON e.run_id = r.id AND e.type = 'ModelCallStarted' AND e.path = s.path
        AND s.key = e.call || '#' || s.attempt
        AND coalesce((e.body::json ->> 'attempt')::int, 1) = s.attempt
    WHERE b.id = %(budget)s
), made AS (
    INSERT INTO runs_budgethold (budget_id, run_id, call, attempt, epoch, cost, tokens, seconds, at)
    SELECT id, run, call, attempt, epoch, coalesce((body ->> 'reserved_cost')::numeric, 0),
        (body ->> 'reserved_tokens')::bigint, %(seconds)s, now()
    FROM open WHERE coalesce((body ->> 'simulated')::boolean, false) = false
        AND coalesce(%(agent)s, body ->> 'agent') IS NOT DISTINCT FROM body ->> 'agent'
    ON CONFLICT DO NOTHING RETURNING cost, tokens, seconds
)
UPDATE runs_budget b SET reserved_cost = b.reserved_cost + s.cost,
    reserved_tokens = b.reserved_tokens + s.tokens, reserved_calls = b.reserved_calls + s.calls,
    reserved_seconds = b.reserved_seconds + s.seconds
FROM (SELECT coalesce(sum(cost), 0) AS cost, coalesce(sum(tokens), 0) AS tokens, count(*) AS calls,
    coalesce(sum(seconds), 0) AS seconds FROM made) s
WHERE b.id = %(budget)s
"""
TIMEOUT_S = 120.0  # of a call, where nobody said otherwise
SECONDS = """
SELECT coalesce(sum(extract(epoch FROM s.ended_at - s.started_at)), 0)
FROM runs_ledgerentry l JOIN runs_budget b ON b.id = %(budget)s
JOIN runs_span s ON s.run_id = l.run_id AND s.key = l.call || '#' || l.attempt
WHERE l.workspace_id = b.workspace_id AND l.at >= b.window_start AND NOT l.simulated
    AND (b.agent_id IS NULL OR l.agent_key = (SELECT key FROM agents_agent a WHERE a.id = b.agent_id))
    AND (b.team_id IS NULL OR l.run_id IN (
        SELECT r.id FROM runs_run r JOIN agents_teamversion v ON v.id = r.team_version_id
        WHERE v.team_id = b.team_id))
"""


@transaction.atomic
def count_anew(budget: UUID) -> None:
    """Make the sums what the ledger says, plus what was assumed of calls that nobody knows.

    So calls are counted that began before the budget was known, and a sum that went wrong rights itself.
    """
    if not Budget.objects.select_for_update().filter(pk=budget).exists():
        return
    cost, tokens, calls, unknown = _row(SUMS, budget)
    now = timezone.now()
    Budget.objects.filter(pk=budget).update(
        spent_calls=calls, unknown_calls=unknown, checked_at=now, **_with_assumed(budget, cost, tokens)
    )


def _with_assumed(budget: UUID, cost: Any, tokens: int) -> dict[str, Any]:
    assumed = Budget.objects.values("assumed_cost", "assumed_tokens").get(pk=budget)
    return {"spent_cost": cost + assumed["assumed_cost"], "spent_tokens": tokens + assumed["assumed_tokens"]}


@transaction.atomic
def begin(budget: Budget) -> None:
    """Its first period, with what was used in it, and is in use now, before there was a budget."""
    with connection.cursor() as cursor:
        cursor.execute(sql.ROLL_SOME, {"budgets": [budget.pk]})
        agent = budget.agent.key if budget.agent else None
        cursor.execute(IN_FLIGHT, {"budget": budget.pk, "agent": agent, "seconds": TIMEOUT_S})
    count_anew(budget.pk)
    (seconds,) = _row(SECONDS, budget.pk)
    Budget.objects.filter(pk=budget.pk).update(spent_seconds=float(seconds))
    budget.refresh_from_db()


def _row(statement: str, budget: UUID) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"budget": budget})
        return cursor.fetchone()
