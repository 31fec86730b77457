"""Approvals: what people are asked, for the inbox and its badge."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid5

from runs.engine import events as ev
from runs.engine.state import ApprovalState, RunState
from runs.projections.base import Projection, Ref, Row, maybe, moment

STATUS = {
    "pending": "pending",
    "approve": "approved",
    "edit": "edited",
    "retry": "approved",
    "done": "approved",
    "reject": "rejected",
    "abort": "rejected",
    "expired": "expired",
    "withdrawn": "withdrawn",
}
ENDS = (ev.NodeCompleted, ev.NodeFailed, ev.NodeCancelled, ev.RunCompleted, ev.RunFailed, ev.RunCancelled)


def approval_id(run: UUID, path: str, key: str) -> UUID:
    """The public id of an approval: the same whenever the log is projected."""
    return uuid5(run, f"{path}\n{key}")


def rows(ref: Ref, state: RunState, event: ev.Event) -> Iterator[Row]:
    if isinstance(event, ev.ApprovalRequested | ev.ApprovalDecided | ev.ApprovalExpired):
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
        approval.launcher_may_decide,
        moment(approval.requested_at),
        maybe(approval.deadline_at or 0),
        maybe(approval.decided_at),
        UUID(approval.by) if approval.by else None,
        approval.comment,
        approval.edited,
    )


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
        "launcher_may_decide": "boolean",
        "requested_at": "timestamptz",
        "deadline": "timestamptz",
        "decided_at": "timestamptz",
        "decided_by_id": "uuid",
        "comment": "text",
        "edited_digest": "text",
    },
    key=1,
    rows=rows,
)
