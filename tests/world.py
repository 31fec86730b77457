"""The small world tests share: one furnished workspace, its people of every role, and a stranger."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from agents import queries
from agents.models import Agent, Endpoint, Team, Tool
from studio.workspaces.access import Member, Role
from studio.workspaces.actions import create_workspace
from studio.workspaces.models import ApiToken, Membership, User, Workspace, digest

PASSWORD = "correct horse battery"
ROLES = {"viewer": Role.VIEWER, "operator": Role.OPERATOR, "designer": Role.DESIGNER, "admin": Role.ADMIN}


@dataclass(frozen=True)
class World:
    """`people` holds members by role name; the stranger owns a workspace of his own."""

    workspace: Workspace
    people: dict[str, Member]
    stranger: Member

    @property
    def owner(self) -> Member:
        return self.people["owner"]

    @property
    def admin(self) -> Member:
        return self.people["admin"]

    @property
    def designer(self) -> Member:
        return self.people["designer"]

    @property
    def operator(self) -> Member:
        return self.people["operator"]

    @property
    def viewer(self) -> Member:
        return self.people["viewer"]

    def team(self, name: str = "Blog pipeline") -> Team:
        """One of the example teams, all of them published."""
        return queries.teams(self.workspace).get(name=name)

    def agent(self, key: str = "writer") -> Agent:
        return queries.agents(self.workspace).get(key=key)

    def tool(self, name: str = "calculator") -> Tool:
        return Tool.objects.get(workspace=self.workspace, name=name)

    def endpoint(self, name: str = "rehearsal") -> Endpoint:
        return queries.endpoints(self.workspace).get(name=name)


@pytest.fixture
def world(db: None) -> World:
    return build()


def build() -> World:
    """For fixtures of another scope; tests ask for `world`."""
    owner = create_workspace(user=_user("olga"), name="Acme")
    people = {"owner": owner}
    for name, role in ROLES.items():
        user = _user(name)
        Membership.objects.create(workspace=owner.workspace, user=user, role=role)
        people[name] = Member(user, owner.workspace, role)
    return World(owner.workspace, people, _stranger())


def _stranger() -> Member:
    """Owns a workspace that is left empty: furnishing it would cost every test a tenth of a second."""
    elsewhere = Workspace.objects.create(name="Elsewhere", slug="elsewhere")
    membership = Membership.objects.create(workspace=elsewhere, user=_user("stranger"), role=Role.OWNER)
    return Member(membership.user, elsewhere, Role.OWNER)


def _user(name: str) -> User:
    return User.objects.create_user(f"{name}@example.org", PASSWORD, name=name.title())


def signed_in(member: Member) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(member.user)
    return client


def bearer(member: Member, role: Role | None = None) -> dict[str, str]:
    """The header with which a program speaks for this person, as `headers=` of a test client."""
    token = ApiToken.generate()
    ApiToken.objects.create(
        workspace=member.workspace,
        user=member.user,
        name="test",
        role=role or member.role,
        prefix=token[:8],
        digest=digest(token),
    )
    return {"Authorization": f"Bearer {token}"}
