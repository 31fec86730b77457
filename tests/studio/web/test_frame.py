"""The frame around every page: who sees what in it, and the policy it is sent with."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest
from django.test import Client
from pytest_django import Settings

from studio.web.search import Hit
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Membership, User, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.studio.web.urls")]


@dataclass(frozen=True)
class World:
    workspace: Workspace
    owner: User
    viewer: User
    stranger: User


@pytest.fixture(autouse=True)
def ground_floor_alone(settings: Settings) -> None:
    settings.FRAME_CONTEXT = {}
    settings.SEARCH_SOURCES = []


@pytest.fixture
def world() -> World:
    workspace = Workspace.objects.create(name="Demo", slug="demo")
    people = [
        User.objects.create_user(f"{n}@example.org", name=n.title()) for n in ("owner", "viewer", "stranger")
    ]
    Membership.objects.create(workspace=workspace, user=people[0], role=Role.OWNER)
    Membership.objects.create(workspace=workspace, user=people[1], role=Role.VIEWER)
    return World(workspace, *people)


@pytest.fixture
def browser(world: World) -> Client:
    client = Client()
    client.force_login(world.owner)
    return client


def waiting(member: Member) -> int:
    return 3 if member.workspace.slug == "demo" else 0


def teams_named(member: Member, text: str) -> list[Hit]:
    return [Hit("Teams", f"Support desk of {member.workspace}", "/w/demo/teams/1/", "workflow")]


def test_a_member_sees_workspace_places_and_person(browser: Client) -> None:
    page = browser.get("/w/demo/").content.decode()
    for part in ("Demo", "Owner", 'aria-current="page"', "/w/demo/approvals/", 'data-live="/ws/w/demo/"'):
        assert part in page


def test_places_of_rooms_that_are_not_installed_are_left_out(browser: Client) -> None:
    assert "/w/demo/costs/" not in browser.get("/w/demo/").content.decode()


def test_only_the_open_place_is_marked(browser: Client) -> None:
    page = browser.get("/w/demo/approvals/").content.decode()
    marked = re.findall(r'<a class="rail-link" href="([^"]+)" aria-current', page)
    assert marked == ["/w/demo/approvals/"]


def test_the_badge_counts_what_the_room_above_says(browser: Client, settings: Settings) -> None:
    settings.FRAME_CONTEXT = {"approvals_waiting": f"{__name__}.waiting"}
    assert "data-approvals-badge>3<" in browser.get("/w/demo/").content.decode()


@pytest.mark.parametrize(
    ("cookie", "says"), [("dark", "troupe-dark"), ("light", "troupe-light"), ("<x", None), ("", None)]
)
def test_the_chosen_theme_is_in_the_page_from_the_start(
    browser: Client, cookie: str, says: str | None
) -> None:
    browser.cookies["theme"] = cookie
    found = re.search(r'<html[^>]* data-theme="([^"]*)"', browser.get("/w/demo/").content.decode())
    assert (found.group(1) if found else None) == says


@pytest.mark.parametrize("path", ["/w/demo/", "/accounts/login/", "/nothing/", "/refused/"])
def test_every_page_is_sent_with_the_policy_and_without_inline_code(browser: Client, path: str) -> None:
    if "login" in path:
        browser.logout()
    response = browser.get(path)
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "'unsafe-eval'" not in policy
    scripts = re.findall(r"<script\b[^>]*>", response.content.decode())
    assert scripts
    assert all("src=" in tag for tag in scripts)


def test_a_policy_breach_in_a_style_element_is_refused_by_the_policy(browser: Client) -> None:
    directives = dict(
        part.strip().split(" ", 1) for part in browser.get("/w/demo/")["Content-Security-Policy"].split(";")
    )
    assert directives["style-src"] == "'self'"
    assert directives["img-src"] == "'self' data:"
    assert directives["frame-ancestors"] == directives["object-src"] == "'none'"


def test_htmx_requests_carry_the_token_from_the_page(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.owner)
    page = client.get("/w/demo/")
    headers = re.search(r"hx-headers:inherited='([^']+)'", page.content.decode())
    assert headers
    token = json.loads(headers.group(1))["X-CSRFToken"]
    assert client.post("/accounts/logout/").status_code == 403
    assert client.post("/accounts/logout/", headers={"X-CSRFToken": token}).status_code == 302
    assert page.cookies["csrftoken"]["httponly"]


def test_messages_reach_an_open_page_as_an_event(browser: Client) -> None:
    response = browser.get("/w/demo/fragment/", headers={"HX-Request": "true"})
    said = json.loads(response["HX-Trigger"])["troupe:toast"]["toasts"]
    assert said == [{"level": "success", "text": "Saved “gpu-box”."}]
    assert "Saved" not in browser.get("/w/demo/").content.decode()


def test_messages_of_a_plain_answer_wait_for_the_next_page(browser: Client) -> None:
    assert "HX-Trigger" not in browser.get("/w/demo/fragment/")
    assert "Saved “gpu-box”." in browser.get("/w/demo/").content.decode()


def test_a_refusal_says_which_role_is_needed(world: World) -> None:
    client = Client()
    client.force_login(world.viewer)
    page = client.get("/w/demo/owners/")
    assert page.status_code == 403
    assert "This needs the role Owner; yours in Demo is Viewer." in page.content.decode()
    fragment = client.get("/w/demo/owners/", headers={"HX-Request": "true"})
    assert fragment.status_code == 403
    assert "role Owner" in json.loads(fragment["HX-Trigger"])["troupe:toast"]["toasts"][0]["text"]


def test_strangers_find_nothing_and_learn_nothing(world: World) -> None:
    client = Client()
    client.force_login(world.stranger)
    for path in ("/w/demo/", "/w/demo/search/", "/w/nothing/"):
        response = client.get(path)
        assert response.status_code == 404
        assert "Demo" not in response.content.decode()


def test_the_palette_finds_what_the_rooms_know_then_pages_and_actions(
    browser: Client, settings: Settings
) -> None:
    settings.SEARCH_SOURCES = [f"{__name__}.teams_named"]
    htmx = {"HX-Request": "true"}
    found = browser.get("/w/demo/search/?q=appro", headers=htmx).content.decode()
    assert found.index("Support desk of Demo") < found.index("Approvals")
    everything = browser.get("/w/demo/search/", headers=htmx).content.decode()
    assert "Support desk" not in everything
    assert "Home" in everything


def test_the_palette_has_a_page_of_its_own(browser: Client) -> None:
    page = browser.get("/w/demo/search/?q=<b>zzz").content.decode()
    assert "<h1>Find anything</h1>" in page
    assert "Nothing is called “&lt;b&gt;zzz”" in page


def test_visitors_are_sent_to_sign_in(world: World) -> None:
    response = Client().get("/w/demo/search/")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/w/demo/search/"


def test_a_broken_page_still_has_a_face(browser: Client) -> None:
    from django.template.loader import render_to_string

    for template in ("500.html", "403_csrf.html", "400.html"):
        page = render_to_string(template)  # Django renders these without a request
        assert "troupe.css" in page
        assert "To the start" in page
