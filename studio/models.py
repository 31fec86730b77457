"""Names the models of this app; they are defined beside what they are about."""

from __future__ import annotations

from studio.audit import AuditEntry
from studio.workspaces.groups import ApproverGroup
from studio.workspaces.models import ApiToken, Invitation, Membership, SignInLink, User, Workspace
from studio.workspaces.seen import Seen

__all__ = [
    "ApiToken",
    "ApproverGroup",
    "AuditEntry",
    "Invitation",
    "Membership",
    "Seen",
    "SignInLink",
    "User",
    "Workspace",
]
