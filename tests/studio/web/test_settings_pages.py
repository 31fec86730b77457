"""Settings: the workspace, its members and invitations, API tokens, one's own profile."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from studio.audit import AuditEntry
from studio.workspaces import actions
from studio.workspaces.access import Member, Role, member_by_token
from studio.workspaces.models import ApiToken, Invitation, Membership, User, Workspace
from tests.world import World, bearer, signed_in

pytestmark = pytest.mark.django_db


def base(world: World) -> str:
    return f"/w/{world.workspace.slug}/settings/"


def membership(member: Member) -> Membership:
    return Membership.objects.get(workspace=member.workspace, user=member.user)


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


# ── the workspace ───────────────────────────────────────────────────────────────────────────────────
def test_an_admin_renames_the_workspace(world: World) -> None:
    client = signed_in(world.admin)
    assert client.post(base(world), {"name": "Acme Labs"}).status_code == 302
    assert "Acme Labs" in text(client, base(world))
    assert AuditEntry.objects.filter(verb="workspace.renamed", data={"before": "Acme"}).exists()


def test_a_name_that_is_missing_is_asked_for(world: World) -> None:
    answer = signed_in(world.owner).post(base(world), {"name": " "})
    assert answer.status_code == 422
    assert Workspace.objects.get(pk=world.workspace.pk).name == "Acme"


def test_nobody_sees_a_button_they_cannot_use(world: World) -> None:
    client = signed_in(world.viewer)
    assert '<button class="btn btn-primary">Save' not in text(client, base(world))
    page = text(client, f"{base(world)}members/")
    for dead in ("Make an invitation link", "Remove from the workspace", "one-time sign-in link", "<select"):
        assert dead not in page
    assert "Leave the workspace" in page
    assert "Audit trail" not in page


def test_only_owners_make_workspaces_and_land_in_them(world: World) -> None:
    client = signed_in(world.owner)
    assert "New workspace" in text(client, base(world))
    assert client.post("/workspaces/new/", {"name": "Second"})["Location"] == "/w/second/"
    assert "is ready" in text(client, "/w/second/")
    assert client.get("/")["Location"] == "/w/second/"
    text(client, f"/w/{world.workspace.slug}/")
    assert client.get("/")["Location"] == f"/w/{world.workspace.slug}/"
    admin = signed_in(world.admin)
    assert "New workspace" not in text(admin, base(world))
    assert admin.post("/workspaces/new/", {"name": "Third"}).status_code == 403


# ── members ─────────────────────────────────────────────────────────────────────────────────────────
def test_an_invitation_link_is_shown_once(world: World) -> None:
    client = signed_in(world.admin)
    page = client.post(f"{base(world)}members/invite/", {"email": "new@example.org", "role": 20})
    link = re.search(r"http://testserver(/invitation/[\w-]+/)", page.content.decode())
    assert link
    assert page["Cache-Control"] == "no-store"
    assert Client().get(link[1]).status_code == 200
    later = text(client, f"{base(world)}members/")
    assert link[1] not in later
    assert "new@example.org" in later


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"email": "viewer@example.org", "role": 20}, "already a member"),
        ({"email": "no address", "role": 20}, "valid email"),
        ({"email": "new@example.org", "role": 50}, "valid choice"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(
    world: World, form: dict[str, object], says: str
) -> None:
    answer = signed_in(world.admin).post(f"{base(world)}members/invite/", form)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Invitation.objects.exists()


def test_a_withdrawn_invitation_opens_nothing(world: World) -> None:
    row, link = actions.invite(actor=world.admin, email="new@example.org", role=Role.VIEWER)
    client = signed_in(world.admin)
    client.post(f"{base(world)}invitations/{row.pk}/revoke/")
    assert Client().get(link).status_code == 404


def test_roles_change_up_to_ones_own(world: World) -> None:
    client, row = signed_in(world.admin), membership(world.viewer)
    path = f"{base(world)}members/{row.pk}/role/"
    client.post(path, {"role": int(Role.DESIGNER)})
    row.refresh_from_db()
    assert row.role == Role.DESIGNER
    client.post(path, {"role": int(Role.OWNER)})
    row.refresh_from_db()
    assert row.role == Role.DESIGNER
    own = membership(world.owner)
    assert client.post(f"{base(world)}members/{own.pk}/role/", {"role": 10}).status_code == 403


def test_the_last_owner_stays(world: World) -> None:
    client, row = signed_in(world.owner), membership(world.owner)
    for verb, form in (("role", {"role": 10}), ("remove", {})):
        answer = client.post(f"{base(world)}members/{row.pk}/{verb}/", form, follow=True)
        assert "needs an owner" in answer.content.decode()
    assert membership(world.owner).role == Role.OWNER


def test_who_is_removed_is_out_with_their_tokens(world: World) -> None:
    token = bearer(world.operator)["Authorization"].removeprefix("Bearer ")
    gone = signed_in(world.operator)
    signed_in(world.admin).post(f"{base(world)}members/{membership(world.operator).pk}/remove/")
    assert gone.get(f"/w/{world.workspace.slug}/").status_code == 404
    assert member_by_token(token) is None


def test_leaving_leads_to_what_is_left(world: World) -> None:
    client = signed_in(world.viewer)
    answer = client.post(f"{base(world)}members/{membership(world.viewer).pk}/remove/", follow=True)
    assert "You have left Acme." in answer.content.decode()
    assert "You are in no workspace" in answer.content.decode()


def test_an_admin_gives_a_member_a_one_time_link(world: World) -> None:
    client = signed_in(world.admin)
    page = client.post(f"{base(world)}members/{membership(world.viewer).pk}/link/").content.decode()
    link = re.search(r"http://testserver(/sign-in/[\w-]+/)", page)
    assert link
    other = Client()
    other.post(link[1])
    assert other.session["_auth_user_id"] == str(world.viewer.user.pk)
    assert AuditEntry.objects.filter(verb="member.sign_in_link_made", actor=world.admin.user).exists()


def test_the_list_takes_as_many_queries_for_many_members_as_for_few(world: World) -> None:
    client = signed_in(world.admin)
    with CaptureQueriesContext(connection) as few:
        client.get(f"{base(world)}members/")
    for n in range(30):
        user = User.objects.create_user(f"m{n}@example.org")
        Membership.objects.create(workspace=world.workspace, user=user, role=Role.VIEWER)
    with CaptureQueriesContext(connection) as many:
        client.get(f"{base(world)}members/")
    assert len(many) == len(few)


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_token_is_shown_once_and_works(world: World) -> None:
    client = signed_in(world.operator)
    form = {"name": "Nightly", "role": 10, "days": "30"}
    page = client.post(f"{base(world)}tokens/create/", form)
    found = re.search(r"trp_[\w-]+", page.content.decode())
    assert found
    assert page["Cache-Control"] == "no-store"
    assert "curl" in page.content.decode()
    answer = Client().get("/api/v1/teams", headers={"Authorization": f"Bearer {found[0]}"})
    assert answer.status_code == 200
    later = text(client, f"{base(world)}tokens/")
    assert found[0] not in later
    assert "last used" in later


def test_a_token_has_at_most_ones_own_role(world: World) -> None:
    answer = signed_in(world.operator).post(f"{base(world)}tokens/create/", {"name": "x", "role": 50})
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_revoked_token_opens_nothing_and_is_not_listed(world: World) -> None:
    row, secret = actions.create_token(actor=world.operator, name="ci", role=Role.VIEWER)
    client = signed_in(world.operator)
    client.post(f"{base(world)}tokens/{row.pk}/revoke/")
    assert member_by_token(secret) is None
    assert row.prefix not in text(client, f"{base(world)}tokens/")


def test_others_tokens_are_for_admins_to_see_and_revoke(world: World) -> None:
    row, _ = actions.create_token(actor=world.operator, name="ci", role=Role.VIEWER)
    path = f"{base(world)}tokens/"
    assert row.prefix not in text(signed_in(world.designer), path)
    assert signed_in(world.designer).post(f"{path}{row.pk}/revoke/").status_code == 404
    assert row.prefix in text(signed_in(world.admin), path)
    assert signed_in(world.admin).post(f"{path}{row.pk}/revoke/").status_code == 302


# ── profile ─────────────────────────────────────────────────────────────────────────────────────────
def test_ones_name_and_address_change(world: World) -> None:
    client = signed_in(world.viewer)
    client.post(f"{base(world)}profile/", {"name": "Vera", "email": "vera@example.org"})
    page = text(client, f"{base(world)}profile/")
    assert 'value="Vera"' in page
    assert 'value="vera@example.org"' in page


def test_an_address_of_somebody_else_is_refused(world: World) -> None:
    client = signed_in(world.viewer)
    answer = client.post(f"{base(world)}profile/", {"name": "V", "email": "ADMIN@example.org"})
    assert answer.status_code == 422
    assert "belongs to another account" in answer.content.decode()


def test_who_has_no_password_is_offered_one(world: World) -> None:
    world.viewer.user.set_unusable_password()
    world.viewer.user.save()
    page = text(signed_in(world.viewer), f"{base(world)}profile/")
    assert "You have no password yet" in page
    assert "Set a password" in page
