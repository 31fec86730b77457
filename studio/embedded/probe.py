"""Asks a server on this machine whether it answers."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit


def answers(url: str, host_header: str = "") -> bool:
    """True when a GET is answered with anything but a server error."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=1)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": host_header or parts.netloc})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
