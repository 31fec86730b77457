"""Says what a start is doing, one line a step, with the time each took."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Narrator:
    """Numbers the steps; on a terminal the line of the current step shows the seconds pass."""

    def __init__(self, steps: int, out: TextIO = sys.stdout) -> None:
        self._steps = steps
        self._done = 0
        self._out = out
        self._live = out.isatty()
        self._title = ""
        self._began = 0.0

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Yields a list: what is put into it is said when the step is done."""
        self._done += 1
        self._title, self._began = title, time.monotonic()
        said: list[str] = []
        self._write(f"{self._prefix()} …", end="" if self._live else None)
        try:
            yield said
        except BaseException:
            self._title = ""
            if self._live:
                self._write("")
            raise
        note = f" · {', '.join(said)}" if said else ""
        took = time.monotonic() - self._began
        self._title = ""
        self._write(f"{self._over()}{self._prefix(title)} ✓ {took:.1f} s{note}")

    def tick(self, detail: str = "") -> None:
        """Called while waiting: shows that time passes."""
        if self._live and self._title:
            waited = time.monotonic() - self._began
            if waited > 1:
                self._write(f"{self._over()}{self._prefix()} … {waited:.0f} s {detail}", end="")

    def say(self, sentence: str) -> None:
        if self._live and self._title:
            self._write("")
        self._write(sentence)

    def _over(self) -> str:
        """Writes over the line of the running step: back to its beginning, clear to its end."""
        return "\r\033[K" if self._live else ""

    def _prefix(self, title: str = "") -> str:
        return f"[{self._done}/{self._steps}] {title or self._title}"

    def _write(self, text: str, end: str | None = None) -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone; stopping must go on
            self._out.write(text + ("\n" if end is None else end))
            self._out.flush()
