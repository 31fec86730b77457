"""Takes the pictures of `make screens`: of each page, brought into its state, as soon as it has settled."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests import chromium
from tests.browser.conftest import QUIET
from tests.browser.screens import SIZES, Picture
from tests.browser.started import Studio, started

# Fonts are there, nothing spins that loads, and two frames have been drawn since.
SETTLED = """async () => {
  await document.fonts.ready;
  const loading =
    ".htmx-request, .run-loading, .skeleton, .rt-bar .live.is-off, #team-canvas > [role=status]";
  const moves = (one) => one.playState === "running" && one.effect.getComputedTiming().endTime < Infinity;
  const busy = () => document.querySelector(loading) || document.getAnimations().some(moves)
    || [...document.querySelectorAll("[data-chart]")].some((chart) => !chart.childElementCount);
  const end = performance.now() + 6000;
  let calm = 0;
  while (calm < 4 && performance.now() < end) {
    await new Promise((go) => setTimeout(go, 50));
    calm = busy() ? 0 : calm + 1;
  }
  await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
}"""

WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def fill(studio: Studio) -> dict[str, str]:
    """Give a new Troupe something to show; the ids of what it got."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.fill"],
        env=studio.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    places: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return places


class Photographer:
    """One window for each person, of one theme and size at a time: pages after the first find all cached."""

    def __init__(
        self, browser: Browser, url: str, places: dict[str, str], cookies: dict[str, Any], folder: Path
    ) -> None:
        """`cookies` are those of each who signs in."""
        self.browser, self.url, self.places, self.cookies = browser, url.rstrip("/"), places, cookies
        self.folder = folder
        self.windows: dict[str, BrowserContext] = {}
        self.look = ("", "")

    def take(self, picture: Picture) -> str:
        """Take one picture; gives a sentence when that failed, or when the page is wider than the window."""
        page = self._window(picture).new_page()
        try:
            page.goto(self.url + picture.screen.path.format(**self.places))
            page.evaluate(SETTLED)
            for step in picture.screen.steps:
                _do(page, step)
                page.evaluate(SETTLED)
            page.screenshot(path=self.folder / f"{picture.name}.png", animations="disabled", caret="hide")
            wider = page.evaluate(WIDER)
        except Error as error:
            return f"{picture.name}: {error.message.splitlines()[0]}"
        finally:
            page.close()
        return f"{picture.name}: {wider} px wider than the window" if wider > 0 else ""

    def _window(self, picture: Picture) -> BrowserContext:
        """Those of an earlier theme or size are closed: hundreds of pages are not kept in memory."""
        if self.look != (picture.theme, picture.size):
            for window in self.windows.values():
                window.close()
            self.look, self.windows = (picture.theme, picture.size), {}
        by = picture.screen.by
        if by not in self.windows:
            self.windows[by] = self.browser.new_context(
                viewport=SIZES[picture.size],  # type: ignore[arg-type]
                color_scheme=picture.theme,  # type: ignore[arg-type]
                storage_state=self.cookies.get(by),
                has_touch=picture.size == "phone",
                is_mobile=picture.size == "phone",
                reduced_motion="reduce",
            )
            self.windows[by].set_default_timeout(10_000)
        return self.windows[by]


def _do(page: Page, step: str) -> None:
    """`press KEY`, `click SELECTOR` or `fill SELECTOR = TEXT`."""
    verb, _, what = step.partition(" ")
    if verb == "press":
        page.keyboard.press(what)
    elif verb == "fill":
        selector, _, text = what.partition(" = ")
        page.locator(selector).first.fill(text)
    else:
        page.locator(what).locator("visible=true").first.click()


def take_all(wanted: Sequence[Picture], folder: Path) -> None:
    """Start a Troupe, fill it and take the pictures, told one by one; those that failed also at the end."""
    folder.mkdir(exist_ok=True)
    failed = []
    with ExitStack() as stack:
        print("Starting a Troupe and filling it …", flush=True)
        studio = stack.enter_context(started("--no-model"))
        places = fill(studio)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium.ensure(), args=list(QUIET))
        cookies = {"owner": studio.sign_in(browser), "viewer": studio.sign_in(browser, places["viewer"])}
        photographer = Photographer(browser, studio.url, places, cookies, folder)
        for number, picture in enumerate(wanted, start=1):
            said = photographer.take(picture)
            print(f"[{number}/{len(wanted)}] {said or picture.name}", flush=True)
            failed += [said] if said else []
    print(f"{len(wanted) - len(failed)} pictures in {folder}")
    if failed:
        sys.exit("\n".join(failed))
