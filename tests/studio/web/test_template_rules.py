"""The page's policy forbids inline code; here it is found before a browser refuses it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from studio.web import icons, navigation, search, states

TEMPLATES = settings.BASE_DIR / "templates"
FILES = sorted(TEMPLATES.rglob("*.html"))
COMMENT = re.compile(r"{#.*?#}|{% comment %}.*?{% endcomment %}", re.DOTALL)

RULES = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"=\s*[\"']?\s*(javascript|js|vbscript):", re.IGNORECASE),
    "code for htmx": re.compile(
        r"\b(data-)?hx-on\b|hx-(vals|headers|request)(:inherited)?='?\"?js:", re.IGNORECASE
    ),
    "a trigger filter": re.compile(r"hx-trigger=\"[^\"]*\[", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an address on another host": re.compile(r"(src|href)=\"(https?:)?//", re.IGNORECASE),
    "text that is not escaped": re.compile(r"\|\s*safe\b|{%\s*autoescape off"),
}


def text_of(path: Path) -> str:
    return COMMENT.sub("", path.read_text())


@pytest.mark.parametrize("what", RULES)
def test_no_template_has(what: str) -> None:
    found = {
        f"{path.relative_to(TEMPLATES)}: {match.group()[:80]}"
        for path in FILES
        for match in RULES[what].finditer(text_of(path))
    }
    assert not found, f"{what}: {sorted(found)}"


def test_every_icon_a_template_names_is_in_the_sprite() -> None:
    named = {
        (name, str(path.relative_to(TEMPLATES)))
        for path in FILES
        for name in re.findall(r"{%\s*icon\s+\"([^\"]+)\"", text_of(path))
    }
    missing = sorted(pair for pair in named if pair[0] not in icons.names())
    assert not missing, f"Add these to static/icons.json: {missing}"


def test_every_icon_the_frame_names_is_in_the_sprite() -> None:
    named = {entry.icon for entry in navigation.ENTRIES} | {action.icon for action in search.ACTIONS}
    named |= {state.icon for state in states.STATES.values()}
    assert named <= icons.names()


def test_the_list_of_icons_is_sorted_and_free_of_doubles() -> None:
    names = json.loads((settings.BASE_DIR / "static" / "icons.json").read_text())
    assert names == sorted(set(names))


def test_a_comment_never_shows_in_a_page() -> None:
    """`{# … #}` over two lines is no comment to Django: it would be printed."""
    broken = [
        str(path.relative_to(TEMPLATES))
        for path in FILES
        if any("{#" in line and "#}" not in line.split("{#", 1)[1] for line in path.read_text().splitlines())
    ]
    assert not broken


def test_templates_stay_short() -> None:
    long = {
        str(path.relative_to(TEMPLATES)): n for path in FILES if (n := path.read_text().count("\n")) > 150
    }
    assert not long
