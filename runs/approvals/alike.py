"""Like items: what the same node of the same team asks this person in many runs, to be decided together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from runs.actions import decide_approval
from runs.actions.errors import BadInput, Refused
from runs.approvals import inbox
from runs.models import Approval
from studio.workspaces.access import Member

MOST = 50  # shown, and decided, at once
DECISIONS = ("approve", "reject")  # an edit or a comment on what to change is about one of them
KINDS = ("gate", "tool")


def alike(member: Member, approval: Approval) -> QuerySet[Approval]:
    """Those that wait for this member and ask the same, `approval` among them."""
    rows = (
        inbox.for_you(member)
        .defer(None)
        .filter(
            run__team_version__team=approval.run.team_version.team_id, kind=approval.kind, path=approval.path
        )
    )
    if approval.kind not in KINDS:
        return rows.none()
    return rows.filter(title=approval.title) if approval.kind == "tool" else rows


@dataclass
class Outcome:
    """What became of a decision on many: how many were taken, and why others were not."""

    taken: int = 0
    refused: list[str] = field(default_factory=list)


def decide_all(
    member: Member, picked: Iterable[tuple[Approval, str]], decision: str, comment: str
) -> Outcome:
    """Each with the digest that was seen, in a transaction of its own; one that is refused stops no other."""
    outcome = Outcome()
    for approval, digest in picked:
        try:
            decide_approval(
                actor=member, approval=approval, decision=decision, digest=digest, comment=comment
            )
            outcome.taken += 1
        except Refused as reason:
            outcome.refused.append(f"{approval.run.short_id}: {reason.sentence}")
        except (PermissionDenied, BadInput) as reason:
            outcome.refused.append(f"{approval.run.short_id}: {reason}")
    return outcome


def picks(texts: Iterable[str]) -> dict[UUID, str]:
    """The digests by id, from `id:digest` as the page sends them; what makes no sense is left out."""
    found: dict[UUID, str] = {}
    for text in texts:
        id_, _, digest = text.partition(":")
        try:
            found[UUID(id_)] = digest
        except ValueError:
            continue
    return dict(list(found.items())[:MOST])
