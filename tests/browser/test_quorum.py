"""Two people decide in two browsers: on the run's page and in the inbox, each seeing the other live."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SCREENS
from tests.browser.started import ROOT, Studio

SOON = 30_000


@dataclass(frozen=True)
class Asking:
    run: str
    inbox: str
    link: str


@pytest.fixture
def asking(studio: Studio) -> Asking:
    command = [sys.executable, "-m", "tests.browser.asking"]
    done = subprocess.run(command, cwd=ROOT, env=studio.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    root = studio.url.rstrip("/")
    return Asking(**{name: f"{root}{path}" for name, path in told.items()})


@pytest.fixture
def ann(browser: Browser, asking: Asking) -> Iterator[Page]:
    """The other one, on a phone."""
    context = browser.new_context(viewport=SCREENS["phone"], has_touch=True)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(asking.link)
    page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    page.wait_for_url("**/w/**")
    yield page
    context.close()


def opened_card(page: Page) -> None:
    """The card of the question, opened for a decision."""
    card = page.locator(".wait-card")
    expect(card).to_contain_text("Publish tea?", timeout=SOON)
    if card.get_attribute("open") is None:
        card.locator("summary.wait-line").click()
    expect(card.get_by_role("button", name="Approve", exact=False).first).to_be_visible()


def open_in_inbox(page: Page, asking: Asking) -> None:
    page.goto(asking.inbox)
    page.locator(".inbox-row", has_text="Publish tea?").click()
    expect(page.get_by_role("heading", name="Publish tea?")).to_be_visible()


def test_two_people_approve_after_one_of_them_sent_it_back(page: Page, ann: Page, asking: Asking) -> None:
    page.goto(asking.run)
    page.evaluate("window.sameDocument = true")
    opened_card(page)
    gate = page.locator(".react-flow__node[data-id=gate]")
    expect(gate).to_contain_text("Publish tea?")
    expect(gate).not_to_contain_text("{{")
    page.keyboard.press("a")
    expect(page.locator(".toasts")).to_contain_text("1 more person has to approve it")
    expect(page.locator(".wait-standing")).to_contain_text("1 of 2")

    open_in_inbox(ann, asking)
    expect(ann.locator(".deciders")).to_contain_text("approved")
    expect(ann.locator(".inbox-detail")).to_contain_text("1 of 2 approved")
    ann.get_by_role("button", name="Send back").click()
    expect(ann.locator(".field-error")).to_contain_text("Say what should change")
    ann.get_by_label("Comment").fill("Shorter, please.")
    ann.get_by_role("button", name="Send back").click()
    expect(ann.locator(".toasts")).to_contain_text("Sent back")

    expect(page.locator(".wait-standing")).to_contain_text("0 of 2", timeout=SOON)
    opened_card(page)
    expect(page.locator(".wait-card")).to_contain_text("Shorter, please.")
    page.locator(".wait-card").get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.locator(".wait-standing")).to_contain_text("1 of 2")

    open_in_inbox(ann, asking)
    expect(ann.locator(".inbox-detail")).to_contain_text("Done again after Ann sent it back")
    ann.get_by_role("button", name=re.compile("^Approve")).click()
    expect(ann.locator(".toasts")).to_contain_text("The run goes on")
    expect(page.locator("#run-state")).to_have_text("Done", timeout=SOON)
    assert page.evaluate("window.sameDocument")
