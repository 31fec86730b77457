"""Teams beyond a straight line, in a browser: drawn by pointer and by keyboard, rehearsed, and watched."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import SCREENS
from tests.browser.started import Studio
from tests.browser.test_canvas import (
    MAKE,
    add,
    connect_by_key,
    drag,
    expect_drawn,
    expect_saved,
    node,
    opened,
    port,
)
from tests.browser.test_first_run import state


@pytest.fixture(scope="module")
def blank_teams(studio: Studio) -> Iterator[str]:
    """Addresses of teams that hold nothing but a way in and a way out."""
    said = studio.manage("shell", "--verbosity", "0", "-c", MAKE.format(count=4))
    return iter([studio.url.rstrip("/") + line for line in said.split() if line.startswith("/w/")])


@pytest.fixture
def team(blank_teams: Iterator[str]) -> str:
    return next(blank_teams)


def edges(page: Page, kind: str) -> Locator:
    return page.locator(f".react-flow__edge path.tg-edge.is-{kind}")


def rehearse(page: Page) -> None:
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("v1 published")).to_be_visible()
    page.get_by_role("button", name="Run").or_(page.get_by_role("link", name="Run", exact=True)).first.click()
    page.get_by_label("Topic").fill("Green tea")
    page.get_by_role("button", name="Rehearse").first.click()
    page.wait_for_url("**/runs/*-*/")
    state(page, "Done")


STILL = """
() => new Promise((done) => {
  const look = () => document.querySelector(".react-flow__viewport").style.transform;
  let [last, frames] = [look(), 0];
  const step = () => {
    frames = look() === last ? frames + 1 : 0;
    last = look();
    if (frames > 9) done();
    else requestAnimationFrame(step);
  };
  step();
})
"""


def still(page: Page) -> None:
    """The drawing has glided to where it shows what was added."""
    page.evaluate(STILL)


def drag_to_pane(page: Page, start: tuple[float, float], across: float, down: float, choose: str) -> None:
    """Let a connection go over nothing: what it leads to is chosen from a list."""
    drag(page, start, (start[0] + across, start[1] + down))
    page.get_by_role("combobox", name="Add a node").fill(choose)
    page.keyboard.press("Enter")


def hand_to(page: Page, boss: str, kind: str, target: str) -> None:
    """With C, the kind of connection chosen in the list."""
    node(page, boss).focus()
    page.keyboard.press("c")
    page.get_by_role("group", name="Kind of connection").get_by_role("button", name=kind).press("Enter")
    page.get_by_role("combobox", name="Which node?").fill(target)
    page.keyboard.press("Enter")


def test_a_supervisor_drawn_by_mouse_delegates_and_its_workers_are_seen_at_work(
    page: Page, team: str, browser: Browser
) -> None:
    opened(page, team)
    node(page, "Input").click()
    add(page, "editor")
    connect_by_key(page, "Editor", "Output")
    drag_to_pane(page, port(page, "Editor", "delegates"), -140, 150, "researcher")
    expect_drawn(page, 4, 3)
    still(page)
    drag_to_pane(page, port(page, "Editor", "delegates"), 140, 150, "writer")
    expect_drawn(page, 5, 4)
    expect(edges(page, "delegates")).to_have_count(2)
    expect(node(page, "Editor").locator(".tg-workers")).to_have_text("2")
    node(page, "Editor").click()
    page.get_by_role("tab", name="Colleagues").click()
    page.get_by_label("At once").fill("2")
    expect(page.locator(".tc-verdict")).to_have_text("No problems")
    expect_saved(page)
    rehearse(page)
    expect(node(page, "Researcher")).to_contain_text("Done")
    expect(page.locator(".tg-label", has_text="1 task, 1 answer")).to_have_count(2)
    node(page, "Researcher").click()
    detail = page.get_by_label("Selected")
    expect(detail.get_by_role("heading", name="Researcher for Editor")).to_be_visible()
    expect(detail.get_by_role("heading", name="Its task")).to_be_visible()
    detail.get_by_role("button", name="Asked by Editor").click()
    expect(detail.get_by_role("heading", name="Editor", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Timeline").click()
    rows = page.locator(".wf-rows .wf-row")
    for name in ("Turn 1", "Researcher", "Writer", "Turn 2"):
        expect(rows.filter(has_text=name).first).to_be_visible()
    page.get_by_role("button", name="Fold Editor").click()
    expect(rows.filter(has_text="Researcher")).to_have_count(0)
    page.get_by_role("tab", name="Log").click()
    page.get_by_label("Node", exact=True).select_option(label="Writer")
    expect(page.locator(".rt-log-row").first).to_contain_text("Writer for Editor")
    assert Axe().run(page).violations_count == 0
    fits_a_phone(browser, page)


def test_a_supervisor_drawn_by_keyboard_alone(page: Page, team: str) -> None:
    opened(page, team)
    for name in ("editor", "researcher", "writer"):
        add(page, name)
        page.keyboard.press("Escape")  # what nothing is picked for follows nothing
    expect_drawn(page, 5, 0)
    for worker in ("Researcher", "Writer"):
        hand_to(page, "Editor", "Delegates to", worker)
    expect(edges(page, "delegates")).to_have_count(2)
    for source, target in (("Input", "Editor"), ("Editor", "Output")):
        node(page, source).focus()
        page.keyboard.press("c")
        page.get_by_role("combobox", name="Which node?").fill(target)
        page.keyboard.press("Enter")
    page.keyboard.press("t")
    expect(page.get_by_role("button", name="Undo")).to_have_attribute("title", re.compile("Tidy layout"))
    still(page)
    expect(page.locator(".tc-verdict")).to_have_text("No problems")
    boss, below = node(page, "Editor").bounding_box(), node(page, "Writer").bounding_box()
    assert boss is not None
    assert below is not None
    assert below["y"] > boss["y"] + boss["height"], "workers hang below"
    node(page, "Editor").press("Enter")
    page.get_by_role("tab", name="Wiring").press("Enter")
    page.get_by_role("button", name="Disconnect Writer").press("Enter")
    expect(edges(page, "delegates")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(edges(page, "delegates")).to_have_count(2)


def test_a_loop_is_drawn_with_its_way_back_and_its_rounds_are_told_apart(page: Page, team: str) -> None:
    opened(page, team)
    node(page, "Input").click()
    add(page, "writer")
    add(page, "loop")
    connect_by_key(page, "Loop", "Output")
    still(page)
    drag(page, port(page, "Loop", "flow"), port(page, "Writer", "in"))
    expect_drawn(page, 4, 4)
    expect(page.locator(".tg-label", has_text="again")).to_be_visible()
    expect(page.locator("path.tg-edge.is-back")).to_have_count(1)
    node(page, "Loop").click()
    page.get_by_label("Rounds at most").fill("2")
    page.get_by_label("If a round gives what an earlier one gave").select_option(
        label="it goes round all the same"
    )
    keep_in_variable(page)
    expect_saved(page)
    rehearse(page)
    expect(node(page, "Writer")).to_contain_text("2 rounds")
    expect(page.locator(".tg-label", has_text="once again")).to_be_visible()
    node(page, "Writer").click()
    detail = page.get_by_label("Selected")
    expect(detail.get_by_role("button", name=re.compile("^Round"))).to_have_count(2)
    detail.get_by_role("button", name=re.compile("^Round 2")).click()
    expect(detail.get_by_role("heading", name="Writer, round 2")).to_be_visible()
    expect(detail.get_by_role("heading", name="Wrote drafts")).to_be_visible()
    detail.get_by_role("button", name="The one before").click()
    expect(detail.get_by_role("heading", name="Writer", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Cost").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("Writer ×2")


def keep_in_variable(page: Page) -> None:
    """The team gets a list; the writer appends to it."""
    page.locator(".react-flow__pane").click(position={"x": 400, "y": 40})
    page.get_by_label("Name of a new variable").fill("Drafts")
    page.keyboard.press("Enter")
    page.get_by_label("Type of drafts").select_option(label="List")
    page.get_by_label("How writes to drafts merge").select_option(label="writes are appended")
    node(page, "Writer").click()
    page.get_by_role("tab", name="Wiring").click()
    page.get_by_role("button", name="Write drafts").click()
    expect(page.get_by_role("textbox", name="drafts")).to_have_value("output")
    page.get_by_role("textbox", name="drafts").fill("output +")
    expect(page.locator(".tc-inspector .field-error")).to_be_visible(timeout=15_000)
    page.get_by_role("textbox", name="drafts").fill("output")
    expect(page.locator(".tc-inspector .field-error")).to_have_count(0, timeout=15_000)


def test_peers_are_connected_both_ways_and_the_rest_is_refused_in_words(page: Page, team: str) -> None:
    opened(page, team)
    node(page, "Input").click()
    add(page, "writer")
    connect_by_key(page, "Writer", "Output")
    page.locator("body").press("Escape")
    add(page, "editor")
    hand_to(page, "Writer", "Hands off to", "Editor")
    expect(edges(page, "handoff")).to_have_count(1)
    page.locator(".tg-label", has_text="handoff").click()
    page.get_by_label("Carries").select_option(label="The job, a message, and all that was said")
    page.get_by_label("Kind", exact=True).select_option(label="Delegates")
    expect(edges(page, "delegates")).to_have_count(1)
    expect(page.get_by_label("Carries")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Carries")).to_have_value("conversation")
    still(page)
    drag(page, port(page, "Writer", "flow"), port(page, "Input", "flow"))
    expect(page.locator(".tc-toast")).to_contain_text("where the run begins")


def fits_a_phone(browser: Browser, page: Page) -> None:
    """The run's outline and timeline, no wider than the screen; a node opens in the sheet."""
    context = browser.new_context(viewport=SCREENS["phone"], storage_state=page.context.storage_state())
    phone = context.new_page()
    phone.goto(page.url.split("?")[0])
    phone.get_by_role("treeitem").filter(has_text="Researcher").click()
    expect(phone.locator(".rt-sheet")).to_contain_text("Researcher for Editor")
    for view in ("Graph", "Timeline", "Log", "Cost"):
        phone.get_by_role("tab", name=view).click()
        assert phone.evaluate("document.documentElement.scrollWidth") <= SCREENS["phone"]["width"], view
    context.close()
