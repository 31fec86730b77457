"""Forking a run in a browser: from an event of its log to the fork's page, and a run as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.browser.started import Studio
from tests.browser.test_run_page import SOON, Player


@pytest.fixture
def done(studio: Studio) -> Iterator[str]:
    """The address of a run that is over."""
    player = Player(studio)
    yield player.play(uuid4().hex, "done")["url"]
    player.close()


def test_a_run_is_forked_from_an_event_of_its_log(page: Page, done: str) -> None:
    page.goto(f"{done}?view=log&select=event:20")
    page.get_by_role("link", name="Fork from here").click()
    expect(page).to_have_url(re.compile(r"/fork/\?at=20$"))
    expect(page.locator("#fork-cut")).to_contain_text("After event 20")
    assert not Axe().run(page).response["violations"]

    kept = page.get_by_label("Last event that is kept")
    kept.fill("9999")
    kept.press("Tab")
    expect(page.locator("#fork-cut")).to_contain_text("there is no 9999")
    kept.fill("20")
    kept.press("Tab")
    expect(page.locator("#fork-cut")).to_contain_text("After event 20")

    page.locator(".fork-part summary", has_text="Reply writer").first.click()
    page.locator("[name=agent-writer-instructions]").fill("Write in verse.")
    page.get_by_text("Simulated", exact=True).click()
    page.get_by_role("button", name="Fork the run").click()

    expect(page.locator(".fork-lineage")).to_contain_text("from event 20, simulated", timeout=SOON)
    expect(page.locator(".fork-lineage")).to_contain_text("Reply writer: instructions")
    page.locator(".fork-lineage a").first.click()
    expect(page.locator(".fork-lineage").first).to_contain_text("As it was at event 20")


def test_a_run_is_seen_as_it_was_one_event_after_another(page: Page, done: str) -> None:
    page.goto(f"{done}?at=12")
    expect(page.get_by_text("12 events, as it was then")).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="One event on").click()
    expect(page.get_by_text("13 events, as it was then")).to_be_visible(timeout=SOON)
    page.get_by_role("tab", name="Log", exact=True).click()
    expect(page.locator(".rt-log-row")).to_have_count(13)
    page.get_by_role("link", name="Now").click()
    expect(page.locator(".fork-past")).to_have_count(0)
