"""Home, costs and settings in a browser: live, drawn under the page's policy, on a phone, with axe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SCREENS
from tests.browser.started import Studio
from tests.browser.test_run_page import Player, violations

SOON = 15_000  # milliseconds


@pytest.fixture(scope="module")
def player(studio: Studio) -> Iterator[Player]:
    player = Player(studio)
    yield player
    player.close()


@pytest.fixture
def home(studio: Studio) -> str:
    return f"{studio.url}/w/demo/"


def drawn(page: Page, name: str) -> None:
    expect(page.locator(f"[data-chart={name}] .main-svg").first).to_be_visible(timeout=SOON)


# ── home ────────────────────────────────────────────────────────────────────────────────────────────
def test_home_follows_runs_and_decisions_without_a_reload(page: Page, player: Player, home: str) -> None:
    page.goto(home)
    page.evaluate("window.sameDocument = true")
    expect(page.locator("[data-live-status]").first).to_have_text("Live")
    name = uuid4().hex
    run = player.play(name, "opening", "policy")
    live = page.locator(f"#live-{run['id']}")
    expect(live).to_contain_text("Running", timeout=SOON)
    expect(live).to_contain_text("4 of 10 steps")
    player.play(name, "refund_asks")
    asked = page.locator("#home-needs .home-need", has_text="Refund clerk wants to call issue_refund")
    expect(asked.first).to_be_visible(timeout=SOON)
    assert page.evaluate("window.sameDocument") is True


def test_a_row_of_home_opens_by_keyboard(page: Page, player: Player, home: str) -> None:
    run = player.play(uuid4().hex, "opening")
    page.goto(home)
    link = page.locator(f"#live-{run['id']} a")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{run['id']}/")


NEWCOMER = """
from studio.workspaces.access import Role
from studio.workspaces.actions import sign_in_link
from studio.workspaces.models import Membership, User, Workspace
user = User.objects.create_user("newcomer@example.org", name="Nina Newcomer")
Membership.objects.create(workspace=Workspace.objects.get(slug="demo"), user=user, role=Role.OPERATOR)
print(sign_in_link(user=user))
"""


def test_first_steps_go_away_when_they_are_put_away(page: Page, studio: Studio, home: str) -> None:
    """By somebody new: whoever took all the steps, as the owner may have by now, is shown no list."""
    link = studio.manage("shell", "--verbosity", "0", "-c", NEWCOMER).split()[-1]
    page.context.clear_cookies()
    page.goto(studio.url.rstrip("/") + link)
    page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    page.wait_for_url("**/w/**")
    page.goto(home)
    page.get_by_role("button", name="Put this list away").click()
    expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    expect(page.get_by_role("heading", name="Get started")).to_have_count(0)


# ── costs ───────────────────────────────────────────────────────────────────────────────────────────
def test_charts_are_drawn_and_follow_theme_and_filters(page: Page, player: Player, home: str) -> None:
    player.play(uuid4().hex, "done")
    page.goto(f"{home}costs/")
    for name in ("spend", "latency", "spread"):
        drawn(page, name)
    bar = page.locator("[data-chart=spend] .bars .point path").last
    light = bar.evaluate("node => getComputedStyle(node).fill")
    page.evaluate("document.cookie = 'theme='")
    page.locator("[data-theme-toggle]").click()
    expect(bar).not_to_have_css("fill", light)
    page.get_by_role("link", name="Model", exact=True).click()
    expect(page).to_have_url(re.compile(r"by=model"))
    drawn(page, "spend")
    page.get_by_text("7 d", exact=True).click()
    expect(page).to_have_url(re.compile(r"(?=.*by=model)(?=.*range=7d)"))
    expect(page.locator("[data-chart=spend] .xtick")).to_have_count(7)


def test_a_bar_leads_to_its_runs(page: Page, player: Player, home: str) -> None:
    run = player.play(uuid4().hex, "done")
    page.goto(f"{home}costs/?range=7d")
    drawn(page, "spend")
    box = page.locator("[data-chart=spend] .bars .point path").last.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=6)
    expect(page.locator("[data-chart=spend] .hoverlayer .legend")).to_be_visible()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/runs/?calls=live&from=*")
    expect(page.locator(f"#run-{run['id']}")).to_be_visible()
    expect(page.get_by_title("Drop this filter")).to_contain_text("live calls")


def test_the_table_says_what_the_bars_say(page: Page, player: Player, home: str) -> None:
    player.play(uuid4().hex, "done")
    page.goto(f"{home}costs/")
    page.get_by_text("As a table").click()
    spend = page.locator(".costs-figures .figure").first.inner_text()
    expect(page.locator(".costs-table tfoot td").last).to_have_text(spend)
    expect(page.locator(".costs-teams tfoot .ct-cost")).to_have_text(spend)


# ── settings ────────────────────────────────────────────────────────────────────────────────────────
def test_somebody_is_invited_joins_and_is_made_designer(page: Page, browser: Browser, home: str) -> None:
    page.goto(f"{home}settings/members/")
    email = f"{uuid4().hex[:8]}@example.org"
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Make an invitation link").click()
    link = page.locator("#secret").inner_text()
    other = browser.new_page()
    other.goto(link)
    other.get_by_label("Your name").fill("Nora Vale")
    other.get_by_label("Password", exact=True).fill("a-long-enough-secret")
    other.get_by_role("button", name="Join").click()
    other.wait_for_url("**/w/demo/")
    page.goto(f"{home}settings/members/")
    row = page.locator(".member-row", has_text=email)
    row.get_by_role("combobox").select_option("Designer")
    expect(page.get_by_text("Nora Vale is Designer now.")).to_be_visible()
    row.get_by_role("button", name="More for Nora Vale").click()
    page.get_by_role("button", name="Remove from the workspace").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(row).to_have_count(0)
    other.goto(home)
    expect(other.get_by_role("heading", name="There is nothing here")).to_be_visible()
    other.close()


def test_a_token_is_shown_once_and_copied(page: Page, home: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{home}settings/tokens/")
    page.get_by_label("Name").fill("Nightly reports")
    page.get_by_role("button", name="Make the token").click()
    token = page.locator("#secret").inner_text()
    page.get_by_role("button", name="Copy the token").click()
    assert page.evaluate("navigator.clipboard.readText()") == token
    page.reload()
    expect(page.get_by_text("Nightly reports")).to_be_visible()
    expect(page.locator("#secret")).to_have_count(0)


# ── everybody can use them ──────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["", "costs/", "settings/", "settings/members/", "settings/tokens/", "settings/audit/"]
)
def test_axe_finds_no_violation(page: Page, player: Player, home: str, path: str, theme: str) -> None:
    player.play(uuid4().hex, "at_the_gate")
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    page.goto(f"{home}{path}")
    if path == "costs/":
        drawn(page, "spend")
    assert violations(page) == []


@pytest.mark.parametrize("path", ["", "costs/", "settings/members/", "settings/audit/", "settings/profile/"])
def test_nothing_is_wider_than_a_phone(page: Page, player: Player, home: str, path: str) -> None:
    player.play(uuid4().hex, "done")
    page.set_viewport_size(SCREENS["phone"])
    page.goto(f"{home}{path}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS["phone"]["width"]
