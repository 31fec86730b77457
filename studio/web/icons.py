"""Icons as references into the sprite that static/build.mjs makes from static/icons.json."""

from __future__ import annotations

import json
from functools import cache

from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString


@cache
def names() -> frozenset[str]:
    """The icons the sprite holds."""
    return frozenset(json.loads((settings.BASE_DIR / "static" / "icons.json").read_text()))


def icon(name: str, classes: str = "", label: str = "") -> SafeString:
    """An inline SVG; hidden from screen readers unless it has a meaning of its own, which `label` says."""
    if name not in names():
        raise ValueError(f"There is no icon {name!r}: add its Lucide name to static/icons.json.")
    described = (
        format_html('role="img" aria-label="{}"', label) if label else format_html('aria-hidden="{}"', "true")
    )
    return format_html(
        '<svg class="icon{}" {}><use href="{}#{}"/></svg>',
        f" {classes}" if classes else "",
        described,
        static("build/icons.svg"),
        name,
    )
