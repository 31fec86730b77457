"""Runs that stand before a shared budget, so that they can be woken once it has room."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from runs.engine import events as ev
from runs.engine.state import RunState
from runs.projections.base import Projection, Ref, Row, moment

CLOSES = (ev.BudgetReopened, ev.LimitsRaised, ev.RunCompleted, ev.RunFailed, ev.RunCancelled)


def rows(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    if isinstance(event, ev.BudgetExceeded) and event.scope:
        need = (event.need_cost, event.need_tokens, event.need_seconds)
        yield ("now", UUID(event.scope), event.limit, *need, True, moment(event.at))
    elif isinstance(event, CLOSES) and state.budget.stops and (state.ended or not state.budget.blocked):
        yield ("now", None, "", None, 0, 0.0, False, moment(event.at))


PROJECTION = Projection(
    table="runs_budgetwait",
    columns={
        "key": "text",
        "budget": "uuid",
        "what": "text",
        "cost": "numeric",
        "tokens": "bigint",
        "seconds": "float8",
        "open": "boolean",
        "at": "timestamptz",
    },
    key=1,
    rows=rows,
)
