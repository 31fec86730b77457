"""The team canvas in a browser: drawing by pointer and keyboard, saving, conflicts, phones, access."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.browser.conftest import SCREENS
from tests.browser.started import Studio

MAKE = """
from agents.actions.teams import create_team
from studio.workspaces.actions import ensure_owner
actor = ensure_owner()
for n in range({count}):
    print(f"/w/{{actor.workspace.slug}}/teams/{{create_team(actor=actor, name=f'Drawn {{n}}').pk}}/")
"""


@pytest.fixture(scope="module")
def blank_teams(studio: Studio) -> Iterator[str]:
    """Addresses of teams that hold nothing but a way in and a way out."""
    said = studio.manage("shell", "--verbosity", "0", "-c", MAKE.format(count=16))
    return iter([studio.url.rstrip("/") + line for line in said.split() if line.startswith("/w/")])


@pytest.fixture
def team(blank_teams: Iterator[str]) -> str:
    return next(blank_teams)


# ── what tests do and look at ───────────────────────────────────────────────────────────────────────
def opened(page: Page, url: str) -> Page:
    page.goto(url)
    expect(page.locator(".react-flow__node, [role=treeitem]").first).to_be_visible()
    return page


def node(page: Page, name: str) -> Locator:
    return page.locator(".react-flow__node-team", has_text=name).first


def add(page: Page, what: str) -> None:
    """Search the palette and take the first hit."""
    page.keyboard.press("/")
    page.keyboard.type(what)
    page.keyboard.press("Enter")


def port(page: Page, name: str, port_id: str) -> tuple[float, float]:
    box = node(page, name).locator(f".tg-port.is-{port_id}").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=12)
    page.mouse.up()


def connect_by_key(page: Page, source: str, target: str) -> None:
    node(page, source).click()
    page.keyboard.press("c")
    page.get_by_role("combobox", name="Which node?").fill(target)
    page.keyboard.press("Enter")


def expect_drawn(page: Page, nodes: int, edges: int) -> None:
    expect(page.locator(".react-flow__node-team")).to_have_count(nodes)
    expect(page.locator(".react-flow__edge")).to_have_count(edges)


def expect_saved(page: Page) -> None:
    expect(page.locator(".tc-saved")).to_have_text(re.compile(r"^Saved (just now|\d+ s ago)$"))


def write_note(page: Page, text: str) -> None:
    page.locator("body").press("Escape")
    page.keyboard.press("n")
    page.get_by_label("Text of the note").fill(text)
    page.keyboard.press("Escape")


# ── drawing ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_team_is_drawn_saved_checked_and_published(page: Page, team: str) -> None:
    opened(page, team)
    node(page, "Input").click()
    add(page, "writer")
    expect_drawn(page, 3, 1)  # what is added after a node follows it
    page.get_by_role("option", name="Approval gate").drag_to(
        page.locator(".tc-canvas"), target_position={"x": 560, "y": 420}
    )
    expect_drawn(page, 4, 1)
    drag(page, port(page, "Writer", "flow"), port(page, "Approval gate", "in"))
    expect_drawn(page, 4, 2)
    expect(page.locator(".tc-verdict")).to_contain_text("block publishing")
    connect_by_key(page, "Approval gate", "Output")
    expect_drawn(page, 4, 3)
    node(page, "Writer").click()
    page.get_by_role("tab", name="Task").click()
    page.get_by_label("What to do").fill("Write about ")
    page.get_by_role("group", name="Insert a reference").first.get_by_role("button", name="topic").click()
    expect(page.get_by_label("What to do")).to_have_value("Write about {{ input.topic }}")
    expect(page.locator(".tc-verdict")).to_have_text("No problems")
    expect_saved(page)
    opened(page, team)
    expect_drawn(page, 4, 3)
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_label("What changed?").fill("First")
    page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("v1 published")).to_be_visible()
    expect(page.locator(".tc-draft")).to_have_count(0)


def test_undo_takes_back_every_step_and_redo_brings_it_again(page: Page, team: str) -> None:
    opened(page, team)
    states = [(2, 0), (3, 1), (4, 2), (5, 3), (4, 2)]
    node(page, "Input").click()
    for what, state in zip(("researcher", "router", "editor"), states[1:], strict=False):
        add(page, what)
        expect_drawn(page, *state)
    page.keyboard.press("Delete")
    expect_drawn(page, *states[-1])
    for state in reversed(states[:-1]):
        page.keyboard.press("Control+z")
        expect_drawn(page, *state)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    for state in states[1:]:
        page.keyboard.press("Control+Shift+z")
        expect_drawn(page, *state)
    expect(page.get_by_role("button", name="Redo")).to_be_disabled()


def test_a_connection_that_cannot_be_is_refused_with_the_reason(page: Page, team: str) -> None:
    opened(page, team)
    node(page, "Input").click()
    add(page, "researcher")
    add(page, "editor")
    expect_drawn(page, 4, 2)
    drag(page, port(page, "Editor", "flow"), port(page, "Researcher", "in"))
    expect(page.locator(".tc-toast")).to_contain_text("round in a circle: Researcher already leads to Editor")
    expect_drawn(page, 4, 2)


def test_a_node_is_inserted_on_an_edge_and_one_dropped_into_nothing_is_asked_for(
    page: Page, team: str
) -> None:
    opened(page, team)
    connect_by_key(page, "Input", "Output")
    expect_drawn(page, 2, 1)
    page.locator(".react-flow__edge").hover(force=True)  # which shows the button in its middle
    page.get_by_role("button", name="Insert a node here").first.click()
    page.get_by_role("combobox", name="What comes in between?").fill("writer")
    page.keyboard.press("Enter")
    expect_drawn(page, 3, 2)
    x, y = port(page, "Writer", "flow")
    drag(page, (x, y), (x + 60, y + 220))
    page.get_by_role("combobox", name="Add a node").last.fill("editor")
    page.keyboard.press("Enter")
    expect_drawn(page, 4, 3)


def test_parts_are_copied_between_teams_as_json(page: Page, team: str, blank_teams: Iterator[str]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, team)
    node(page, "Input").click()
    add(page, "researcher")
    add(page, "editor")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["format"] == "troupe.fragment/v1"
    assert [one["id"] for one in copied["nodes"]] == ["input", "output", "researcher", "editor"]
    expect_saved(page)
    opened(page, next(blank_teams))
    page.locator(".react-flow__pane").click(position={"x": 400, "y": 40})
    page.keyboard.press("Control+v")
    expect_drawn(page, 6, 2)
    page.keyboard.press("Control+z")
    expect_drawn(page, 2, 0)
    expect_saved(page)


def test_tidy_lays_the_team_out_and_is_undone_in_one_step(page: Page, team: str) -> None:
    opened(page, team)
    node(page, "Input").click()
    add(page, "researcher")
    add(page, "editor")
    connect_by_key(page, "Editor", "Output")
    before = node(page, "Output").get_attribute("style")
    page.get_by_role("button", name="Tidy").click()
    expect(page.get_by_role("button", name="Undo")).to_have_attribute("title", re.compile("Tidy layout"))
    tops = [
        node(page, name).locator(".tg-port.is-in").bounding_box()
        for name in ("Researcher", "Editor", "Output")
    ]
    assert len({round(box["y"]) for box in tops if box}) == 1, "what follows one another stands in line"
    page.keyboard.press("Control+z")
    expect(node(page, "Output")).to_have_attribute("style", before or "")
    expect_saved(page)


def test_problems_stand_at_their_node_field_and_in_the_drawer(page: Page, team: str) -> None:
    opened(page, team)
    node(page, "Input").click()
    add(page, "writer")
    connect_by_key(page, "Writer", "Output")
    node(page, "Writer").click()
    page.get_by_role("tab", name="Task").click()
    page.get_by_label("What to do").fill("Use {{ nodes.nobody.output }}")
    expect(page.locator(".field-error")).to_contain_text("nodes.nobody, which does not exist")
    expect(node(page, "Writer").locator(".tg-role")).to_contain_text("nodes.nobody")
    expect(node(page, "Writer").locator(".tg-badge")).to_have_text("1")
    page.locator(".react-flow__pane").click(position={"x": 40, "y": 40})
    page.get_by_role("button", name=re.compile("^Problems")).click()
    page.get_by_role("button", name=re.compile("nodes.nobody")).click()
    expect(page.get_by_label("What to do")).to_be_focused()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True)).to_be_disabled()
    expect_saved(page)


def test_the_keyboard_alone_builds_a_team(page: Page, team: str) -> None:
    opened(page, team)
    page.keyboard.press("o")
    outline = page.get_by_role("tree")
    outline.get_by_role("treeitem").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(outline.get_by_role("treeitem", selected=True)).to_contain_text("Input")
    page.keyboard.press("o")
    page.keyboard.press("a")
    page.keyboard.type("editor")
    page.keyboard.press("Enter")
    expect_drawn(page, 3, 1)
    page.keyboard.press("c")
    page.keyboard.type("output")
    page.keyboard.press("Enter")
    expect_drawn(page, 3, 2)
    expect(
        page.get_by_role("status").filter(has_text=re.compile("Nothing blocks publishing|Connect"))
    ).to_be_attached()
    expect(page.locator(".tc-verdict")).to_have_text("No problems")
    page.keyboard.press("Alt+ArrowLeft")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.get_by_label("Name of the node")).to_have_value("Editor")
    expect_saved(page)


# ── saving ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_change_made_just_before_leaving_is_saved(page: Page, team: str) -> None:
    opened(page, team)
    write_note(page, "On the way out")
    page.goto("about:blank")
    opened(page, team)
    expect(page.locator(".tg-note")).to_have_text("On the way out")


def test_the_second_of_two_people_chooses_and_nothing_is_overwritten(
    context: BrowserContext, page: Page, team: str
) -> None:
    opened(page, team)
    mine = opened(context.new_page(), team)  # this one logs the refusal, and may
    write_note(page, "theirs")
    expect_saved(page)
    write_note(mine, "mine")
    banner = mine.get_by_role("alert").filter(has_text="saved this team")
    banner.get_by_role("button", name="Take theirs").click()
    expect(mine.locator(".tg-note")).to_have_text("theirs")
    mine.keyboard.press("Control+z")
    expect(mine.locator(".tg-note")).to_have_text("mine")
    expect_saved(mine)
    write_note(page, "theirs again")
    again = page.get_by_role("alert").filter(has_text="saved this team")
    expect(again).to_be_hidden()


def test_what_was_drawn_without_a_connection_is_saved_when_it_is_back(
    context: BrowserContext, team: str
) -> None:
    page = opened(context.new_page(), team)
    context.set_offline(True)
    write_note(page, "Offline")
    expect(page.locator(".tc-saved")).to_have_text("Not saved: no connection")
    context.set_offline(False)
    expect_saved(page)
    opened(page, team)
    expect(page.locator(".tg-note")).to_have_text("Offline")


# ── who looks, and on what ──────────────────────────────────────────────────────────────────────────
def test_who_may_not_edit_can_look_at_everything_and_change_nothing(page: Page, team: str) -> None:
    def as_viewer(route: Route) -> None:
        answer: dict[str, Any] = route.fetch().json()
        route.fulfill(json=answer | {"can_edit": False})

    page.route("**/graph/", as_viewer)
    opened(page, team)
    expect(page.get_by_text("Read only")).to_be_visible()
    expect(page.get_by_role("button", name="Publish", exact=True)).to_have_count(0)
    expect(page.locator(".tc-palette")).to_have_count(0)
    node(page, "Input").click()
    expect(page.get_by_label("Name of field 1")).to_be_disabled()
    for key in ("Delete", "Control+d", "n", "t", "Control+v", "ArrowRight"):
        page.keyboard.press(key)
    expect_drawn(page, 2, 0)
    expect(page.locator(".tg-note")).to_have_count(0)


def test_on_a_phone_the_team_is_an_outline_with_a_sheet(
    browser: Browser, context: BrowserContext, team: str
) -> None:
    state = context.storage_state()
    with browser.new_context(viewport=SCREENS["phone"], storage_state=state, has_touch=True) as phone:
        page = opened(phone.new_page(), team)
        page.get_by_role("treeitem").filter(has_text="Input").tap()
        page.get_by_role("button", name="Open").tap()
        page.get_by_label("Name of field 1").fill("subject")
        with page.expect_response("**/save/"):
            page.get_by_label("Name of field 1").blur()
        page.get_by_role("button", name="Done").tap()
        page.locator(".seg").get_by_role("button", name="Map").tap()
        expect_drawn(page, 2, 0)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SCREENS["phone"]["width"], "nothing is wider than the phone"
        opened(page, team)
        page.get_by_role("treeitem").filter(has_text="Input").tap()
        page.get_by_role("button", name="Open").tap()
        expect(page.get_by_label("Name of field 1")).to_have_value("subject")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, context: BrowserContext, team: str, theme: Any) -> None:
    state = context.storage_state()
    with browser.new_context(
        viewport=SCREENS["desk"], storage_state=state, color_scheme=theme, reduced_motion="reduce"
    ) as dressed:
        page = opened(dressed.new_page(), team)
        node(page, "Input").click()
        add(page, "writer")
        for tab in ("Role", "Task", "Wiring"):
            page.get_by_role("tab", name=tab).click()
            assert violations(page) == []
        connect_by_key(page, "Writer", "Output")
        page.locator(".react-flow__edge").last.click(force=True)
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("Control+f")
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("o")
        assert violations(page) == []
        page.get_by_role("button", name="Publish", exact=True).click()
        assert violations(page) == []
        expect_saved(page)


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']} {[part['target'] for part in one['nodes']]}" for one in found]
