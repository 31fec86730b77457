"""What the sweeper does for budgets: new periods, calls nobody settled, sums compared, runs that can go on.

Every step may be repeated, or done by two sweepers at once: the rows' locks and the holds decide.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from runs.actions.appending import append, lock
from runs.budgets import sql
from runs.budgets.models import Budget, BudgetWait
from runs.budgets.sql import Real
from runs.budgets.standing import standing_of
from runs.budgets.sums import count_anew
from runs.engine import events as ev
from runs.engine.budget import NOTHING, Amount, hindrance
from runs.models import Approval

log = logging.getLogger(__name__)
YOUNG_S = 2.0  # a hold that its own worker is about to settle
COMPARED = timedelta(seconds=60)
FORGOTTEN = timedelta(seconds=10)  # a question that was announced and never asked

# Holds whose call has ended in the log (its span has), or will never start: no worker of its epoch is left.
ORPHANS = """
SELECT h.run_id, h.call, h.attempt, s.started_at, s.ended_at, l.status, l.cost,
    l.input_tokens + l.output_tokens, coalesce(l.at, s.ended_at, now())
FROM (
    SELECT DISTINCT run_id, call, attempt, epoch FROM runs_budgethold
    WHERE at < clock_timestamp() - make_interval(secs => %s)
) h
LEFT JOIN runs_run r ON r.id = h.run_id
LEFT JOIN runs_span s ON s.run_id = h.run_id AND s.key = h.call || '#' || h.attempt
LEFT JOIN runs_ledgerentry l ON l.run_id = h.run_id AND l.call = h.call AND l.attempt = h.attempt
WHERE r.id IS NULL OR s.ended_at IS NOT NULL OR (s.key IS NULL AND (
    r.ended_at IS NOT NULL OR r.epoch > h.epoch OR r.owner = ''
    OR r.lease_until < now() - interval '1 minute'))
"""

ANYTHING = "SELECT EXISTS (SELECT FROM runs_budget) OR EXISTS (SELECT FROM runs_budgetwait WHERE open)"


def keep_up() -> None:
    """One round; a single statement where there are no budgets."""
    if not _anything():
        return
    begin_periods()
    settle_orphans()
    for budget in _to_compare():
        count_anew(budget)
    hear_answers()
    wake()


def _anything() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ANYTHING)
        row = cursor.fetchone()
    return bool(row and row[0])


def begin_periods() -> None:
    """Each in a transaction of its own: a worker may hold the locks of several."""
    with connection.cursor() as cursor:
        cursor.execute(sql.STALE)
        for (budget,) in cursor.fetchall():
            cursor.execute(sql.ROLL_SOME, {"budgets": [budget]})


def _to_compare() -> list[UUID]:
    due = timezone.now() - COMPARED
    fresh = Budget.objects.filter(checked_at__gte=due).values("pk")
    return list(Budget.objects.exclude(pk__in=fresh).values_list("pk", flat=True)[:20])


# ── holds that nobody will settle ───────────────────────────────────────────────────────────────────
def settle_orphans(young_s: float = YOUNG_S) -> int:
    """Settle by the log what a worker could not; returns how many calls that were."""
    with connection.cursor() as cursor:
        cursor.execute(ORPHANS, [young_s])
        rows = cursor.fetchall()
    found: dict[UUID, list[Real]] = defaultdict(list)
    for run, call, attempt, started, ended, status, cost, tokens, at in rows:
        how = "nothing" if status is None else "unknown" if status == "unknown" else "charged"
        seconds = (ended - started).total_seconds() if started and ended else 0.0
        amount = None if cost is None else f"{cost:f}"
        found[run].append(Real(call, attempt, how, at, amount, tokens or 0, seconds))  # type: ignore[arg-type]
    for run, real in found.items():
        settle(run, real)
    return len(rows)


def settle(run: UUID, real: list[Real]) -> None:
    params = sql.settling(run, real)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.LOCK_HELD, params)
        cursor.execute(sql.SETTLE, params)


# ── questions about soft limits ─────────────────────────────────────────────────────────────────────
DECISIONS = {Approval.Status.APPROVED: "approve", Approval.Status.REJECTED: "reject"}


def hear_answers() -> None:
    """Take what people said, also for a run that is gone; let another ask where none asks any more."""
    for budget in Budget.objects.exclude(asked_run=None):
        asked = Approval.objects.filter(run=budget.asked_run, key=budget.asked_key).first()
        if asked is not None and asked.status == Approval.Status.PENDING:
            continue
        answer = asked and _answer(budget, asked)
        if answer:
            with connection.cursor() as cursor:
                cursor.execute(sql.ANSWER, answer)
        elif budget.asked_at and budget.asked_at < timezone.now() - FORGOTTEN:
            same = Budget.objects.filter(pk=budget.pk, asked_run=budget.asked_run, asked_key=budget.asked_key)
            same.update(asked_run=None, asked_key="", asked_at=None)


def _answer(budget: Budget, asked: Approval) -> dict[str, Any] | None:
    decision = DECISIONS.get(Approval.Status(asked.status), "")
    return sql.answer(budget.pk, asked.run_id, budget.asked_key, decision, str(asked.decided_by))


# ── runs that can go on ─────────────────────────────────────────────────────────────────────────────
def wake(only: UUID | None = None) -> int:
    """Reopen the runs that fit again, the longest waiting first; returns how many."""
    waits = BudgetWait.objects.filter(open=True, **({"budget": only} if only else {})).order_by("at")
    by_budget: dict[UUID | None, list[BudgetWait]] = defaultdict(list)
    for wait in waits[:2_000]:
        by_budget[wait.budget].append(wait)
    budgets = Budget.objects.select_related("team", "agent").in_bulk([one for one in by_budget if one])
    return sum(_wake_of(budgets.get(one), found) for one, found in by_budget.items() if one is not None)


def _wake_of(budget: Budget | None, waits: list[BudgetWait]) -> int:
    promised, woken = NOTHING, 0
    for wait in waits:
        if budget is None:
            woken += _try_to_reopen(wait, "removed")
            continue
        need = Amount(wait.cost, wait.tokens, 1, wait.seconds)
        standing = standing_of(budget)
        found = hindrance(replace(standing, reserved=standing.reserved + promised), need)
        if found is not None and (found.how != "ask" or budget.asked_run):
            continue
        woken += _try_to_reopen(wait, _because(budget, wait))
        promised += need
        if found is not None:
            break  # this one asks; the others wait for the answer
    return woken


def _try_to_reopen(wait: BudgetWait, because: str) -> int:
    """A run whose log or plan this version cannot read must not keep the others waiting."""
    try:
        return reopen(wait.run_id, wait.budget, because)
    except (LookupError, ValueError) as error:
        log.warning("Run %s cannot be told of its budget: %s", wait.run_id, error)
        return 0


def _because(budget: Budget, wait: BudgetWait) -> str:
    if budget.window_start > wait.at:
        return "new period"
    if budget.changed_at > wait.at:
        return "decided" if wait.what == "soft" else "changed"
    return "calls ended"


@transaction.atomic
def reopen(run: UUID, budget: UUID | None, because: str, by_name: str = "") -> int:
    """Let a run that this budget stopped try again; 0 when it does not stand there any more."""
    locked = lock(run)
    state = locked.draft.state
    if state.ended or not budget or state.budget.blocked_scope != str(budget):
        return 0
    event = ev.BudgetReopened(scope=str(budget), because=because, by_name=by_name)  # type: ignore[arg-type]
    append(locked, event, approvals=True)
    return 1
