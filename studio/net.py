"""The one guard for everything that leaves by HTTP: models and tools connect through it and nowhere else.

It judges the address actually connected to, at the moment the socket is made: names that lead to private
addresses, literal addresses and redirects are all caught there, and nothing is resolved twice. A failure is
an OutboundError whose sentence says what failed.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from yarl import URL

from studio.addresses import PrivateHosts, literal, why_not_public

if TYPE_CHECKING:
    from aiohttp.client import ClientRequest, ClientTimeout
    from aiohttp.client_middlewares import ClientHandlerType
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

Kind = Literal[
    "bad_url",
    "blocked",
    "unknown_host",
    "refused",
    "unreachable",
    "certificate_expired",
    "certificate_not_yet_valid",
    "certificate_wrong_host",
    "certificate_self_signed",
    "certificate_untrusted",
    "tls",
    "timeout",
    "disconnected",
    "redirects",
    "failed",
]
LOCAL_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


class OutboundError(Exception):
    """A request that could not be made; `sentence` is for people, `kind` for code."""

    def __init__(self, kind: Kind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind: Kind = kind
        self.sentence = sentence


class BadUrl(OutboundError):
    """The address cannot be one of an HTTP service."""

    def __init__(self, sentence: str) -> None:
        super().__init__("bad_url", sentence)


class Blocked(OutboundError):
    """The address is on a private network that the operator has not opened."""

    def __init__(self, host: str, port: int | None, why: str, address: str = "") -> None:
        told = f"{host} leads to {address}, which is {why}" if address else f"{host} is {why}"
        shown = host if port is None else f"{host}:{port}"
        super().__init__(
            "blocked",
            f"{told}; requests there are blocked. To allow them, the operator adds {shown} to PRIVATE_HOSTS.",
        )


# ── what is allowed ─────────────────────────────────────────────────────────────────────────────────
@lru_cache(maxsize=32)
def _parsed(entries: tuple[str, ...]) -> PrivateHosts:
    try:
        return PrivateHosts.parse(entries)
    except ValueError as error:
        raise ImproperlyConfigured(f"PRIVATE_HOSTS: {error}") from error


def private_hosts() -> PrivateHosts:
    """What the operator opened: PRIVATE_HOSTS, and the model services that the operator's settings name."""
    named = (settings.REHEARSAL_URL, settings.LOCAL_MODEL_URL, settings.OPENAI_BASE_URL)
    return _parsed((*settings.PRIVATE_HOSTS, *(_host_port(url) for url in named if url)))


def _host_port(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_url(url: str | URL) -> URL:
    """The address, parsed, if a request to it may be tried. Raises BadUrl or Blocked.

    Names are not resolved here; where they lead is judged when the connection is made.
    """
    try:
        parsed = URL(url) if isinstance(url, str) else url
        host, port = parsed.raw_host, parsed.port
    except ValueError as error:
        raise BadUrl(f"{str(url)[:200]!r} is not a valid address: {error}.") from error
    if parsed.scheme not in ("http", "https"):
        raise BadUrl(f"{str(url)[:200]!r} is not an address that begins with http:// or https://.")
    if not host:
        raise BadUrl(f"{str(url)[:200]!r} names no host.")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise BadUrl("An address must not carry a user name or password; put the key in its own field.")
    allowed = private_hosts()
    if allowed.allow_name(host, port):
        return parsed
    address = literal(host)
    if address is not None:
        if (why := why_not_public(address)) and not allowed.allow_address(address, port):
            raise Blocked(host, port, why)
    elif _is_local_name(host) and not allowed.networks:
        raise Blocked(host, port, "a name of a private network")
    return parsed


def _is_local_name(host: str) -> bool:
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(LOCAL_NAMES)


# ── connecting ──────────────────────────────────────────────────────────────────────────────────────
class _Attempt:
    """The host a connection is being made for, and what was refused on the way."""

    def __init__(self, host: str, port: int | None) -> None:
        self.host = host
        self.port = port
        self.blocked: Blocked | None = None
        self.tried = False  # another of its addresses was allowed


_attempt: ContextVar[_Attempt] = ContextVar("outbound_attempt")
_reused: ContextVar[bool] = ContextVar("outbound_reused", default=False)


def was_reused() -> bool:
    """Whether the last request of this task went over a connection that had served another before."""
    return _reused.get()


def _guarded_socket(info: aiohttp.connector.AddrInfoType) -> socket.socket:
    """A socket for this address, or none: called for each address that is about to be connected to."""
    family, kind, protocol, _, where = info
    address, port = ip_address(str(where[0]).partition("%")[0]), int(where[1])
    attempt = _attempt.get()
    if why := why_not_public(address):
        allowed = private_hosts()
        if not allowed.allow_name(attempt.host, port) and not allowed.allow_address(address, port):
            shown = "" if literal(attempt.host) == address else str(address)
            attempt.blocked = Blocked(attempt.host, port, why, shown)
            raise PermissionError(attempt.blocked.sentence)
    attempt.tried = True
    return socket.socket(family=family, type=kind, proto=protocol)


class GuardedConnector(aiohttp.TCPConnector):
    """aiohttp's connector with the guard in it. Its failures are OutboundErrors."""

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        if req.proxy is not None:
            raise BadUrl("Requests through a proxy are not supported.")
        host = req.url.raw_host or ""
        attempt = _Attempt(host, req.url.port)
        token = _attempt.set(attempt)
        try:
            made = await super().connect(req, traces, timeout)
            _reused.set(not attempt.tried)
            return made
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if attempt.blocked is not None and not attempt.tried:
                raise attempt.blocked from error
            raise explain(error, req.url) from error
        finally:
            _attempt.reset(token)


def tls_context() -> ssl.SSLContext:
    """Verifies certificates by the system's authorities, or those of SSL_CERT_FILE / SSL_CERT_DIR."""
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _tls_context(file: str | None, folder: str | None) -> ssl.SSLContext:
    from httpcore2 import default_ssl_context  # knows where each system keeps its authorities

    context = default_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def connector(*, keepalive_s: float = 30) -> GuardedConnector:
    """A new guarded connector of the running loop, without a limit of its own on connections."""
    return GuardedConnector(
        socket_factory=_guarded_socket, ssl=tls_context(), limit=0, keepalive_timeout=keepalive_s
    )


def session(*, timeout_s: float = 60, check: Callable[[URL], object] = check_url) -> aiohttp.ClientSession:
    """A guarded session: no cookies, no proxies from the environment. Close it when done.

    `check` is called with the address of every request and of every redirect, and raises to refuse it; a
    caller with rules of its own (a list of hosts) calls check_url in it too.
    """

    async def check_hop(request: ClientRequest, send: ClientHandlerType) -> aiohttp.ClientResponse:
        check(request.url)
        return await send(request)

    return aiohttp.ClientSession(
        connector=connector(),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(timeout_s, 15)),
        middlewares=(check_hop,),
        trust_env=False,
    )


# ── failures in words ───────────────────────────────────────────────────────────────────────────────
def explain(error: BaseException, url: URL | str) -> OutboundError:
    """What went wrong with a request, in a sentence that names the host and the cause."""
    if isinstance(error, OutboundError):
        return error
    parsed = URL(url) if isinstance(url, str) else url
    host = parsed.raw_host or str(parsed)
    where = f"{host}:{parsed.port}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate(error.certificate_error, host)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return OutboundError(
            "unknown_host", f"The host {host} is not known: no address was found for its name."
        )
    if isinstance(error, aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return _tls(error, where)
    if isinstance(error, TimeoutError):
        return OutboundError("timeout", f"{where} did not answer in time.")
    if isinstance(error, aiohttp.TooManyRedirects):
        return OutboundError("redirects", f"{host} redirects too often.")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return BadUrl(
            f"{error} is not a valid http:// or https:// address, or {host} redirects to one that is not."
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return _not_connected(error.os_error, where)
    if isinstance(error, OSError | aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return OutboundError("disconnected", f"{where} closed the connection before the answer was complete.")
    return OutboundError("failed", f"The request to {where} failed: {error or type(error).__name__}.")


def _not_connected(cause: OSError, where: str) -> OutboundError:
    """Why no connection was made: nothing of the request was sent."""
    if isinstance(cause, ConnectionRefusedError):
        return OutboundError("refused", f"{where} refused the connection: nothing listens on that port.")
    if isinstance(cause, TimeoutError):
        return OutboundError("timeout", f"{where} did not answer in time.")
    reason = os.strerror(cause.errno) if cause.errno else str(cause)
    return OutboundError("unreachable", f"{where} cannot be reached: {reason}.")


# OpenSSL's verification results, x509_vfy.h
CERTIFICATE: dict[int, tuple[Kind, str]] = {
    9: ("certificate_not_yet_valid", "The certificate of {host} is not valid yet; check the clocks."),
    10: ("certificate_expired", "The certificate of {host} has expired."),
    18: ("certificate_self_signed", "The certificate of {host} is self-signed."),
    19: (
        "certificate_self_signed",
        "The certificate of {host} is signed by an authority that nobody vouches for.",
    ),
    62: ("certificate_wrong_host", "The certificate of {host} is for another host."),
    64: ("certificate_wrong_host", "The certificate of {host} is for another host."),
}
AUTHORITY = " If it is your own authority, name its file in SSL_CERT_FILE."


def _certificate(error: BaseException, host: str) -> OutboundError:
    code = getattr(error, "verify_code", 0)
    if code in CERTIFICATE:
        kind, sentence = CERTIFICATE[code]
        more = AUTHORITY if kind == "certificate_self_signed" else ""
        return OutboundError(kind, sentence.format(host=host) + more)
    reason = getattr(error, "verify_message", "") or str(error)
    return OutboundError(
        "certificate_untrusted", f"The certificate of {host} is not trusted: {reason}.{AUTHORITY}"
    )


def _tls(error: BaseException, where: str) -> OutboundError:
    cause: BaseException = getattr(error, "os_error", error)
    reason = getattr(cause, "reason", None) or str(cause)
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        return OutboundError(
            "tls", f"{where} does not speak TLS; the address may have to begin with http://."
        )
    return OutboundError("tls", f"No secure connection to {where} could be made: {reason}.")
