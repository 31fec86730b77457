"""Nothing leaves for a private address unless the operator opened it, and every failure says what failed."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings
from yarl import URL

from studio import net
from tests.studio.certificates import DAY, NOW, Authority

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
def nothing_opened(settings: Settings) -> None:
    settings.PRIVATE_HOSTS = ()
    settings.REHEARSAL_URL = settings.LOCAL_MODEL_URL = ""
    settings.OPENAI_BASE_URL = "https://api.openai.com/v1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


async def hello(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="hello")


@asynccontextmanager
async def serving(
    handler: Handler = hello, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """A server on loopback; gives its port."""
    server = web.Server(handler, handler_cancellation=True)
    listening = await asyncio.get_running_loop().create_server(server, host, 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        server.pre_shutdown()
        await server.shutdown(1)


async def fetch(url: str, *, timeout_s: float = 10) -> str:
    async with net.session(timeout_s=timeout_s) as session, session.get(net.check_url(url)) as answer:
        return await answer.text()


async def connect(url: str) -> str:
    """Past the check of the address as text: only the guard at the socket is left."""
    async with aiohttp.ClientSession(connector=net.connector()) as session, session.get(url) as answer:
        return await answer.text()


class Directory(AbstractResolver):
    """A name service of our own."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self.addresses
        ]

    async def close(self) -> None:
        return None


# ── addresses as text ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "http://example.com:8080",
        "https://1.1.1.1/",
        "https://[2606:4700::1111]/x",
    ],
)
def test_public_addresses_pass(url: str) -> None:
    assert net.check_url(url) == URL(url)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "begins with http:// or https://"),
        ("example.com/v1", "begins with http:// or https://"),
        ("ftp://example.com", "begins with http:// or https://"),
        ("file:///etc/passwd", "begins with http:// or https://"),
        ("javascript:alert(1)", "begins with http:// or https://"),
        ("http://", "begins with http|names no host|not a valid address"),
        ("http://[::1", "not a valid address"),
        ("http://host:99999/", "not a valid address"),
        ("https://user:pass@example.com/", "must not carry a user name"),
        ("https://key@example.com/", "must not carry a user name"),
    ],
)
def test_addresses_that_are_none_are_refused_with_the_reason(url: str, says: str) -> None:
    with pytest.raises(net.BadUrl, match=says):
        net.check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]:8000/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1:11434/v1",
        "http://①②⑦.⓪.⓪.①/",
        "http://localhost:8000/",
        "http://LOCALHOST./",
        "http://metadata.google.internal/",
    ],
)
def test_private_addresses_are_blocked_and_the_sentence_says_how_to_open_them(url: str) -> None:
    with pytest.raises(net.Blocked, match="PRIVATE_HOSTS"):
        net.check_url(url)


def test_the_operator_opens_hosts_and_the_settings_of_model_services_count(settings: Settings) -> None:
    settings.PRIVATE_HOSTS = ("ollama.internal", "10.0.0.0/8", "127.0.0.1:9001")
    settings.REHEARSAL_URL = "http://127.0.0.1:8100/v1"
    settings.LOCAL_MODEL_URL = "http://[::1]:8200/v1"
    for url in (
        "http://ollama.internal:11434/v1",
        "http://10.9.8.7/",
        "http://127.0.0.1:9001/",
        "http://127.0.0.1:8100/p/cut/v1",
        "http://[::1]:8200/v1",
    ):
        assert net.check_url(url)
    for url in (
        "http://127.0.0.1:9002/",
        "http://[::1]:8201/",
        "http://192.168.0.1/",
        "http://[64:ff9b::a00:1]/",
    ):
        with pytest.raises(net.Blocked):
            net.check_url(url)


def test_a_broken_setting_is_told(settings: Settings) -> None:
    settings.PRIVATE_HOSTS = ("http://box",)
    with pytest.raises(ImproperlyConfigured, match="PRIVATE_HOSTS: 'http://box' is no host"):
        net.check_url("https://example.com")


# ── the guard at the socket ─────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_not_connected_to_however_it_is_written(host: str) -> None:
    asked = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response()

    async with serving(handler) as port:
        with pytest.raises(net.OutboundError, match=r"this machine|not a valid"):
            await connect(f"http://{host}:{port}/")
    assert asked == []


async def test_an_opened_address_is_connected_to(settings: Settings) -> None:
    async with serving() as port:
        settings.PRIVATE_HOSTS = (f"127.0.0.1:{port}",)
        assert await fetch(f"http://127.0.0.1:{port}/") == "hello"
        assert await fetch(f"http://localhost:{port}/") == "hello"
        settings.PRIVATE_HOSTS = ("localhost",)
        assert await fetch(f"http://localhost:{port}/") == "hello"
        with pytest.raises(net.Blocked):
            await connect(f"http://127.0.0.1:{port}/")


async def test_a_public_name_that_leads_to_a_private_address_is_blocked() -> None:
    for addresses in (("127.0.0.1",), ("169.254.169.254", "::1"), ("::ffff:10.0.0.1",)):
        connector = net.connector()
        connector._resolver = Directory(*addresses)
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(net.Blocked, match=r"innocent\.example leads to .*, which is .* blocked"):
                await session.get("http://innocent.example/")


async def test_a_name_is_not_opened_by_another_name_s_permission(settings: Settings) -> None:
    settings.PRIVATE_HOSTS = ("opened.example",)
    async with serving() as port:
        connector = net.connector()
        connector._resolver = Directory("127.0.0.1")
        async with aiohttp.ClientSession(connector=connector) as session:
            async with session.get(f"http://opened.example:{port}/") as answer:
                assert answer.status == 200
            with pytest.raises(net.Blocked):
                await session.get(f"http://other.example:{port}/")


async def test_a_redirect_to_a_private_address_is_blocked(settings: Settings) -> None:
    async with serving() as private, serving(redirecting(f"http://127.0.0.1:{private}/")) as public:
        settings.PRIVATE_HOSTS = (f"127.0.0.1:{public}",)
        with pytest.raises(net.Blocked, match=str(private)):
            await fetch(f"http://127.0.0.1:{public}/")
        with pytest.raises(net.Blocked, match=str(private)):
            await connect(f"http://127.0.0.1:{public}/")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.com/", "gopher://127.0.0.1/"])
async def test_a_redirect_to_another_protocol_is_refused(settings: Settings, target: str) -> None:
    async with serving(redirecting(target)) as port:
        settings.PRIVATE_HOSTS = (f"127.0.0.1:{port}",)
        url = f"http://127.0.0.1:{port}/"
        with pytest.raises(aiohttp.ClientError) as refused:
            await fetch(url)
        assert net.explain(refused.value, url).kind == "bad_url"


async def test_a_caller_s_own_rule_is_asked_at_every_hop(settings: Settings) -> None:
    seen: list[str] = []

    def check(url: URL) -> None:
        seen.append(url.path)
        if url.path == "/forbidden":
            raise net.BadUrl("Not on the list.")

    async with serving(redirecting("/forbidden")) as port:
        settings.PRIVATE_HOSTS = ("127.0.0.1",)
        async with net.session(check=check) as session:
            with pytest.raises(net.BadUrl, match="Not on the list"):
                await session.get(f"http://127.0.0.1:{port}/first")
    assert seen == ["/first", "/forbidden"]


async def test_the_environment_s_proxies_and_cookies_are_not_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookies = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(text="direct", headers={"Set-Cookie": "a=b"})

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with serving(handler) as port:
        settings.PRIVATE_HOSTS = ("127.0.0.1",)
        async with net.session() as session:
            for _ in range(2):
                async with session.get(f"http://127.0.0.1:{port}/") as answer:
                    assert await answer.text() == "direct"
            with pytest.raises(net.BadUrl, match="proxy"):
                await session.get(f"http://127.0.0.1:{port}/", proxy=f"http://127.0.0.1:{port}")
    assert cookies == [None, None]


def redirecting(target: str) -> Handler:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": target})

    return handler


# ── failures in words ───────────────────────────────────────────────────────────────────────────────
async def failure(url: str, *, timeout_s: float = 10) -> net.OutboundError:
    with pytest.raises((net.OutboundError, aiohttp.ClientError, TimeoutError)) as failed:
        await fetch(url, timeout_s=timeout_s)
    return net.explain(failed.value, url)


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"ends": NOW - DAY}, "certificate_expired", "has expired"),
        ({"begins": NOW + DAY}, "certificate_not_yet_valid", "not valid yet"),
        ({"host": "other.example"}, "certificate_wrong_host", "for another host"),
        ({"self_signed": True}, "certificate_self_signed", "self-signed"),
    ],
)
async def test_a_bad_certificate_is_told_apart(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    authority: Authority,
    options: dict[str, Any],
    kind: str,
    says: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    settings.PRIVATE_HOSTS = ("127.0.0.1",)
    async with serving(tls=authority.server(**options)) as port:
        failed = await failure(f"https://127.0.0.1:{port}/")
    assert (failed.kind, says in failed.sentence) == (kind, True), failed.sentence
    assert "127.0.0.1" in failed.sentence


async def test_a_good_certificate_of_an_authority_one_names_is_trusted_and_else_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    settings.PRIVATE_HOSTS = ("127.0.0.1",)
    async with serving(tls=authority.server()) as port:
        monkeypatch.setenv("SSL_CERT_FILE", authority.file)
        assert await fetch(f"https://127.0.0.1:{port}/") == "hello"
        monkeypatch.setenv("SSL_CERT_FILE", Authority.make(tmp_path).file)
        failed = await failure(f"https://127.0.0.1:{port}/")
    assert failed.kind in ("certificate_untrusted", "certificate_self_signed")
    assert "SSL_CERT_FILE" in failed.sentence


async def test_an_unknown_host_a_closed_port_and_a_plain_port_are_told_apart(settings: Settings) -> None:
    settings.PRIVATE_HOSTS = ("127.0.0.1",)
    failed = await failure("http://no-such-host.invalid/")
    assert (failed.kind, failed.sentence) == (
        "unknown_host",
        "The host no-such-host.invalid is not known: no address was found for its name.",
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = free.getsockname()[1]
    failed = await failure(f"http://127.0.0.1:{closed}/")
    assert failed.kind == "refused"
    assert f"127.0.0.1:{closed} refused the connection" in failed.sentence
    async with serving() as port:
        failed = await failure(f"https://127.0.0.1:{port}/")
    assert failed.kind == "tls", failed.sentence
    assert "begin with http://" in failed.sentence


async def test_silence_and_a_dropped_connection_are_told_apart(settings: Settings) -> None:
    settings.PRIVATE_HOSTS = ("127.0.0.1",)
    asked = asyncio.Event()

    async def silent(request: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def dropping(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(silent) as port:
        assert (await failure(f"http://127.0.0.1:{port}/", timeout_s=0.2)).kind == "timeout"
    assert asked.is_set()
    async with serving(dropping) as port:
        assert (await failure(f"http://127.0.0.1:{port}/")).kind == "disconnected"
    async with serving(redirecting("/again")) as port:
        assert (await failure(f"http://127.0.0.1:{port}/")).kind == "redirects"
