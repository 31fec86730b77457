"""What a reader makes of a file's text: a plain value, and where each part of it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from agents.topology.problems import Problem, Refused

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_VALUES = 100_000

Place = tuple[int, int]  # line and column, from 1
Path = tuple[int | str, ...]


@dataclass(frozen=True)
class Reading:
    """The value, and `place(path)`: where it, or the nearest thing around it, stands in the text."""

    value: Any
    place: Callable[[Path], Place | None]


class FileFormat:
    """A way to write a team file. One format a file; registered in `agents.formats.registry`."""

    name: ClassVar[str]
    title: ClassVar[str]
    suffix: ClassVar[str]
    media_type: ClassVar[str]

    def read(self, text: str) -> Reading:
        """Raises Refused with every problem of syntax, each with its line and column."""
        raise NotImplementedError

    def write(self, value: Any) -> str:
        raise NotImplementedError


def decode(source: bytes | str) -> str:
    """The text of a file. Raises Refused when it is too large or is no UTF-8."""
    size = len(source)
    if size > MAX_BYTES:
        raise wrong(f"The file is {size / 1e6:.1f} MB large; at most {MAX_BYTES / 1e6:.0f} MB can be read.")
    if isinstance(source, str):
        return source
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise wrong("The file is not UTF-8 text.", (line, 1), "Save it as UTF-8.") from error


def wrong(message: str, at: Place | None = None, fix: str = "") -> Refused:
    """A problem of syntax, to be raised."""
    line, column = at or (None, None)
    return Refused([Problem("file.syntax", message, fix, line=line, column=column)])
