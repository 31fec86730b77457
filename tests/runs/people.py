"""People of the run tests: an owner, an operator, a viewer, and a stranger with a workspace of their own."""

from __future__ import annotations

from dataclasses import dataclass

from studio.workspaces.access import Member
from studio.workspaces.models import Membership, User, Workspace
from studio.workspaces.roles import Role


@dataclass(frozen=True)
class People:
    workspace: Workspace
    owner: User
    operator: User
    viewer: User
    stranger: User

    def member(self, user: User) -> Member:
        row = Membership.objects.get(workspace=self.workspace, user=user)
        return Member(user, self.workspace, Role(row.role))


def people() -> People:
    workspace = Workspace.objects.create(name="Demo", slug="demo")
    elsewhere = Workspace.objects.create(name="Elsewhere", slug="elsewhere")
    roles = {"owner": Role.OWNER, "operator": Role.OPERATOR, "viewer": Role.VIEWER}
    users = {
        name: User.objects.create_user(f"{name}@example.org", name=name) for name in (*roles, "stranger")
    }
    for name, role in roles.items():
        Membership.objects.create(workspace=workspace, user=users[name], role=role)
    Membership.objects.create(workspace=elsewhere, user=users["stranger"], role=Role.OWNER)
    return People(workspace, **users)
