"""More of `fold`'s table: runs of sub-teams. What one may use is reserved until it has ended."""

from __future__ import annotations

from decimal import Decimal

from runs.engine import events as ev
from runs.engine.child_events import CHILD, CHILD_ENDED, CHILD_SAID
from runs.engine.fold import on
from runs.engine.sharing import grown, reservation
from runs.engine.state import RunState


@on(ev.ChildRunStarted)
def _(state: RunState, event: ev.ChildRunStarted) -> None:
    state.node(event.path).notes[CHILD] = event.child
    state.budget.reserved[event.path, 0] = reservation(state.budget, event)


@on(ev.ChildLimitsRaised)
def _(state: RunState, event: ev.ChildLimitsRaised) -> None:
    budget = state.budget
    if before := budget.reserved.get((event.path, 0)):
        budget.reserved[event.path, 0] = grown(before, reservation(budget, event))


@on(ev.ChildRunEnded)
def _(state: RunState, event: ev.ChildRunEnded) -> None:
    notes, budget = state.node(event.path).notes, state.budget
    if CHILD_ENDED in notes:
        return
    notes[CHILD_ENDED], notes[CHILD_SAID] = event.status, event.output or event.message
    budget.reserved.pop((event.path, 0), None)
    budget.spent_cost += Decimal(event.cost)
    budget.spent_tokens += event.tokens
    budget.calls += event.calls
    budget.unknown_costs += event.unknown_costs
