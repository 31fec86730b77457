"""Everything that is derived from the log in the transaction that appends to it. One projection a file."""

from __future__ import annotations

from runs.projections import approvals, budget_waits, children, effects, ledger, spans, timers
from runs.projections.base import Projection

PROJECTIONS: tuple[Projection, ...] = (
    spans.PROJECTION,
    ledger.PROJECTION,
    approvals.PROJECTION,
    timers.PROJECTION,
    effects.PROJECTION,
    children.PROJECTION,
    budget_waits.PROJECTION,
)
