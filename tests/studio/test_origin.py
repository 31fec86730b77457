"""Only pages of this very server may open its WebSockets."""

from __future__ import annotations

import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django import Settings

from studio.web.origin import SameOrigin, is_same_origin


def handshake(host: str | None, origin: str | None) -> dict[str, object]:
    headers = [(b"host", host), (b"origin", origin)]
    return {"type": "websocket", "headers": [(name, value.encode()) for name, value in headers if value]}


@pytest.mark.parametrize(
    ("host", "origin", "let_in"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000", True),
        ("localhost:8000", "http://localhost:8000", True),
        ("LOCALHOST:8000", "http://localhost:8000", True),
        ("127.0.0.1:8000", "http://127.0.0.1:9999", False),  # another program's page on this machine
        ("127.0.0.1:8000", "http://evil.example.com", False),
        ("127.0.0.1:8000", "null", False),  # a sandboxed frame, a file
        ("127.0.0.1:8000", None, False),  # not a browser: those use the API
        ("evil.example.com", "http://evil.example.com", False),  # a name made to point at us
        (None, "http://127.0.0.1:8000", False),
        ("127.0.0.1:8000", "ftp://127.0.0.1:8000", False),
    ],
)
def test_a_handshake_is_let_in_from_the_same_host_and_port(
    host: str | None, origin: str | None, let_in: bool
) -> None:
    assert is_same_origin(handshake(host, origin)) is let_in


def test_over_https_a_plain_page_may_not_open_a_socket(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["troupe.example.com"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://troupe.example.com"]
    settings.HTTPS = True
    assert is_same_origin(handshake("troupe.example.com", "https://troupe.example.com"))
    assert not is_same_origin(handshake("troupe.example.com", "http://troupe.example.com"))


async def test_a_refused_handshake_never_reaches_the_application() -> None:
    reached = []

    async def application(scope: object, receive: object, send: object) -> None:
        reached.append(scope)

    evil = handshake("127.0.0.1:8000", "http://evil.example.com") | {"path": "/ws/"}
    communicator = ApplicationCommunicator(SameOrigin(application), evil)
    await communicator.send_input({"type": "websocket.connect"})
    assert (await communicator.receive_output())["type"] == "websocket.close"
    assert reached == []
