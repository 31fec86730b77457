"""Which pages may open a WebSocket: browsers send cookies along from any site, so the server must look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[Any]]


class SameOrigin:
    """Lets a handshake through whose Origin is this very server, by host and port, as for forms."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> Any:
        application = self.application if is_same_origin(scope) else WebsocketDenier()
        return await application(scope, receive, send)


def is_same_origin(scope: Scope) -> bool:
    """The Host must be one of ours: otherwise a name an attacker points at us would be its own origin."""
    headers = {name: value.decode("latin1") for name, value in scope.get("headers", [])}
    host, origin = headers.get(b"host", "").lower(), headers.get(b"origin", "").lower()
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    if origin in (trusted.lower() for trusted in settings.CSRF_TRUSTED_ORIGINS):
        return True
    parts = urlsplit(origin)
    schemes = {"https"} if settings.HTTPS else {"http", "https"}
    return parts.scheme in schemes and parts.netloc == host
