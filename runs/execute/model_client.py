"""Performs one model call: a streamed chat completion, read in a few lines of our own, or a ModelCallError.

The `openai` client builds and sends the request; what comes back is read raw, so that no object is made for
each chunk and nothing hostile is read without bound. Cancelling the task closes the connection, which tells
the endpoint to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson
from openai import APIStatusError, AsyncStream

from agents.openai_client import CONNECT_S, client_for, headers_for
from agents.openai_errors import quote, refusal, reported_refusal, web_page
from runs.engine.events import Usage
from runs.execute import reply as replies
from runs.execute.errors import ModelCallError, from_outbound, from_refusal
from runs.execute.sse import EventStream, LineTooLong
from studio.net import OutboundError

DONE = b"[DONE]"
DRAIN_S = 0.1
RAW_BYTES = 1_000_000  # of a stream, whatever it says, and
RAW_BYTES_A_CHARACTER = 64  # more for each: a token of four characters comes in a frame of some 250 bytes


@dataclass(frozen=True)
class ModelRequest:
    """One call. `parameters` are further members of the body (temperature, stop …); times are seconds."""

    base_url: str
    api_key: str = field(repr=False)
    model: str
    messages: list[dict[str, Any]] = field(repr=False)
    max_tokens: int
    timeout_s: float
    idempotency_key: str
    parameters: dict[str, Any] = field(default_factory=dict)
    tools: list[dict[str, Any]] | None = None
    tool_choice: Any = None
    response_format: dict[str, Any] | None = None
    max_characters: int = 1_000_000  # of text and arguments; beyond that the reply is cut off


@dataclass(frozen=True)
class ToolCallRequest:
    """A tool call as the model wrote it; nothing about it has been checked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class ModelReply:
    """A whole answer. `usage` None: the endpoint did not say. `raw_size`: bytes that came over the wire."""

    text: str
    tool_calls: tuple[ToolCallRequest, ...]
    finish_reason: str
    usage: Usage | None
    model: str
    response_id: str
    first_token_s: float | None
    raw_size: int


async def complete(request: ModelRequest, *, on_delta: Callable[[str], None]) -> ModelReply:
    """The answer to `request`; `on_delta` gets its text as it comes. Raises ModelCallError."""
    for _ in range(3):
        habits = _habits_of(request)
        sent = replace(habits)
        call = _Call(request, on_delta)
        try:
            async with asyncio.timeout(request.timeout_s):
                return await call.perform(sent)
        except TimeoutError:
            raise call.failed(ModelCallError("timeout", call.late())) from None
        except OutboundError as error:
            if call.reply.finish_reason:
                return call.finished()
            raise call.failed(from_outbound(error, arrived=call.size > 0)) from error
        except ModelCallError as error:
            if not habits.learn(error, sent):
                raise call.failed(error) from None
    raise ModelCallError("bad_request", f"{_host(request)} keeps refusing parts of the request.")


# ── what an endpoint does not accept ────────────────────────────────────────────────────────────────
@dataclass
class Habits:
    """What an endpoint was found to refuse; learnt from its refusal, and not sent again."""

    stream_options: bool = True
    limit_name: str = "max_tokens"

    def learn(self, error: ModelCallError, sent: Habits) -> bool:
        """Whether the refusal of what was sent teaches anything, so that it may be sent in another form."""
        if error.kind != "bad_request" or error.status not in (400, 422):
            return False
        if sent.stream_options and "stream_options" in error.sentence:
            self.stream_options = False
            return True
        if sent.limit_name == "max_tokens" and "max_completion_tokens" in error.sentence:
            self.limit_name = "max_completion_tokens"
            return True
        return False


_habits: OrderedDict[tuple[str, str], Habits] = OrderedDict()


def _habits_of(request: ModelRequest) -> Habits:
    key = (request.base_url, request.model)
    found = _habits.setdefault(key, Habits())
    _habits.move_to_end(key)
    if len(_habits) > 1000:
        _habits.popitem(last=False)
    return found


def _body(request: ModelRequest, habits: Habits) -> bytes:
    body = {
        "model": request.model,
        "messages": request.messages,
        habits.limit_name: request.max_tokens,
        **request.parameters,
        "stream": True,
    }
    if habits.stream_options:
        body["stream_options"] = {"include_usage": True}
    for name in ("tools", "tool_choice", "response_format"):
        if (value := getattr(request, name)) is not None:
            body[name] = value
    try:
        return orjson.dumps(body)
    except TypeError:  # a lone surrogate, which orjson refuses
        return json.dumps(body).encode()


# ── one attempt ─────────────────────────────────────────────────────────────────────────────────────
class _Call:
    def __init__(self, request: ModelRequest, on_delta: Callable[[str], None]) -> None:
        self.request = request
        self.on_delta = on_delta
        self.reply = replies.Reply(request.max_characters)
        self.began = time.perf_counter()
        self.first_token_s: float | None = None
        self.size = 0

    async def perform(self, habits: Habits) -> ModelReply:
        client = client_for(self.request.base_url, self.request.api_key)
        post: Any = (
            client.post
        )  # typed for parsed streams; with a plain response as its type it hands that over
        timeout = self.request.timeout_s
        try:
            response: httpx2.Response = await post(
                f"{self.request.base_url.rstrip('/')}/chat/completions",  # whole, so that it is parsed once
                cast_to=httpx2.Response,
                content=_body(self.request, habits),
                options={
                    "headers": headers_for(client, **{"Idempotency-Key": self.request.idempotency_key}),
                    "timeout": httpx2.Timeout(timeout, connect=min(timeout, CONNECT_S)),
                    "security": {"bearer_auth": True},
                    "idempotency_key": self.request.idempotency_key,
                },
                stream=True,
                stream_cls=AsyncStream[Any],
            )
        except APIStatusError as error:
            raise self._refused(error.response) from None
        try:
            await self._read(response)
        finally:
            await response.aclose()
        return self.finished()

    def _refused(self, response: httpx2.Response) -> ModelCallError:
        found = refusal(
            response.status_code,
            response.content,
            _host(self.request),
            location=response.headers.get("location", ""),
            secret=self.request.api_key,
        )
        return from_refusal(found, response.headers)

    async def _read(self, response: httpx2.Response) -> None:
        kind = response.headers.get("content-type", "").lower()
        if "html" in kind:
            page = (await self._first(response)).decode("utf-8", "replace")
            raise ModelCallError("invalid_response", web_page(page, _host(self.request)))
        try:
            if "json" in kind and "event-stream" not in kind:
                await self._read_whole(response)
            else:
                await self._read_stream(response)
        except (replies.Malformed, LineTooLong) as error:
            raise self._malformed(str(error) or "an event has no end") from error
        except replies.Reported as error:
            raise from_refusal(reported_refusal(error.report, _host(self.request)), {}) from None
        except replies.TooLarge:
            self._hear()
            raise ModelCallError(
                "too_large",
                f"{_host(self.request)} sent more than {self.request.max_characters:,} characters; "
                "the rest was cut off.",
            ) from None

    async def _read_stream(self, response: httpx2.Response) -> None:
        events = EventStream()
        incoming = response.aiter_raw()
        async for received in incoming:
            self._count(received)
            if self._take(events.feed(received)):
                await _drained(incoming)
                return
        if self._take(events.close()) or self.reply.finish_reason:
            return
        if not self.reply.chunks:
            raise self._malformed("it sent no chunk of an answer" if self.size else "it sent nothing at all")
        raise ModelCallError("cut_stream", f"{_host(self.request)} ended its answer before it was complete.")

    async def _read_whole(self, response: httpx2.Response) -> None:
        """An endpoint that does not stream, though asked to."""
        received = bytearray()
        async for part in response.aiter_raw():
            self._count(part)
            received += part
        self.reply.take(bytes(received))
        self._hear()

    async def _first(self, response: httpx2.Response) -> bytes:
        async for part in response.aiter_raw():
            self._count(part)
            return part
        return b""

    def _count(self, received: bytes) -> None:
        self.size += len(received)
        if self.size > RAW_BYTES + self.request.max_characters * RAW_BYTES_A_CHARACTER:
            raise replies.TooLarge

    def _take(self, events: list[bytes]) -> bool:
        """Add up what came; whether it was the end."""
        done = False
        for data in events:
            if data == DONE:
                done = True
                break
            self.reply.take(data)
        self._hear()
        return done

    def _hear(self) -> None:
        if self.first_token_s is None and self.reply.has_begun:
            self.first_token_s = time.perf_counter() - self.began
        if text := self.reply.fresh():
            self.on_delta(text)

    def _malformed(self, what: str) -> ModelCallError:
        return ModelCallError(
            "invalid_response",
            f"{_host(self.request)} did not answer as an OpenAI-compatible endpoint does: {what}.",
            retryable=True,
        )

    def finished(self) -> ModelReply:
        reply = self.reply
        if reply.refusal and not reply.has_begun:
            raise ModelCallError("content_filter", f"The model refused: {quote(reply.refusal)}")
        calls = tuple(
            ToolCallRequest(parts.id or f"call_{number}", parts.name, "".join(parts.arguments))
            for number, parts in enumerate(reply.calls.values())
        )
        return ModelReply(
            text=reply.text,
            tool_calls=calls,
            finish_reason=reply.finish_reason or ("tool_calls" if calls else "stop"),
            usage=reply.usage,
            model=reply.model or self.request.model,
            response_id=reply.id,
            first_token_s=self.first_token_s,
            raw_size=self.size,
        )

    def failed(self, error: ModelCallError) -> ModelCallError:
        """The error with what had come before it."""
        error.partial_text = self.reply.text
        error.usage = self.reply.usage
        return error

    def late(self) -> str:
        stage = "finish its answer" if self.reply.has_begun else "answer"
        return f"{_host(self.request)} did not {stage} within {self.request.timeout_s:g} s."


async def _drained(incoming: AsyncIterator[bytes]) -> None:
    """Wait a moment for the stream's own end, so that the connection can be used again."""
    with contextlib.suppress(TimeoutError, OutboundError):
        async with asyncio.timeout(DRAIN_S):
            async for _ in incoming:
                pass


def _host(request: ModelRequest) -> str:
    return urlsplit(request.base_url).netloc.rpartition("@")[2] or request.base_url
