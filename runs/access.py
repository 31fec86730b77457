"""The only place of this room that turns an id from outside into an object.

Strangers get Http404, so that they cannot tell "not yours" from "not there"; members who lack the role get
PermissionDenied.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from runs.models import Approval, Budget, Run
from studio.workspaces.access import Member, Role, enter
from studio.workspaces.models import User


def get_run(member: Member, run_id: UUID | str, need: Role = Role.VIEWER) -> Run:
    """A run of the member's workspace, with its team version and who started it."""
    try:
        wanted = run_id if isinstance(run_id, UUID) else UUID(run_id)
    except ValueError:
        raise Http404("No such run.") from None
    runs = Run.objects.select_related("team_version__team", "started_by")
    run = runs.filter(workspace=member.workspace, pk=wanted).first()
    if run is None:
        raise Http404("No such run.")
    member.require(need)
    run.workspace = member.workspace
    return run


def get_budget(member: Member, budget_id: UUID, need: Role = Role.VIEWER) -> Budget:
    """A budget of the member's workspace, with what it is of."""
    budgets = Budget.objects.select_related("team", "agent")
    budget = budgets.filter(workspace=member.workspace, pk=budget_id).first()
    if budget is None:
        raise Http404("No such budget.")
    member.require(need)
    return budget


def watch_run(user: User | AnonymousUser, run_id: UUID) -> tuple[Member, Run]:
    """The run a socket asks for by its id alone, and the membership that lets its user see it."""
    run = Run.objects.select_related("workspace").filter(pk=run_id).first()
    if run is None:
        raise Http404("No such run.")
    return enter(user, run.workspace.slug), run


def get_approval(member: Member, approval_id: UUID | str, need: Role = Role.VIEWER) -> Approval:
    """An approval of the member's workspace, with its run, that run's version, and who decided it."""
    try:
        wanted = approval_id if isinstance(approval_id, UUID) else UUID(approval_id)
    except ValueError:
        raise Http404("No such approval.") from None
    approvals = Approval.objects.select_related("run__team_version__team", "run__started_by", "decided_by")
    approval = approvals.filter(workspace=member.workspace, id=wanted).first()
    if approval is None:
        raise Http404("No such approval.")
    member.require(need)
    return approval
