"""JSON that nobody vouches for: read within bounds, and rid of what cannot be stored. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 100  # arrays and objects within one another; far below what can be stored
MOST_READ = 4_000_000  # characters that are read in vain, in search of JSON within a text
BRACKET = re.compile(r"[\[{]")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAYBE_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]|\\u(?:0000|[dD][89a-fA-F])")


def parse(text: str) -> Any:
    """The value, fit to be stored. Raises ValueError with a phrase that says what is wrong."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > DEEPEST and is_too_deep(value):
        raise _too_deep()
    return cleaned(value) if MAYBE_UNSTORABLE.search(text) else value


def find(text: str) -> str:
    """The first JSON array or object in `text`, fenced or not; empty when there is none."""
    decoder, at, read = json.JSONDecoder(), 0, 0
    while (bracket := BRACKET.search(text, at)) and read < MOST_READ:
        at = bracket.start()
        try:
            _, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            read += error.pos - at + 1
            at += 1
        except (RecursionError, ValueError):  # endless brackets or digits
            return ""
        else:
            return text[at:end]
    return ""


def is_too_deep(value: Any) -> bool:
    """Whether more arrays and objects stand within one another than can be worked with."""
    layer = [value]
    for _ in range(DEEPEST + 1):
        layer = [one for one in layer if isinstance(one, dict | list)]
        if not layer:
            return False
        layer = [item for one in layer for item in (one.values() if isinstance(one, dict) else one)]
    return True


def storable(text: str) -> str:
    """`text` with NUL and lone surrogates, which PostgreSQL refuses, written as visible escapes."""
    if UNSTORABLE.search(text) is None:
        return text
    return UNSTORABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def cleaned(value: Any) -> Any:
    """`value` as JSON that can be stored: keys are texts, NaN and infinities null."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(item) for item in value]
    if isinstance(value, float) and not -1e308 < value < 1e308:
        return None
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")
