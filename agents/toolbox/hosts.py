"""The allow-list of the HTTP tool: which schemes, hosts and ports a request may go to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from yarl import URL

ENTRY = re.compile(r"(?:(?P<scheme>https?)://)?(?P<wild>\*\.)?(?P<rest>[^/*\s@?#]+)/?")


@dataclass(frozen=True)
class HostRule:
    """`api.example.com`, `*.example.com`, `host:8443` or `http://host`; https unless it says otherwise."""

    scheme: str
    host: str
    port: int
    below: bool  # any name below `host`, but not `host` itself

    @classmethod
    def parse(cls, entry: str) -> HostRule:
        """Raises ValueError with a sentence."""
        found = ENTRY.fullmatch(entry.strip().lower())
        try:
            url = URL(f"{found['scheme'] or 'https'}://{found['rest']}") if found else None
            host = url.raw_host if url else None
        except ValueError:
            host = url = None
        if not found or not url or not host or url.port is None or url.raw_path not in ("", "/"):
            raise ValueError(f"{entry!r} is no host; write it like api.example.com or *.example.com")
        if found["wild"] and "." not in host:
            raise ValueError(f"{entry!r} would allow a whole top-level domain")
        return cls(url.scheme, host.rstrip("."), url.port, bool(found["wild"]))

    def allows(self, url: URL) -> bool:
        host = (url.raw_host or "").lower().rstrip(".")
        same = host.endswith(f".{self.host}") if self.below else host == self.host
        return same and url.scheme == self.scheme and url.port == self.port


def allowed(entries: tuple[str, ...] | list[str], url: URL) -> bool:
    return any(HostRule.parse(entry).allows(url) for entry in entries)
