"""The ledger: one row per billable call, written when the call is settled."""

from __future__ import annotations

from collections.abc import Iterator

from runs.engine import events as ev
from runs.engine.state import RunState
from runs.projections.base import Projection, Ref, Row, moment


def rows(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    if not isinstance(event, ev.ModelCallCompleted | ev.ModelCallFailed | ev.CallAbandoned):
        return
    call = state.node(event.path).calls[event.call]
    if event.charge is None or call.kind != "model":
        return
    charge, usage = event.charge, event.charge.usage
    yield (
        event.call,
        event.attempt,
        ref.workspace,
        event.path,
        call.agent,
        call.agent_name,
        call.agent_version,
        call.endpoint,
        call.name,
        call.simulated,
        charge.status,
        usage.input_tokens,
        usage.cached_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        charge.input_price,
        charge.cached_price,
        charge.output_price,
        charge.price_source[:200],
        charge.cost,
        moment(event.at),
    )


PROJECTION = Projection(
    table="runs_ledgerentry",
    columns={
        "call": "text",
        "attempt": "smallint",
        "workspace_id": "uuid",
        "path": "text",
        "agent_key": "text",
        "agent_name": "text",
        "agent_version": "int",
        "endpoint": "text",
        "model": "text",
        "simulated": "boolean",
        "status": "text",
        "input_tokens": "int",
        "cached_tokens": "int",
        "output_tokens": "int",
        "reasoning_tokens": "int",
        "input_price": "numeric",
        "cached_price": "numeric",
        "output_price": "numeric",
        "price_source": "text",
        "cost": "numeric",
        "at": "timestamptz",
    },
    key=2,
    rows=rows,
)
