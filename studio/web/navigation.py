"""The frame's own entries: which pages there are, in which order, and which of them is open."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True)
class Entry:
    """A place in the rail; `key` is pressed after `g`, `tab` is its position among a phone's tabs, or 0."""

    name: str
    label: str
    icon: str
    key: str
    tab: int = 0
    foot: bool = False


ENTRIES = (
    Entry("home", "Home", "house", "h", tab=1),
    Entry("teams", "Teams", "workflow", "t"),
    Entry("agents", "Agents", "bot", "a"),
    Entry("runs", "Runs", "play", "r", tab=3),
    Entry("approvals", "Approvals", "stamp", "p", tab=2),
    Entry("costs", "Costs", "chart-column", "c"),
    Entry("models", "Models", "cpu", "m"),
    Entry("tools", "Tools", "wrench", "o"),
    Entry("settings", "Settings", "settings", "s", foot=True),
)


@dataclass(frozen=True)
class Place:
    """An entry as a link of one workspace."""

    entry: Entry
    url: str
    current: bool


def href(name: str, *args: object) -> str:
    """The address of a page by name, or "" while no installed room has it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def places(slug: str, path: str) -> list[Place]:
    """The rail of the workspace `slug` for the page at `path`."""
    home = href("home", slug)
    found = []
    for entry in ENTRIES:
        url = href(entry.name, slug)
        if url:
            current = path == url if url == home else path.startswith(url)
            found.append(Place(entry, url, current))
    return found


def tabs(found: list[Place]) -> list[Place]:
    """The places that are tabs on a phone, in their order."""
    return sorted((place for place in found if place.entry.tab), key=lambda place: place.entry.tab)
