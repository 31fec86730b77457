"""The part of the JSON API that forks runs, and deletes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Header, Router, Schema, Status
from pydantic import ConfigDict, Field

from agents.topology.changes import AgentChange, Changes
from agents.topology.graph import JsonObject, Key
from runs import access
from runs import api_schemas as io
from runs.actions.delete import delete_run as delete
from runs.actions.fork import Answer, Wanted, fork_run
from runs.api import READS, REFUSES, WRITES, detail
from runs.api_totals import exact
from runs.models import Run
from studio.api import caller
from studio.workspaces.access import Role

router = Router(throttle=READS, tags=["runs"])


# ── what comes in ───────────────────────────────────────────────────────────────────────────────────
class AnswerIn(io.Body):
    """A decision that is taken as soon as the fork asks for it; `key` where a node asks several things."""

    node: Annotated[str, Field(min_length=1, max_length=1_000)]
    key: Annotated[str, Field(max_length=1_000)] = ""
    decision: io.Decision
    comment: Annotated[str, Field(max_length=5_000)] = ""
    edited: Any = None


class ForkIn(io.Body):
    """`at` is the last event that the fork shares; what is left out stays as it was."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "at": 17,
                "effects": "recorded",
                "agents": {"writer": {"instructions": "Write in short sentences."}},
                "nodes": {"draft": {"task": {"description": "Draft the reply."}}},
                "limits": {"cost_usd": "0.50"},
            }
        },
    )

    at: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
    effects: Literal["recorded", "simulated", "live"]
    agents: dict[Key, AgentChange] = Field(default_factory=dict)
    nodes: dict[Key, JsonObject] = Field(default_factory=dict)  # parts of their configuration
    input: dict[str, Any] | None = None
    answers: Annotated[list[AnswerIn], Field(max_length=100)] = []
    limits: io.LimitsIn | None = None

    def wanted(self, run: Run) -> Wanted:
        limits = run.team_version.parsed().graph.limits
        return Wanted(
            at=self.at,
            effects=self.effects,
            changes=Changes(agents=self.agents, nodes=self.nodes),
            value=self.input,
            answers=[Answer(**one.model_dump()) for one in self.answers],
            limits=self.limits.over(limits) if self.limits else None,
        )


# ── what goes out ───────────────────────────────────────────────────────────────────────────────────
class TombstoneOut(Schema):
    """What is left of a deleted run."""

    run: UUID
    seq: int
    head_hash: str  # of its last event, in hex
    known_cost: str


# ── the addresses ───────────────────────────────────────────────────────────────────────────────────
@router.post(
    "/runs/{uuid:run_id}/fork",
    response={201: io.RunDetailOut, **REFUSES},
    url_name="fork_run",
    throttle=WRITES,
)
def fork(
    request: HttpRequest,
    run_id: UUID,
    body: ForkIn,
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key", max_length=200)] = "",
) -> Status[io.RunDetailOut]:
    """A new run that shares the events up to `at` and goes on by itself; this run stays as it is.

    Its calls are `live`, `simulated`, or `recorded`: answered as this run's equal calls were, while a call
    that was never made waits for an approval. Changing agents or nodes takes a designer.
    """
    member = caller(request)
    run = access.get_run(member, run_id, Role.OPERATOR)
    made = fork_run(actor=member, run=run, wanted=body.wanted(run), idempotency_key=idempotency_key.strip())
    return Status(201, detail(member, made.pk))


@router.post(
    "/runs/{uuid:run_id}/delete",
    response={200: TombstoneOut, **REFUSES},
    url_name="delete_run",
    throttle=WRITES,
)
def delete_run(request: HttpRequest, run_id: UUID) -> TombstoneOut:
    """Delete a run that has ended, with its log, its content and its costs. The head of its log stays."""
    member = caller(request)
    left = delete(actor=member, run=access.get_run(member, run_id, Role.ADMIN))
    return TombstoneOut(
        run=left.run,
        seq=left.seq,
        head_hash=bytes(left.head_hash).hex(),
        known_cost=exact(Decimal(left.cost)),
    )
