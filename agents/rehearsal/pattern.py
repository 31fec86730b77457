"""Writes a text that matches a regular expression, as JSON Schema's `pattern` asks."""

from __future__ import annotations

import re
import string
from random import Random
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

READABLE = (
    string.ascii_lowercase + string.ascii_uppercase + string.digits + "-_ .,:;/@#+=()'\"!?%&*<>[]{}|~^$`\\"
)
CATEGORIES = {
    op.CATEGORY_DIGIT: string.digits,
    op.CATEGORY_WORD: string.ascii_lowercase,
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_DIGIT: string.ascii_lowercase,
    op.CATEGORY_NOT_WORD: "-",
    op.CATEGORY_NOT_SPACE: string.ascii_lowercase,
}
TRIES = 40
LONGEST = 2000


def matching(pattern: str, rng: Random, least: int = 0, most: int = LONGEST) -> str | None:
    """A text of `least`..`most` characters in which `pattern` is found, or None if none was hit upon."""
    try:
        tree = parser.parse(pattern)
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    for attempt in range(TRIES):
        text = _Walk(rng, extra=attempt if attempt < 8 else rng.randint(0, max(least, 8))).run(tree)
        if len(text) < least:
            text = _padded(text, least, compiled)
        if least <= len(text) <= most and compiled.search(text):
            return text
    return None


def _padded(text: str, least: int, compiled: re.Pattern[str]) -> str:
    """An unanchored pattern may stand anywhere: fill up around it."""
    fill = "a" * (least - len(text))
    return next((filled for filled in (text + fill, fill + text) if compiled.search(filled)), text)


class _Walk:
    def __init__(self, rng: Random, extra: int) -> None:
        self.rng = rng
        self.extra = extra  # repetitions beyond the least
        self.groups: dict[int, str] = {}
        self.left = LONGEST

    def run(self, tree: Any) -> str:
        return "".join(self.one(code, value) for code, value in tree)

    def one(self, code: Any, value: Any) -> str:
        if self.left <= 0:
            return ""
        if code is op.LITERAL:
            self.left -= 1
            return chr(value)
        if code in (op.ANY, op.NOT_LITERAL, op.IN):
            self.left -= 1
            return self.rng.choice(self._choices(code, value))
        if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            low, high, inner = value
            wished = min(int(high), low + self.extra, LONGEST)
            return "".join(self.run(inner) for _ in range(wished))
        if code is op.BRANCH:
            return self.run(self.rng.choice(value[1]))
        if code is op.SUBPATTERN:
            text = self.run(value[-1])
            if value[0] is not None:
                self.groups[value[0]] = text
            return text
        if code is op.ATOMIC_GROUP:
            return self.run(value)
        if code is op.GROUPREF:
            return self.groups.get(value, "")
        return ""  # anchors and look-arounds add nothing; the caller checks the result

    def _choices(self, code: Any, value: Any) -> str:
        if code is op.ANY:
            return string.ascii_lowercase
        if code is op.NOT_LITERAL:
            return "".join(c for c in string.ascii_lowercase + string.digits if ord(c) != value)
        negated = value[0][0] is op.NEGATE
        members = "".join(self._members(*item) for item in value[1:] if negated) or "".join(
            self._members(*item) for item in value if not negated
        )
        if negated:
            return "".join(c for c in READABLE if c not in members) or READABLE
        return members or READABLE

    def _members(self, code: Any, value: Any) -> str:
        if code is op.LITERAL:
            return chr(value)
        if code is op.RANGE:
            low, high = value
            return "".join(chr(point) for point in range(low, min(high, low + 256) + 1))
        return CATEGORIES.get(value, "a") if code is op.CATEGORY else ""
