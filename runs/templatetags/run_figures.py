"""Filters that only the pages of runs need."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from runs.trace import name_of

register = template.Library()


@register.filter
def counted(number: int) -> str:
    """A whole number with all its digits: `40,083`."""
    return f"{number:,}"


@register.filter
def called(path: str, titles: Mapping[str, str]) -> str:
    """The name of the instance at `path`: `{{ doing.path|called:titles }}`."""
    return name_of(path, titles)
