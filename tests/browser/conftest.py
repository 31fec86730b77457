"""Browser tests drive the product as `make run` starts it: one stack a session, one page a test.

A failed test leaves a picture and the page's console in `test-results/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from tests.browser.started import Studio, started

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "test-results"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREENS: Any = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    """Everything `make run` starts, the local model included."""
    with started() as studio:
        yield studio


@pytest.fixture(scope="session")
def cookies(studio: Studio, browser: Browser) -> Any:
    """The owner's; the one-time link is used once a session."""
    return studio.sign_in(browser)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium_path, args=list(QUIET))
    yield browser
    browser.close()


@pytest.fixture
def context(browser: Browser, cookies: Any) -> Iterator[BrowserContext]:
    """The owner's browser."""
    context = browser.new_context(viewport=SCREENS["desk"], storage_state=cookies)
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that must not log errors; pictured when the test fails."""
    page = context.new_page()
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    report = getattr(request.node, "rep_call", None)
    if report is not None and report.failed:
        RESULTS.mkdir(exist_ok=True)
        name = re.sub(r"\W+", "_", request.node.name)
        page.screenshot(path=RESULTS / f"{name}.png", full_page=True)
        (RESULTS / f"{name}.txt").write_text("\n".join([page.url, *said, page.inner_text("body")]))
    elif said:
        pytest.fail("The page logged errors: " + "\n".join(said))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    setattr(item, f"rep_{report.when}", report)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One test process drives the browser, at the end: one stack, one Chromium.

    Playwright's event loop runs from the first browser test on, and no other test may start one beside it.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
    items.sort(key=lambda item: here in item.path.parents)
