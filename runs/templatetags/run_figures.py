"""Filters that only the pages of runs need."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def counted(number: int) -> str:
    """A whole number with all its digits: `40,083`."""
    return f"{number:,}"


@register.filter
def called(path: str, titles: Mapping[str, str]) -> str:
    """The name of the node at `path`: `{{ doing.path|called:titles }}`."""
    return titles.get(path, path)
