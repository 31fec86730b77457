"""What the run-time part of the JSON API takes and gives, with an example of each."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field

from agents.topology.graph import RunLimits
from runs import queries
from runs.api_totals import TotalsOut
from runs.approvals.asked import Asked
from runs.models import Approval, Run
from runs.queries import Limits, Row
from runs.subteams import Part, parts_of

Mode = Literal["live", "simulated"]
Status = Literal["queued", "running", "waiting", "doubt", "done", "failed", "cancelled"]
Decision = Literal["approve", "edit", "answer", "send_back", "reject", "retry", "done", "abort"]
ApprovalStatus = Literal["pending", "approved", "edited", "rejected", "sent_back", "expired", "withdrawn"]
RUN_ID = "0195f2c4-7f3c-7000-8000-000000000001"
DIGEST = "9f2c41ab8e51d0c7b7f0a3a1c1d2e3f405162738495a6b7c8d9eafb0c1d277e0"


class Body(Schema):
    """What comes in: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid")


# ── what comes in ───────────────────────────────────────────────────────────────────────────────────
class LimitsIn(Body):
    """A limit that is left out stays as the team (or the run) has it; null takes it away."""

    cost_usd: Annotated[Decimal, Field(ge=0, max_digits=19, decimal_places=10)] | None = None
    tokens: Annotated[int, Field(ge=1, le=10**12)] | None = None
    model_calls: Annotated[int, Field(ge=1, le=100_000)] | None = None
    seconds: Annotated[float, Field(gt=0, le=10**9)] | None = None
    soft_percent: Annotated[int, Field(ge=1, le=99)] | None = None  # of each limit: there a person is asked
    latency_s: Annotated[float, Field(gt=0, le=10**9)] | None = None  # a breach is told, and stops nothing

    def over(self, limits: RunLimits) -> RunLimits:
        given = self.model_dump(include=set(RunLimits.model_fields), exclude_unset=True)
        if given.get("cost_usd") is not None:
            given["cost_usd"] = f"{given['cost_usd']:f}"
        return RunLimits.model_validate(limits.model_dump() | given)


class StartIn(Body):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"input": {"topic": "Tea"}, "mode": "live", "limits": {"cost_usd": "0.50"}}
        },
    )

    input: dict[str, Any]
    mode: Mode = "live"
    limits: LimitsIn | None = None
    version: Annotated[int, Field(ge=1)] | None = None  # of the team; the current one by default


class CancelIn(Body):
    reason: Annotated[str, Field(max_length=500)] = ""


class RaiseIn(LimitsIn):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"cost_usd": "2.00"}})

    unknown_prices_allowed: bool | None = None


class DecideIn(Body):
    """`digest` is the one of what you saw; `edited` is what an `edit` approves instead, or the `answer`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"decision": "approve", "digest": DIGEST, "comment": "Checked."}},
    )

    decision: Decision
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    comment: Annotated[str, Field(max_length=5_000)] = ""
    edited: Any = None


# ── what goes out ───────────────────────────────────────────────────────────────────────────────────
class TeamRef(Schema):
    id: UUID
    name: str
    version: int


class ForkedFrom(Schema):
    """The run whose events up to `seq` are the beginning of a fork's log, and how its calls behave since."""

    run: UUID
    seq: int
    effects: str  # recorded, simulated or live

    @staticmethod
    def of(run: Run) -> ForkedFrom | None:
        if run.forked_from_id is None:
            return None
        return ForkedFrom(run=run.forked_from_id, seq=run.fork_seq, effects=run.effects)


class ParentRef(Schema):
    """The run that this one works for as a sub-team, and its node there."""

    run: UUID
    node: str

    @staticmethod
    def of(run: Run) -> ParentRef | None:
        return None if run.parent_id is None else ParentRef(run=run.parent_id, node=run.parent_path)


class ChildOut(Schema):
    """The run of a sub-team; its totals are those of that run with all below it."""

    run: UUID
    node: str  # whose run it is
    team: str
    status: Status
    totals_with_sub_teams: TotalsOut

    @staticmethod
    def all_of(run: Run) -> list[ChildOut]:
        """Those that are there; one that was only asked for comes soon."""
        return [ChildOut(**_child(part, part.row)) for part in parts_of(run) if part.row]


def _child(part: Part, row: Row) -> dict[str, Any]:
    return {
        "run": part.run,
        "node": part.path,
        "team": part.title,
        "status": part.status,
        "totals_with_sub_teams": TotalsOut.of(row.totals, row.reserved),
    }


class RunOut(Schema):
    id: UUID
    team: TeamRef
    mode: Mode
    status: Status
    activity: str  # what it does or waits for, in a line
    error: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    started_by: str | None
    started_via: str
    waiting: int  # decisions that people have to take
    totals: TotalsOut  # of its own calls, without those of its sub-teams, which are runs of their own
    sub_teams: int  # how many runs of sub-teams there are, at any depth
    totals_with_sub_teams: TotalsOut  # the same as `totals` where there are none
    seq: int  # of its newest event
    forked_from: ForkedFrom | None
    parent: ParentRef | None

    @staticmethod
    def of(row: Row) -> RunOut:
        return RunOut(**_shown(row))


def _shown(row: Row) -> dict[str, Any]:
    run = row.run
    version = run.team_version
    return {
        "id": run.pk,
        "team": TeamRef(id=version.team_id, name=version.team.name, version=version.number),
        "mode": run.mode,
        "status": run.status,
        "activity": run.activity,
        "error": run.error,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "started_by": str(run.started_by) if run.started_by else None,
        "started_via": run.started_via,
        "waiting": row.pending,
        "totals": TotalsOut.of(row.totals, row.reserved),
        "sub_teams": row.family.sub_teams,
        "totals_with_sub_teams": TotalsOut.of(row.family.totals, row.family.reserved),
        "seq": run.seq,
        "forked_from": ForkedFrom.of(run),
        "parent": ParentRef.of(run),
    }


class LimitsOut(Schema):
    cost_usd: str | None
    tokens: int | None
    model_calls: int | None
    seconds: float | None
    unknown_prices_allowed: bool
    soft_percent: int | None  # of each limit: there a person is asked
    latency_s: float | None
    stopped_by: str | None  # the limit the run stands at: cost, tokens, calls, seconds, price or soft
    shared_budget: (
        UUID | None
    )  # the budget of workspace, team or agent whose limit it is; null: the run's own
    message: str

    @staticmethod
    def of(limits: Limits) -> LimitsOut:
        return LimitsOut(
            cost_usd=limits.cost,
            tokens=limits.tokens,
            model_calls=limits.calls,
            seconds=limits.seconds,
            unknown_prices_allowed=limits.unknown_prices_allowed,
            soft_percent=limits.soft_percent,
            latency_s=limits.latency_s,
            stopped_by=limits.blocked or None,
            shared_budget=UUID(limits.scope) if limits.scope else None,
            message=limits.message,
        )


class VoteOut(Schema):
    by: str
    at: datetime
    comment: str


class ApprovalOut(Schema):
    id: UUID
    run: UUID
    team: str
    kind: Literal["gate", "question", "tool", "doubt", "budget", "miss"]
    node: str
    title: str
    status: ApprovalStatus
    digest: str  # of the subject; a decision has to name it
    may_decide: bool  # whether this token may
    decisions: list[Decision]  # those it can take
    who: str  # those who were asked: people, groups, or a role
    quorum: int  # how many have to approve
    votes: list[VoteOut]  # approvals of what the digest covers, so far
    reminded_at: datetime | None
    escalated_to: list[str]  # those who may decide as well by now
    requested_at: datetime
    deadline: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    comment: str

    @staticmethod
    def of(asked: Asked) -> ApprovalOut:
        return ApprovalOut(**_asked(asked))


def _asked(asked: Asked) -> dict[str, Any]:
    approval: Approval = asked.approval
    return {
        "id": approval.id,
        "run": approval.run_id,
        "team": approval.run.team_version.team.name,
        "kind": approval.kind,
        "node": approval.path,
        "title": approval.title,
        "status": approval.status,
        "digest": approval.digest,
        "may_decide": bool(asked.decisions),
        "decisions": list(asked.decisions),
        "who": asked.deciders.words,
        "quorum": approval.quorum,
        "votes": [VoteOut(by=one.name, at=one.at, comment=one.comment) for one in asked.deciders.votes],
        "reminded_at": approval.reminded_at,
        "escalated_to": asked.deciders.escalated_to,
        "requested_at": approval.requested_at,
        "deadline": approval.deadline,
        "decided_at": approval.decided_at,
        "decided_by": str(approval.decided_by) if approval.decided_by else None,
        "comment": approval.comment,
    }


class ApprovalDetailOut(ApprovalOut):
    subject: dict[str, Any] | None  # exactly what the digest covers; null once it is no longer stored
    edited: Any  # what was approved instead
    able: list[str]  # everybody who may decide it now
    problem: str  # why too few people can answer it, and what to do; else empty

    @staticmethod
    def of(asked: Asked) -> ApprovalDetailOut:
        return ApprovalDetailOut(
            **_asked(asked),
            subject=asked.subject,
            edited=asked.edited,
            able=[str(row.user) for row in asked.deciders.able] if asked.is_open else [],
            problem=asked.deciders.short,
        )


class RunDetailOut(RunOut):
    model_config = ConfigDict(
        json_schema_extra={"example": {"id": RUN_ID, "status": "waiting", "waiting": 1}}
    )

    input: Any
    output: Any  # null until the run is done
    limits: LimitsOut
    approvals: list[ApprovalOut]  # that wait for a decision
    children: list[ChildOut]  # the runs of the sub-teams that it asked for itself

    @staticmethod
    def detail(run: Run, approvals: list[Asked], value: Any, output: Any) -> RunDetailOut:
        return RunDetailOut(
            **_shown(queries.rows([run])[0]),
            input=value,
            output=output,
            limits=LimitsOut.of(queries.limits_of(run.pk)),
            approvals=[ApprovalOut.of(asked) for asked in approvals],
            children=ChildOut.all_of(run),
        )


class RunsOut(Schema):
    items: list[RunOut]
    total: int


class ApprovalsOut(Schema):
    items: list[ApprovalOut]
    total: int


class EventsOut(Schema):
    """Events as they are stored. All content is referred to by digest; times are microseconds since 1970."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {"seq": 1, "type": "RunStarted", "at": 1763600000000000, "input": DIGEST, "mode": "live"},
                    {"seq": 2, "type": "NodeStarted", "at": 1763600000004000, "path": "input"},
                ],
                "next": 2,
                "head": 41,
                "ended": False,
            }
        }
    )

    items: list[dict[str, Any]]
    next: int  # pass it as `after` to go on
    head: int  # the newest event's seq
    ended: bool  # nothing will follow `head`
