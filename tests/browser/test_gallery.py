"""Every team of the gallery, from a click on its pattern to the output of its run, on the rehearsal model.

With GALLERY_MODEL=local the same launches go live to the local model, which takes minutes.
"""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from agents.presets.registry import Preset, presets
from tests.browser.started import Studio
from tests.browser.test_first_run import approve, node, publish, state

LOCAL = os.environ.get("GALLERY_MODEL") == "local"
pytestmark = [pytest.mark.timeout(3_000 if LOCAL else 300)]

SOON = 30_000
LATER_S = 900 if LOCAL else 60
WORDS = r"\w" if LOCAL else r"\w{3}"

# What shows on the graph that the pattern was really at work: a node by its key, and what its card says.
SEEN = {
    "one_agent": ("answer", "Done"),
    "blog_pipeline": ("approve", "Done"),
    "support_triage": ("technical", "Not taken"),
    "market_brief": ("join", "Done"),
    "research_lead": ("law", "Done"),
    "product_office": ("writer", "Done"),
    "support_desk": ("front", "Done"),
    "review_each": ("check", "Done"),
    "refine_until_good": ("again", "Done"),
    "motion_debate": ("con", "Done"),
    "round_table": ("customer", "Done"),
    "order_check": ("accept", "Not taken"),
    "careful_reply": ("standard", "Not taken"),
    "ask_first": ("ask", "Done"),
    "wait_for_it": ("pause", "Done"),
    "team_of_teams": ("brief", "Done"),
}


OWN_WORKSPACE = """
from studio.workspaces.actions import create_workspace, ensure_owner
print(create_workspace(user=ensure_owner().user, name="Gallery").workspace.slug)
"""


@pytest.fixture(scope="module")
def teams(studio: Studio) -> str:
    """The page of teams of a workspace of its own: no other test meets two dozen agents more."""
    slug = studio.manage("shell", "--verbosity", "0", "-c", OWN_WORKSPACE).split()[-1]
    return f"{studio.url}/w/{slug}/teams/"


def create(page: Page, teams: str, preset: Preset) -> None:
    """A click on the pattern's tile opens its team on the canvas."""
    page.goto(teams)
    tile = page.locator(".gallery-tile", has=page.get_by_text(preset.pattern, exact=True))
    expect(tile).to_have_attribute("title", f"Use it when: {preset.use_when}\nNot when: {preset.avoid_when}")
    tile.click()
    drawn = len(preset.file.graph.nodes) + len(preset.file.graph.notes)
    expect(page.locator(".react-flow__node")).to_have_count(drawn, timeout=SOON)
    expect(page.get_by_text("No problems")).to_be_visible(timeout=SOON)


def launch(page: Page) -> str:
    """Publish, and launch with what the form offers; the address of the run's page."""
    publish(page)
    page.get_by_role("button", name="Run").or_(page.get_by_role("link", name="Run", exact=True)).first.click()
    page.wait_for_url("**/launch/")
    page.get_by_role("button", name=re.compile("^Launch live" if LOCAL else "^Rehearse")).first.click()
    page.wait_for_url("**/runs/*-*/")
    return page.url


def answer(page: Page) -> None:
    """With what the question's form offers."""
    page.get_by_text("Review and decide").or_(page.get_by_text("Answer", exact=True)).first.click()
    page.get_by_role("button", name=re.compile("^Answer")).first.click()


PEOPLE = {"blog_pipeline": approve, "support_triage": approve, "ask_first": answer}


def attend(page: Page, name: str) -> None:
    """Answer what a person is asked, and see it done. A tiny model may take a way where nobody is."""
    if name in PEOPLE:
        state(page, "Waiting|Done" if LOCAL else "Waiting", LATER_S)
        if "Waiting" in page.locator("main .state").first.inner_text():
            PEOPLE[name](page)
    state(page, "Done", LATER_S)


def test_every_team_of_the_gallery_is_created_launched_and_seen_done(page: Page, teams: str) -> None:
    runs = {}
    for preset in presets():
        create(page, teams, preset)
        runs[preset.name] = launch(page)
    for name, url in runs.items():
        page.goto(url)
        attend(page, name)
        key, word = SEEN[name]
        if not LOCAL:  # which of its ways a tiny model takes is its own choice
            expect(node(page, key)).to_contain_text(re.compile(word, re.IGNORECASE), timeout=SOON)
        page.get_by_role("tab", name="Output").click()
        expect(page.locator("[data-output]")).to_have_text(re.compile(WORDS), timeout=SOON)


def test_a_wait_for_a_webhook_ends_when_it_is_called(page: Page, studio: Studio, teams: str) -> None:
    create(page, teams, next(one for one in presets() if one.name == "wait_for_it"))
    node(page, "pause").click()
    page.get_by_label("Waits for").select_option(label="a call of its webhook")
    launch(page)
    state(page, "Waiting", LATER_S)
    shown = page.locator(".wait-address .mono").inner_text()
    path = urlsplit(shown).path
    called = page.request.post(f"{studio.url}{path}", data={"paid": True})
    assert called.ok, called.text()
    state(page, "Done", LATER_S)
    expect(node(page, "pause")).to_contain_text("Done", timeout=SOON)
