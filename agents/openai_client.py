"""OpenAI's client over the guarded connector: one client an endpoint, one connection pool an event loop.

`openai` keeps base URLs, keys, request building and errors as people know them; the way to the network is
ours, so that every model URL meets the guard and no response is read without bound.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
import httpx2
from openai import AsyncOpenAI, Omit
from yarl import URL

from studio import net

MOST_CLIENTS = 256
MOST_BYTES = 64 * 1024 * 1024  # of any response; what reads one sets tighter bounds
MOST_ERROR_BYTES = 64 * 1024  # of a response that reports an error: the rest is cut off
READ_BYTES = 64 * 1024
CONNECT_S = 15.0
STALE_TRIES = 4  # over connections kept from before; a new one is given no second chance
STALE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientConnectionResetError)
OURS = frozenset({"accept-encoding", "connection"})  # request headers that are set here
DROPPED = frozenset(
    {b"set-cookie", b"content-encoding"}
)  # cookies are not kept, compression is not asked for


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends httpx2 requests over a guarded aiohttp session. Failures are OutboundErrors."""

    def __init__(self) -> None:
        self._closing: set[str] = (
            set()
        )  # plain-http servers that close connections they do not say they close
        self._session = aiohttp.ClientSession(
            connector=net.connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(),
            skip_auto_headers=("User-Agent", "Accept-Encoding"),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = URL(str(request.url), encoded=True)
        answer = await self._sent(request, url)
        return httpx2.Response(
            answer.status,
            headers=[(name, value) for name, value in answer.raw_headers if name.lower() not in DROPPED],
            stream=_Body(answer, url),
            request=request,
        )

    async def _sent(self, request: httpx2.Request, url: URL) -> aiohttp.ClientResponse:
        """The response, with its head read.

        A kept connection that its server has closed meanwhile fails before any answer. The request, which
        carries an idempotency key, was then not taken and goes over another (RFC 9110, 9.2.2). Some servers
        close after every stream without saying so, llama.cpp among them.
        """
        for left in reversed(range(STALE_TRIES)):
            try:
                return await self._once(request, url)
            except STALE as error:
                if url.scheme == "http":
                    self._closing.add(url.authority)
                if not left or not net.was_reused():
                    raise net.explain(error, url) from error
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise net.explain(error, url) from error
        raise AssertionError("unreachable")

    async def _once(self, request: httpx2.Request, url: URL) -> aiohttp.ClientResponse:
        limits = request.extensions.get("timeout", {})
        headers = [(name, value) for name, value in request.headers.multi_items() if name not in OURS]
        headers.append(("accept-encoding", "identity"))
        if url.authority in self._closing:
            headers.append(("connection", "close"))
        return await self._session.request(
            request.method,
            url,
            headers=headers,
            data=request.content or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect"), sock_read=limits.get("read")),
        )

    async def aclose(self) -> None:
        await self._session.close()


class _Body(httpx2.AsyncByteStream):
    """The bytes of a response. Closing it before its end drops the connection, and the server notices."""

    def __init__(self, answer: aiohttp.ClientResponse, url: URL) -> None:
        self._answer = answer
        self._url = url

    async def __aiter__(self) -> AsyncIterator[bytes]:
        is_error = self._answer.status >= 300
        left = MOST_ERROR_BYTES if is_error else MOST_BYTES
        try:
            async for chunk in self._answer.content.iter_any():
                yield chunk[:left]
                left -= len(chunk)
                if left <= 0:
                    break
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise net.explain(error, self._url) from error
        if left < 0 and not is_error:
            raise net.OutboundError("failed", f"{self._url.host} sent more than {MOST_BYTES >> 20} MB.")

    async def aclose(self) -> None:
        if self._answer.content.is_eof():
            self._answer.release()
        else:
            self._answer.close()


_parsed = lru_cache(maxsize=MOST_CLIENTS)(httpx2.URL)


class _Client(httpx2.AsyncClient):
    """Parses each address once: there are few, and many requests to each."""

    def build_request(self, method: str, url: httpx2.URL | str, **more: Any) -> httpx2.Request:
        return super().build_request(method, _parsed(str(url)), **more)


class _Pool:
    """The clients of one event loop; all share its connections."""

    def __init__(self) -> None:
        self.http = _Client(transport=GuardedTransport(), trust_env=False, follow_redirects=False)
        self.clients: OrderedDict[tuple[str, str], AsyncOpenAI] = OrderedDict()

    def client(self, base_url: str, api_key: str) -> AsyncOpenAI:
        key = (base_url, api_key)
        found = self.clients.get(key)
        if found is None:
            found = self.clients[key] = _made(base_url, api_key, self.http)
            if len(self.clients) > MOST_CLIENTS:
                self.clients.popitem(last=False)
        else:
            self.clients.move_to_end(key)
        return found


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = WeakKeyDictionary()


_own_pool: ContextVar[_Pool | None] = ContextVar("own_pool", default=None)


def client_for(base_url: str, api_key: str) -> AsyncOpenAI:
    """The client of this endpoint in the running loop. Its own retries are off."""
    loop = asyncio.get_running_loop()
    pool = _own_pool.get() or _pools.get(loop)
    if pool is None:
        pool = _pools[loop] = _Pool()
    return pool.client(base_url.rstrip("/"), api_key)


@asynccontextmanager
async def own_clients() -> AsyncIterator[None]:
    """Within it, connections are apart from all others and closed in the end: for what is done once.

    Connections left to the garbage collector are not only lost: asyncio may take a new socket with the same
    number for the old one, and never wake up for it.
    """
    pool = _Pool()
    token = _own_pool.set(pool)
    try:
        yield
    finally:
        _own_pool.reset(token)
        await pool.http.aclose()


async def close_clients() -> None:
    """Close the connections of the running loop."""
    pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.http.aclose()


def _made(base_url: str, api_key: str, http: httpx2.AsyncClient) -> AsyncOpenAI:
    client = AsyncOpenAI(
        base_url=base_url,
        api_key=api_key,
        admin_api_key="",
        organization="",
        project="",
        webhook_secret="",
        max_retries=0,
        http_client=http,
        _enforce_credentials=False,
    )
    # OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS are not for every endpoint.
    client.organization = client.project = None
    client._custom_headers = {}
    return client


def headers_for(client: AsyncOpenAI, **more: str) -> dict[str, str | Omit]:
    """Headers of one request; an endpoint without a key gets no Authorization header at all."""
    return {**more} if client.api_key else {**more, "Authorization": Omit()}
