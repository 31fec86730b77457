"""Every page is pictured: one that `make screens` does not know fails here."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.access_table import TABLE
from tests.browser.screens import NO_SCREEN, SCREENS

PICTURED = {screen.name for screen in SCREENS}


def shown_by_get() -> set[str]:
    """URL names that answer somebody's GET with a page."""
    lines = (line.split() for line in TABLE.splitlines() if line.startswith("GET "))
    return {name for _, name, *answers in lines if "200" in answers and not name.startswith("api:")}


def test_every_page_is_pictured() -> None:
    forgotten = shown_by_get() - PICTURED - NO_SCREEN
    assert forgotten == set(), (
        "add them to SCREENS in tests/browser/screens.py, or to NO_SCREEN if they are no page"
    )


def test_nothing_is_listed_that_is_gone() -> None:
    known = shown_by_get() | {"sign_in_link", "invitation", "account_set_password", "error"}
    assert (PICTURED | NO_SCREEN) - known == set()


def test_screens_are_named_once() -> None:
    names = [(screen.name, screen.state) for screen in SCREENS]
    assert len(names) == len(set(names))


def test_listing_screens_needs_no_browser() -> None:
    """The list is read by fast tests: nothing heavy may be imported with it."""
    source = Path(__file__).parent / "browser" / "screens.py"
    top = [
        node for node in ast.parse(source.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not any("playwright" in ast.unparse(node) for node in top)
