"""The simulated OpenAI-compatible endpoint over HTTP: routes, profiles in the path, and the ledger."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from agents.rehearsal import wire
from agents.rehearsal.chat import Chat, Limited
from agents.rehearsal.embeddings import embeddings
from agents.rehearsal.ledger import Ledger
from agents.rehearsal.request import CHAT_MODELS, EMBEDDING, Refused, read_object
from agents.rehearsal.trouble import BadProfile, Trouble, parse

MOST_BODY = 64 * 1024 * 1024
CLIENT_CLOSED_REQUEST = 499
Route = Callable[[web.BaseRequest, str, Trouble], Awaitable[web.StreamResponse]]


class Rehearsal:
    """One simulated endpoint; `profile` is the base path's trouble, empty for none."""

    def __init__(self, seed: int = 0, latency_ms: float = 0) -> None:
        self.ledger = Ledger()
        self.chat = Chat(seed, latency_ms, self.ledger)
        self.routes: dict[tuple[str, str], Route] = {
            ("POST", "/v1/chat/completions"): self.chat.serve,
            ("POST", "/v1/embeddings"): self.embed,
            ("GET", "/v1/models"): self.models,
            ("GET", "/health"): self.health,
            ("GET", "/ledger"): self.show_ledger,
            ("POST", "/reset"): self.reset,
        }

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        path, profile = http.path, ""
        if path.startswith("/p/"):
            profile, slash, rest = path[3:].partition("/")
            path = slash + rest
        try:
            trouble = parse(profile)
            route = self.routes.get((http.method, path))
            if route is None:
                route = (
                    self.model if http.method == "GET" and path.startswith("/v1/models/") else self.unknown
                )
            if path.startswith("/v1/"):
                _check_key(http, trouble)
            return await route(http, profile, trouble)
        except BadProfile as problem:
            return _error(Refused(400, str(problem), code="bad_profile"))
        except Refused as refused:
            return _error(refused)
        except ConnectionResetError:  # whoever asked has hung up; nobody is left to answer
            return web.Response(status=CLIENT_CLOSED_REQUEST)

    async def models(self, http: web.BaseRequest, profile: str, trouble: Trouble) -> web.Response:
        if trouble.no_models:
            return await self.unknown(http, profile, trouble)
        return _json({"object": "list", "data": [_model(name) for name in (*CHAT_MODELS, EMBEDDING)]})

    async def model(self, http: web.BaseRequest, profile: str, trouble: Trouble) -> web.Response:
        name = http.path.rpartition("/")[2]
        if name not in (*CHAT_MODELS, EMBEDDING):
            raise Refused(404, f"The model {name!r} does not exist.", code="model_not_found", param="model")
        return _json(_model(name))

    async def embed(self, http: web.BaseRequest, profile: str, trouble: Trouble) -> web.Response:
        return web.Response(body=embeddings(read_object(await http.read())), content_type="application/json")

    async def health(self, http: web.BaseRequest, profile: str, trouble: Trouble) -> web.Response:
        return _json({"status": "ok"})

    async def show_ledger(self, http: web.BaseRequest, profile: str, trouble: Trouble) -> web.Response:
        return _json(self.ledger.shown(profile or None))

    async def reset(self, http: web.BaseRequest, profile: str, trouble: Trouble) -> web.Response:
        self.ledger.reset(profile or None)
        if not profile:
            self.chat.prefixes.clear()
        return _json({"status": "ok"})

    async def unknown(self, http: web.BaseRequest, profile: str, trouble: Trouble) -> web.Response:
        raise Refused(404, f"Unknown request URL: {http.method} {http.path}.", code="unknown_url")


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": wire.CREATED, "owned_by": "rehearsal"}


def _error(refused: Refused) -> web.Response:
    headers = {}
    if isinstance(refused, Limited):
        headers = {
            "Retry-After": str(max(0, round(refused.retry_after))),
            "Retry-After-Ms": str(round(refused.retry_after * 1000)),
        }
    body = wire.error(refused.status, refused.message, refused.kind, refused.code, refused.param)
    return web.Response(status=refused.status, body=body, content_type="application/json", headers=headers)


def _check_key(http: web.BaseRequest, trouble: Trouble) -> None:
    given = http.headers.get("Authorization", "").removeprefix("Bearer ")
    if trouble.key and not hmac.compare_digest(given.encode(), trouble.key.encode()):
        raise Refused(401, "Incorrect API key provided.", code="invalid_api_key")


async def start(rehearsal: Rehearsal, host: str, port: int) -> tuple[asyncio.Server, web.Server]:
    """Listen on host:port (0 takes a free one). A client that goes away cancels what was under way for it."""
    loop = asyncio.get_running_loop()

    def make(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MOST_BODY)

    server = web.Server(
        rehearsal.handle,
        request_factory=make,
        handler_cancellation=True,
        access_log=None,
        keepalive_timeout=600,
    )
    listening = await loop.create_server(server, host, port, backlog=4096)
    return listening, server
