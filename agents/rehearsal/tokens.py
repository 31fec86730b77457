"""Counts tokens, cuts text into them, and remembers prompts so that a repeated prefix counts as cached."""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import lru_cache

# Within a tenth of a real tokenizer (SmolLM2's) for prose, Markdown, YAML, code and, above all, JSON, whose
# runs of brackets and quotes are one token there.
PIECE = re.compile(r"\s?[^\W\d_]{1,7}|\s?\d{1,3}|\s?[^\w\s]{1,3}|_|\s+")
BLOCK_CHARS = 64
MESSAGE_OVERHEAD = 4  # role and separators, as chat formats add them


def pieces(text: str) -> list[str]:
    """The text cut into token-sized parts; joined they are the text again."""
    return PIECE.findall(text)


@lru_cache(maxsize=8192)
def count(text: str) -> int:
    return len(PIECE.findall(text))


class PrefixCache:
    """What a serving engine's prefix cache would hit: whole blocks of text seen before, from the start."""

    def __init__(self, blocks: int = 100_000) -> None:
        self._limit = blocks
        self._seen: OrderedDict[int, None] = OrderedDict()

    def hit(self, prompt: str, tokens: int) -> int:
        """How many tokens of `prompt` were cached, never all of them; remembers it."""
        seen, chain, matched, matching = self._seen, 0, 0, True
        for start in range(0, len(prompt) - BLOCK_CHARS + 1, BLOCK_CHARS):
            chain = hash((chain, prompt[start : start + BLOCK_CHARS]))
            if matching and chain in seen:
                matched = start + BLOCK_CHARS
                seen.move_to_end(chain)
            else:
                matching = False
                seen[chain] = None
        while len(seen) > self._limit:
            seen.popitem(last=False)
        if not matched:
            return 0
        return min(tokens * matched // len(prompt), tokens - 1)

    def clear(self) -> None:
        self._seen.clear()
