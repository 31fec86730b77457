"""Taking up a run that failed: which nodes begin anew besides the one that a person runs again. Pure."""

from __future__ import annotations

from runs.engine.kind import node_of
from runs.engine.plan import Plan
from runs.engine.state import NodeStatus, RunState


def begun_anew(state: RunState, plan: Plan, path: str) -> tuple[str, ...]:
    """What came after the node at `path`, and what its joins or the run's end cut off; ids, in order."""
    starts = {node_of(path)}
    again = plan.view.reachable(node_of(path))
    cut = set().union(*(losers for join, losers in plan.exclusive_ancestors.items() if join in again))
    for node_id in plan.order:
        node = state.nodes.get(state.instance(node_id))
        cancelled = state.ended and node and node.status is NodeStatus.CANCELLED
        if cancelled and node and (node_id in cut or node.ended_at == state.ended_at):
            starts.add(node_id)
    after = set().union(*map(plan.view.reachable, starts)) - {node_of(path)}
    return tuple(
        node_id
        for node_id in plan.order
        if node_id in after and (found := state.nodes.get(state.instance(node_id))) and found.settled
    )
