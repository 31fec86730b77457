"""Cuts a stream of server-sent events into the data of each event (WHATWG HTML, 9.2), and nothing more."""

from __future__ import annotations


class LineTooLong(ValueError):
    """An event without end; what sends it is no event stream."""


class EventStream:
    """Feed it bytes as they come; it gives the `data` of every event that is complete."""

    def __init__(self, longest: int = 4 * 1024 * 1024) -> None:
        self._longest = longest
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + received).split(b"\n")
        if len(self._rest) > self._longest:
            raise LineTooLong
        found: list[bytes] = []
        for line in lines:
            self._take(line, found)
        return found

    def close(self) -> list[bytes]:
        """What the stream ended with: servers forget the empty line after the last event."""
        found: list[bytes] = []
        self._take(self._rest, found)
        self._take(b"", found)
        self._rest = b""
        return found

    def _take(self, line: bytes, found: list[bytes]) -> None:
        line = line.removesuffix(b"\r")
        if not line:
            if self._data:
                found.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data = []
        elif line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
