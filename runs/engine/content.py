"""Content by digest, as the pure parts of the engine see it: read what is there, add what is new.

Reading something that is not at hand raises `ContentMissing`; the shell loads it and asks again. Content
never changes, so asking twice gives the same answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import orjson

from agents.topology.json_text import cleaned


class ContentMissing(LookupError):
    def __init__(self, digests: Iterable[str]) -> None:
        self.digests = tuple(digests)
        super().__init__(f"{len(self.digests)} contents are not loaded")


def canonical(value: Any) -> str:
    """The JSON text a value is stored as: compact, keys in order, nothing in it that cannot be stored."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a lone surrogate, or a number beyond 64 bits
        return json.dumps(cleaned(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if b"\\u0000" in text:
        text = orjson.dumps(cleaned(value), option=orjson.OPT_SORT_KEYS)
    return text.decode()


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Content:
    """What has been loaded or made: digest → JSON text; `fresh` is what still has to be stored."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.fresh: dict[str, str] = {}

    def get(self, digest: str) -> Any:
        """The value; the caller must not change it."""
        text = self.texts.get(digest)
        if text is None:
            raise ContentMissing([digest])
        return orjson.loads(text)

    def need(self, digests: Iterable[str]) -> None:
        """Raise ContentMissing for all that are missing at once, so that they are loaded in one go."""
        missing = [digest for digest in digests if digest not in self.texts]
        if missing:
            raise ContentMissing(missing)

    def put(self, value: Any) -> str:
        text = canonical(value)
        digest = digest_of(text)
        if digest not in self.texts:
            self.texts[digest] = self.fresh[digest] = text
        return digest

    def text_of(self, value: Any) -> str:
        """A value as a model or a person reads it: text as it is, everything else as JSON."""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
