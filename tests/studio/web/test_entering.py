"""Coming in: one-time links, invitations, passwords, and what is not there because Troupe sends no mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from studio.workspaces import actions
from studio.workspaces.access import Role
from studio.workspaces.models import Invitation, Membership, SignInLink, User
from tests.world import PASSWORD, World, signed_in

pytestmark = pytest.mark.django_db
NEW = {"name": "Nora Vale", "password": "a-long-enough-secret"}


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


# ── one-time links ──────────────────────────────────────────────────────────────────────────────────
def test_looking_at_a_link_does_not_use_it_up(world: World) -> None:
    link = actions.sign_in_link(user=world.owner.user)
    for _ in range(3):
        page = Client().get(link)
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        assert page.content.decode().count("<button") - page.content.decode().count('type="button"') >= 1


def test_pressing_the_button_signs_in_once_and_leads_to_the_last_workspace(world: World) -> None:
    link = actions.sign_in_link(user=world.owner.user)
    client = Client()
    answer = client.post(link, follow=True)
    assert who(client) == str(world.owner.user.pk)
    assert answer.redirect_chain[-1][0] == f"/w/{world.workspace.slug}/"
    again = Client()
    refused = again.post(link)
    assert refused.status_code == 410
    assert "used already" in refused.content.decode()
    assert who(again) is None


def test_a_link_without_its_token_from_the_page_is_refused(world: World) -> None:
    link = actions.sign_in_link(user=world.owner.user)
    assert Client(enforce_csrf_checks=True).post(link).status_code == 403
    assert SignInLink.objects.get().used_at is None


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"expires_at": timezone.now() - timedelta(minutes=1)}, 410, "older than a day"),
        ({"used_at": timezone.now()}, 410, "used already"),
        ({"digest": "0" * 64}, 404, "never made here"),
    ],
)
def test_a_useless_link_says_why_and_the_way_out(
    world: World, change: dict[str, object], status: int, says: str
) -> None:
    link = actions.sign_in_link(user=world.owner.user)
    SignInLink.objects.update(**change)
    for page in (Client().get(link), Client().post(link)):
        assert page.status_code == status
        assert says in page.content.decode()
        assert "manage.py up" in page.content.decode()


def test_a_link_of_an_account_that_was_switched_off_opens_nothing(world: World) -> None:
    link = actions.sign_in_link(user=world.viewer.user)
    User.objects.filter(pk=world.viewer.user.pk).update(is_active=False)
    client = Client()
    assert client.post(link).status_code == 410
    assert who(client) is None


# ── invitations ─────────────────────────────────────────────────────────────────────────────────────
def invited(world: World, email: str = "nora@example.org") -> str:
    return actions.invite(actor=world.admin, email=email, role=Role.DESIGNER)[1]


def test_somebody_new_joins_with_name_and_password(world: World) -> None:
    link, client = invited(world), Client()
    page = client.get(link).content.decode()
    assert "Join Acme" in page
    assert "Designer" in page
    answer = client.post(link, NEW)
    assert answer["Location"] == f"/w/{world.workspace.slug}/"
    user = User.objects.get(email="nora@example.org")
    assert who(client) == str(user.pk)
    assert Membership.objects.get(user=user).role == Role.DESIGNER
    assert user.check_password(NEW["password"])
    assert "accepted already" in Client().get(link).content.decode()


@pytest.mark.parametrize("password", ["short", "123456789012345", "nora@example.org"])
def test_a_weak_password_is_refused_with_the_form(world: World, password: str) -> None:
    link = invited(world)
    answer = Client().post(link, NEW | {"password": password})
    assert answer.status_code == 422
    assert "Nora Vale" in answer.content.decode()
    assert not User.objects.filter(email="nora@example.org").exists()


def test_an_invitation_never_signs_in_an_account_that_exists(world: World) -> None:
    link = invited(world, world.stranger.user.email)
    client = Client()
    assert "Sign in to join" in client.get(link).content.decode()
    client.post(link, NEW)
    assert who(client) is None
    assert Invitation.objects.get().accepted_at is None


def test_somebody_else_who_is_signed_in_cannot_take_it(world: World) -> None:
    link, client = invited(world, world.stranger.user.email), signed_in(world.viewer)
    assert "Sign out" in client.get(link).content.decode()
    client.post(link)
    assert not Membership.objects.filter(workspace=world.workspace, user=world.stranger.user).exists()


def test_an_account_that_exists_joins_once_signed_in(world: World) -> None:
    link, client = invited(world, world.stranger.user.email), signed_in(world.stranger)
    assert client.post(link)["Location"] == f"/w/{world.workspace.slug}/"
    assert Membership.objects.filter(workspace=world.workspace, user=world.stranger.user).exists()


def test_an_old_a_withdrawn_and_a_made_up_invitation_say_so(world: World) -> None:
    link = invited(world)
    Invitation.objects.update(expires_at=timezone.now())
    assert "has expired" in Client().get(link).content.decode()
    actions.revoke_invitation(actor=world.admin, invitation=Invitation.objects.get())
    for path in (link, "/invitation/made-up/"):
        page = Client().get(path)
        assert page.status_code == 404
        assert "withdrawn" in page.content.decode()


# ── the start, passwords, and what needs mail ───────────────────────────────────────────────────────
def test_the_start_leads_to_a_workspace_of_mine_only(world: World) -> None:
    client = signed_in(world.viewer)
    User.objects.filter(pk=world.viewer.user.pk).update(last_workspace=world.stranger.workspace)
    assert client.get("/")["Location"] == f"/w/{world.workspace.slug}/"
    Membership.objects.filter(user=world.viewer.user).delete()
    assert "You are in no workspace" in client.get("/").content.decode()


def test_visitors_are_sent_to_sign_in_and_back() -> None:
    assert Client().get("/")["Location"] == "/accounts/login/?next=/"


def test_signing_in_with_a_password_works_and_says_what_is_wrong(world: World) -> None:
    client = Client()
    form = {"login": "viewer@example.org", "password": "wrong"}
    assert "not correct" in client.post("/accounts/login/", form).content.decode()
    client.post("/accounts/login/", form | {"password": PASSWORD})
    assert who(client) == str(world.viewer.user.pk)


def test_who_came_by_a_link_sets_a_password_and_goes_on(world: World) -> None:
    user = User.objects.create_user("linked@example.org", name="Linked")
    client = Client()
    client.post(actions.sign_in_link(user=user))
    assert client.get("/accounts/password/change/")["Location"] == "/accounts/password/set/"
    new = {"password1": "a-long-enough-secret", "password2": "a-long-enough-secret"}
    assert client.post("/accounts/password/set/", new)["Location"] == "/"
    user.refresh_from_db()
    assert user.check_password(new["password1"])


@pytest.mark.parametrize(
    "path", ["password/reset/", "password/reset/done/", "email/", "confirm-email/", "reauthenticate/"]
)
def test_what_would_need_mail_is_not_there(world: World, path: str) -> None:
    for client in (Client(), signed_in(world.owner)):
        assert client.get(f"/accounts/{path}").status_code == 404
        assert client.post(f"/accounts/{path}", {"email": "viewer@example.org"}).status_code == 404


def test_the_old_address_does_not_sign_in_any_more(world: World) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": "viewer@example.org", "password": PASSWORD})
    profile = f"/w/{world.workspace.slug}/settings/profile/"
    assert client.post(profile, {"name": "V", "email": "New@Example.org"}).status_code == 302
    assert not EmailAddress.objects.filter(email="viewer@example.org").exists()
    for email, enters in (("viewer@example.org", False), ("new@example.org", True)):
        other = Client()
        other.post("/accounts/login/", {"login": email, "password": PASSWORD})
        assert (who(other) is not None) is enters


def test_an_admin_cannot_make_a_link_that_gives_more_than_they_have(world: World) -> None:
    """Neither for somebody above them, nor for a member who owns another workspace."""
    own = Membership.objects.get(user=world.owner.user)
    elsewhere = Membership.objects.create(
        workspace=world.workspace, user=world.stranger.user, role=Role.VIEWER
    )
    for membership in (own, elsewhere):
        with pytest.raises(PermissionDenied):
            actions.sign_in_link_for(actor=world.admin, membership=membership)
    below = Membership.objects.get(user=world.viewer.user)
    assert actions.sign_in_link_for(actor=world.admin, membership=below).startswith("/sign-in/")
