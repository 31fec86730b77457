"""A run's page and the list of runs in a browser: live, after interruptions, of any size, on a phone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.conftest import SCREENS
from tests.browser.started import ROOT, Studio

SOON = 20_000


class Player:
    """Makes runs move while a page looks on (tests/browser/player.py)."""

    def __init__(self, studio: Studio) -> None:
        self.url = studio.url.rstrip("/")
        command = [sys.executable, "-m", "tests.browser.player"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=studio.env, stdin=pipe, stdout=pipe, text=True, bufsize=1
        )

    def tell(self, **command: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def play(self, run: str, *scenes: str, **more: Any) -> dict[str, Any]:
        answer = self.tell(do="play", run=run, scenes=scenes, **more)
        return {**answer, "url": self.url + answer["path"]}

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)


@pytest.fixture(scope="module")
def player(studio: Studio) -> Iterator[Player]:
    player = Player(studio)
    yield player
    player.close()


@pytest.fixture
def run() -> str:
    """A name of its own for the test's run."""
    return uuid4().hex


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    expect(page.locator("#run-trace [role=tablist]").first).to_be_visible()
    expect(page.locator(".rt-bar [role=status], .rt-bar .num").last).to_have_text(
        re.compile(r"Live|events"), timeout=SOON
    )
    return page


def show(page: Page, view: str) -> None:
    page.get_by_role("tab", name=view, exact=True).click()


def expect_logged(page: Page, words: str) -> None:
    show(page, "Log")
    page.get_by_role("searchbox", name="Find in the log").fill(words)
    expect(page.locator(".rt-log-row", has_text=words).first).to_be_visible(timeout=SOON)


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]}).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


# ── live ────────────────────────────────────────────────────────────────────────────────────────────
def test_the_page_follows_the_run_without_a_reload(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "opening")
    opened(page, at["url"])
    page.evaluate("window.sameDocument = true")
    expect(page.locator(".react-flow__node", has_text="Case clerk")).to_contain_text("Done")
    expect(page.locator(".react-flow__node", has_text="Policy checker")).to_contain_text("Queued")
    player.play(run, "policy")
    expect(page.locator(".react-flow__node", has_text="Policy checker")).to_contain_text("Done", timeout=SOON)
    expect(page.locator("#run-figures")).to_contain_text("3 model · 0 tool · 1 retried")
    player.play(run, "refund_asks")
    expect(page.locator(".wait-card")).to_contain_text("Refund clerk wants to call issue_refund")
    expect(page.locator(".react-flow__node", has_text="Refund clerk")).to_contain_text("Waits")
    expect(page.locator("#run-state")).to_have_text("Waiting")
    assert page.evaluate("window.sameDocument")


def test_text_is_seen_while_it_is_written_and_by_those_who_come_late(
    page: Page, player: Player, run: str
) -> None:
    at = player.play(run, "opening", "history_writes")
    opened(page, f"{at['url']}?select=node:history")
    player.tell(do="text", run=run, call="history/m2", text="One earlier ticket 🙂, ")
    writing = page.locator(".rt-detail .rt-writing")
    expect(writing).to_have_text("One earlier ticket 🙂, ", timeout=SOON)
    player.tell(do="text", run=run, call="history/m2", text="in March, about a late parcel.")
    expect(writing).to_have_text("One earlier ticket 🙂, in March, about a late parcel.")
    page.reload()
    expect(writing).to_have_text("One earlier ticket 🙂, in March, about a late parcel.", timeout=SOON)
    player.play(run, "history_done")
    expect(writing).to_have_count(0)
    expect(page.locator(".rt-detail")).to_contain_text("Solved the same day.")


def test_after_an_interruption_the_log_is_complete(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "opening")
    opened(page, f"{at['url']}?view=log")
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    after = player.play(run, "policy", "refund_asks")
    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_text(f"{after['seq']} events")).to_be_visible(timeout=SOON)
    last = player.play(run, "history_writes")
    expect(page.get_by_text(f"{last['seq']} events")).to_be_visible(timeout=SOON)
    expect(page.locator(".rt-log-row").last).to_contain_text("Model called")


def test_a_lost_socket_is_opened_again_and_goes_on_from_the_cursor(
    page: Page, player: Player, run: str
) -> None:
    page.add_init_script(
        "const Real = WebSocket; window.sockets = [];"
        "window.WebSocket = class extends Real { constructor(url) { super(url); sockets.push(this); } };"
    )
    at = player.play(run, "opening")
    opened(page, f"{at['url']}?view=log")
    for scene in ("policy", "refund_asks", "history_writes"):
        page.evaluate("sockets.forEach((socket) => socket.close())")
        after = player.play(run, scene)
        expect(page.get_by_text(f"{after['seq']} events")).to_be_visible(timeout=SOON)
    seqs = page.locator(".rt-log-seq").all_inner_texts()
    assert seqs == [str(seq) for seq in range(int(seqs[0]), after["seq"] + 1)]


# ── any size, any content ───────────────────────────────────────────────────────────────────────────
def test_a_run_of_twenty_thousand_events_opens_and_scrolls(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "long", ago_s=9_000)
    assert at["seq"] > 20_000
    page.goto(f"{at['url']}?view=log")
    expect(page.get_by_text("20,004 events")).to_be_visible(timeout=20_000)
    rows = page.locator(".rt-log-row")
    expect(rows.last).to_contain_text("20004")
    assert rows.count() < 120, "only what is in sight is drawn"
    page.get_by_role("searchbox", name="Find in the log").fill("rule held")
    expect(page.get_by_text("1 of 20,004")).to_be_visible()
    rows.first.click()
    expect(page.locator(".rt-detail")).to_contain_text("No rule held; the model decides")
    show(page, "Timeline")
    expect(page.locator(".wf-row", has_text="Historian")).to_be_visible()
    show(page, "Graph")
    expect(page.locator(".react-flow__node", has_text="Historian")).to_be_visible()


def test_nothing_a_model_writes_runs_or_is_loaded(page: Page, player: Player, run: str) -> None:
    asked: list[str] = []

    def hear(request: Request) -> None:
        asked.append(request.url)

    page.on("request", hear)
    at = player.play(run, "hostile")
    opened(page, f"{at['url']}?view=output")
    output = page.locator("[data-output]")
    expect(output).to_contain_text("bold")
    assert output.locator("script, iframe, img, svg").count() == 0
    assert output.locator('a[href^="javascript:"]').count() == 0
    expect(output.get_by_role("link", name="pixel")).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert page.evaluate("window.hacked") is None
    assert [url for url in asked if "evil.example" in url] == []


# ── what people do ──────────────────────────────────────────────────────────────────────────────────
def test_a_decision_is_taken_on_the_page(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "at_the_gate")
    opened(page, at["url"])
    page.locator(".wait-card summary").click()
    expect(page.locator(".wait-card")).to_contain_text("return it to the card ending 4417")
    page.get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.locator(".wait-card")).to_have_count(0, timeout=SOON)
    expect_logged(page, "Approval decided")


def test_what_is_being_typed_survives_what_arrives(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "opening", "refund_asks")
    opened(page, at["url"])
    page.locator(".wait-card summary").click()
    comment = page.locator(".wait-card [name=comment]")
    comment.fill("I am asking finance")
    player.play(run, "policy", "history_writes")
    expect(page.locator("#run-figures")).to_contain_text("Historian", timeout=SOON)
    expect(comment).to_have_value("I am asking finance")
    expect(comment).to_be_focused()


def test_stop_asks_first_and_then_stops(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "running")
    opened(page, at["url"])
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Stop the run").click()
    expect(page.get_by_text("The run is being stopped.")).to_be_visible()
    expect_logged(page, "Stop asked")


def test_a_limit_is_raised_on_the_page(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "out_of_budget")
    opened(page, at["url"])
    expect(page.locator(".react-flow__node", has_text="Refund clerk")).to_contain_text("At its limit")
    page.get_by_label("Cost limit").fill("0.05")
    page.get_by_role("button", name="Raise and go on").click()
    expect(page.locator("#run-limit")).to_have_count(0)
    expect(page.locator("#run-figures")).to_contain_text("of $0.05 budget")


def test_anything_can_be_selected_and_links_lead_back_to_it(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "done")
    opened(page, f"{at['url']}?view=timeline")
    page.locator(".wf-row", has_text="Turn 1, attempt 2").click()
    detail = page.locator(".rt-detail")
    expect(detail).to_contain_text("Attempt 2 of 2")
    expect(detail).to_contain_text("$0.25 in · $0.0250 cached · $2.00 out per 1M")
    detail.get_by_role("tab", name="Messages").click()
    expect(detail).to_contain_text("I was charged twice.")
    page.reload()
    expect(detail).to_contain_text("Attempt 2 of 2")
    page.keyboard.press("Escape")
    expect(detail).to_have_count(0)
    page.locator(".wf-row", has_text="issue_refund").click()
    expect(detail).to_contain_text("must happen once")
    expect(detail).to_contain_text("R-2210")
    page.keyboard.press("1")
    page.locator(".react-flow__node", has_text="Reply writer").click()
    expect(detail).to_contain_text("Writes to the customer")


def test_every_amount_on_the_page_agrees(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "done")
    opened(page, f"{at['url']}?view=cost")
    spent = page.locator(".figure-big").first.inner_text()
    expect(page.locator("#run-figures .run-figure").nth(1)).to_have_text(spent)
    for foot in page.locator("tfoot tr td:last-child").all():
        expect(foot).to_have_text(spent)
    show(page, "Timeline")
    clerk = page.locator(".wf-row.is-group", has_text="Refund clerk").locator(".wf-cost").inner_text()
    show(page, "Cost")
    expect(page.locator("tr", has_text="Refund clerk v3").locator("td").last).to_have_text(clerk)


# ── the list ────────────────────────────────────────────────────────────────────────────────────────
def test_rows_change_in_place_and_new_runs_are_counted(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "opening")
    page.goto(f"{player.url}/{at['path'].split('/')[1]}/{at['path'].split('/')[2]}/runs/")
    row = page.locator(f"#run-{at['id']}")
    expect(row).to_contain_text("Running")
    expect(page.locator("[data-live-status]")).to_have_text("Live", timeout=SOON)
    player.play(run, "refund_asks")
    expect(row).to_contain_text("Waiting", timeout=SOON)
    expect(row).to_contain_text("Refund clerk wants to call issue_refund")
    other = player.play(f"{run} other", "opening", ago_s=1)
    expect(page.locator("[data-new]")).to_have_text("1 new", timeout=SOON)
    expect(page.locator(f"#run-{other['id']}")).to_have_count(0)
    page.locator("[data-new]").click()
    expect(page.locator(f"#run-{other['id']}")).to_be_visible()


def test_filters_stand_in_the_address(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "done")
    page.goto(f"{player.url}/w/{at['path'].split('/')[2]}/runs/")
    page.get_by_role("link", name=re.compile("^Failed")).click()
    expect(page).to_have_url(re.compile(r"\?state=failed$"))
    page.get_by_role("searchbox", name="Team, id or error").fill(at["short_id"])
    expect(page).to_have_url(re.compile(r"q=r-"))
    expect(page.get_by_text("No run fits these filters")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox", name="Team, id or error")).to_have_value("")
    page.go_back()
    expect(page.locator(f"#run-{at['id']}")).to_be_visible()


# ── phones, keys, eyes ──────────────────────────────────────────────────────────────────────────────
def test_a_phone_shows_the_outline_and_opens_a_sheet(
    browser: Browser, cookies: Any, player: Player, run: str
) -> None:
    at = player.play(run, "running")
    context = browser.new_context(
        viewport=SCREENS["phone"], storage_state=cookies, has_touch=True, is_mobile=True
    )
    page = opened(context.new_page(), at["url"])
    page.get_by_role("treeitem", name=re.compile("Policy checker")).tap()
    page.locator(".rt-sheet-head").tap()
    expect(page.locator(".rt-sheet .rt-detail")).to_contain_text("Policy 4.2 allows a full refund")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


@pytest.mark.parametrize("view", ["graph", "timeline", "log", "output", "cost"])
def test_axe_finds_nothing_on_a_run(page: Page, player: Player, view: str) -> None:
    at = player.play("axe", *([] if "axe" in played else ["running"]))
    played.add("axe")
    opened(page, f"{at['url']}?view={view}&select=node:policy")
    expect(page.locator(".rt-detail")).to_contain_text("Policy checker")
    assert violations(page) == []


played: set[str] = set()


def test_axe_finds_nothing_on_the_list(page: Page, player: Player, run: str) -> None:
    at = player.play(run, "running")
    page.goto(f"{player.url}/w/{at['path'].split('/')[2]}/runs/")
    assert violations(page) == []


def test_a_sub_team_comes_up_and_ends_on_its_parents_open_page(page: Page, player: Player) -> None:
    run = player.tell(do="sub_team")
    opened(page, player.url + run["path"])
    expect(page.locator("[data-card]")).to_contain_text("Check the sources?", timeout=SOON)
    expect(page.locator("#run-subteams .subteam")).to_have_count(0)
    player.tell(do="approve", run=run["id"])
    part = page.locator("#run-subteams a.subteam")
    expect(part).to_contain_text("Source check", timeout=SOON)
    expect(part.locator(".state.s-done")).to_be_visible(timeout=SOON)
    page.get_by_role("tab", name="Cost").click()
    expect(page.get_by_role("cell", name="Source check")).to_be_visible()
    page.get_by_role("tab", name="Log").click()
    page.locator(".rt-log-row", has_text="Sub-team started").click()
    page.get_by_role("link", name="Open its run").click()
    page.get_by_role("link", name=re.compile("Checked report")).click()
    expect(page.get_by_role("link", name="Open its run")).to_be_visible()
