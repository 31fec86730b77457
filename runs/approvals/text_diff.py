"""What was changed in a text, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

LONGEST = 10_000  # characters of either text; beyond it both are shown whole
WORDS = re.compile(r"\s+|[^\s]+")

Piece = tuple[Literal["same", "was", "now"], str]


def pieces(old: str, new: str) -> list[Piece]:
    """The new text with what was taken out and put in, in reading order."""
    if max(len(old), len(new)) > LONGEST:
        return [("was", old), ("now", new)]
    before, after = WORDS.findall(old), WORDS.findall(new)
    found: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=True).get_opcodes():
        if kind == "equal":
            found.append(("same", "".join(after[c:d])))
            continue
        if b > a:
            found.append(("was", "".join(before[a:b])))
        if d > c:
            found.append(("now", "".join(after[c:d])))
    return found
