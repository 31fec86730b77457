"""Keeps Plotly from putting style elements into the page, which the page's policy forbids."""

from __future__ import annotations

import re
from functools import cache

from django.contrib.staticfiles import finders

SCRIPT = "plotly/plotly.min.js"
# A library inside it (for maps, which we draw none of) adds its styles unless an element has this id, a hash
# that changes with each release.
GUARDED = re.compile(r'getElementById\("([0-9a-f]{64})"\)')


@cache
def style_ids() -> list[str]:
    """The ids of elements that must be there before the script is loaded."""
    path = finders.find(SCRIPT)
    if path is None:
        return []
    with open(path, encoding="utf-8") as file:
        return sorted(set(GUARDED.findall(file.read())))
