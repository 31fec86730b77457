"""Approvals: what people are asked, for the inbox and its badge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

from runs.engine import events as ev
from runs.engine.state import ApprovalState, RunState
from runs.projections.base import Projection, Ref, Row, maybe, moment

STATUS = {
    "pending": "pending",
    "approve": "approved",
    "edit": "edited",
    "answer": "edited",
    "retry": "approved",
    "done": "approved",
    "reject": "rejected",
    "send_back": "sent_back",
    "abort": "rejected",
    "expired": "expired",
    "withdrawn": "withdrawn",
}
SAID = (
    ev.ApprovalRequested,
    ev.ApprovalVoted,
    ev.ApprovalEdited,
    ev.ApprovalDecided,
    ev.ApprovalExpired,
    ev.ApprovalReminded,
    ev.ApprovalEscalated,
)
ENDS = (ev.NodeCompleted, ev.NodeFailed, ev.NodeCancelled, ev.RunCompleted, ev.RunFailed, ev.RunCancelled)


def approval_id(run: UUID, path: str, key: str) -> UUID:
    """The public id of an approval: the same whenever the log is projected."""
    return uuid5(run, f"{path}\n{key}")


def rows(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    if isinstance(event, SAID):
        yield _row(ref, state.node(event.path).approvals[event.key])
    elif isinstance(event, ENDS):
        nodes = [state.node(event.path)] if event.path else list(state.nodes.values())
        for node in nodes:
            for approval in node.approvals.values():
                if approval.status == "withdrawn" and approval.decided_at == event.at:
                    yield _row(ref, approval)


def _row(ref: Ref, approval: ApprovalState) -> Row:
    return (
        f"{approval.path}\n{approval.key}",
        approval_id(ref.run, approval.path, approval.key),
        ref.workspace,
        approval.kind,
        approval.path,
        approval.call,
        approval.title[:300],
        STATUS[approval.status],
        approval.subject,
        approval.least_role,
        approval.audience,
        _policy(approval),
        approval.quorum,
        [
            {"by": vote.by, "name": vote.by_name, "at": vote.at, "comment": vote.comment}
            for vote in approval.votes
        ],
        approval.launcher_may_decide,
        approval.may_send_back,
        moment(approval.requested_at),
        maybe(approval.deadline_at or 0),
        approval.reminded,
        maybe(approval.reminded_at),
        approval.escalated,
        maybe(approval.escalated_at),
        maybe(approval.decided_at),
        UUID(approval.by) if approval.by else None,
        approval.comment,
        approval.edited,
    )


def _policy(approval: ApprovalState) -> dict[str, Any]:
    """What people are shown of it."""
    return {
        "people": approval.people,
        "groups": approval.groups,
        "least_role": approval.least_role,
        "deadline_s": approval.deadline_s,
        "remind_after_s": approval.remind_after_s,
        "escalation": approval.escalation,
        "on_expiry": approval.on_expiry,
    }


PROJECTION = Projection(
    table="runs_approval",
    columns={
        "key": "text",
        "id": "uuid",
        "workspace_id": "uuid",
        "kind": "text",
        "path": "text",
        "call": "text",
        "title": "text",
        "status": "text",
        "digest": "text",
        "least_role": "smallint",
        "audience": "jsonb",
        "policy": "jsonb",
        "quorum": "smallint",
        "votes": "jsonb",
        "launcher_may_decide": "boolean",
        "may_send_back": "boolean",
        "requested_at": "timestamptz",
        "deadline": "timestamptz",
        "reminded": "smallint",
        "reminded_at": "timestamptz",
        "escalated": "smallint",
        "escalated_at": "timestamptz",
        "decided_at": "timestamptz",
        "decided_by_id": "uuid",
        "comment": "text",
        "edited_digest": "text",
    },
    key=1,
    rows=rows,
)
