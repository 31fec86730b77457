"""Serves one chat completion: the answer, or the trouble that the profile asks for instead."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from agents.rehearsal import wire
from agents.rehearsal.answer import Answer, Answers
from agents.rehearsal.ledger import Entry, Ledger
from agents.rehearsal.request import CONTEXT_TOKENS, ChatRequest, Refused, parse
from agents.rehearsal.tokens import PrefixCache
from agents.rehearsal.trouble import Trouble

STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
ENDING = 2  # frames: why it ended, and the usage
FRAME_MS = 40  # how far apart frames are when a latency is asked for and no number of chunks
HTML = b"<!DOCTYPE html><html><title>502 Bad Gateway</title><body><h1>502 Bad Gateway</h1></body></html>"
RAW = bytes(range(256)) * 8


@dataclass
class Call:
    """One attempt of a request under way."""

    http: web.BaseRequest
    request: ChatRequest
    trouble: Trouble
    entry: Entry
    attempt: int
    began: float  # on the loop's clock


class Chat:
    def __init__(self, seed: int, latency_ms: float, ledger: Ledger) -> None:
        self.seed = seed
        self.latency_ms = latency_ms
        self.ledger = ledger
        self.prefixes = PrefixCache()
        self.answers = Answers(seed)

    async def serve(self, http: web.BaseRequest, profile: str, trouble: Trouble) -> web.StreamResponse:
        began = asyncio.get_running_loop().time()
        request = parse(await http.read())
        _check(http, request, trouble)
        entry = self.ledger.start(profile, request.digest, request.model, http.headers.get("Idempotency-Key"))
        attempt = entry.started - 1
        call = Call(http, request, trouble.at(attempt), entry, attempt, began)
        try:
            await self._fail_first(call)
            return await self._answer(call)
        except (asyncio.CancelledError, ConnectionError):
            self.ledger.end(entry, "aborted")
            raise
        except Refused:
            self.ledger.end(entry, "failed")
            raise

    async def _fail_first(self, call: Call) -> None:
        """The troubles that come before any answer."""
        trouble, attempt = call.trouble, call.attempt
        if attempt < trouble.rate_limit:
            raise Limited(trouble.retry_after)
        if trouble.fails_by_chance(self.seed, call.request.digest, attempt):
            raise Refused(
                503, "The rehearsal endpoint is overloaded, as its profile asks.", kind="overloaded_error"
            )
        if trouble.hang or trouble.hangs_by_chance(self.seed, call.request.digest, attempt):
            await asyncio.get_running_loop().create_future()
        if trouble.error:
            raise Refused(
                trouble.error, f"The rehearsal endpoint answers {trouble.error}, as its profile asks."
            )

    async def _answer(self, call: Call) -> web.StreamResponse:
        request, trouble = call.request, call.trouble
        made = self.answers.get(request, trouble)
        cached = self.prefixes.hit(request.prompt, request.prompt_tokens)
        billed = wire.usage(request, made, cached)
        latency = (trouble.latency or self.latency_ms) / 1000
        if trouble.garbage in BODIES:
            response = _garbage(call, made, trouble.garbage)
        elif request.stream:
            shown = billed if request.include_usage and not trouble.no_usage else None
            return await self._stream(call, made, billed, shown, latency)
        else:
            await _until(call.began + latency)
            body = wire.completion(request, made, None if trouble.no_usage else billed)
            if trouble.cut:
                return await self._cut(call, [body[: len(body) // 2]], billed)
            response = web.Response(body=body, content_type="application/json")
        self.ledger.end(call.entry, "failed" if trouble.garbage in BODIES else "completed", billed)
        return response

    async def _stream(
        self,
        call: Call,
        made: Answer,
        billed: dict[str, Any],
        shown: dict[str, Any] | None,
        latency: float,
    ) -> web.StreamResponse:
        trouble = call.trouble
        chunks = trouble.chunks or (max(1, int(latency * 1000 / FRAME_MS)) if latency else 0)
        frames = wire.frames(call.request, made, shown, chunks)
        if trouble.cut or trouble.end or trouble.stall:
            return await self._cut(call, frames[: max(1, len(frames) // 2)], billed)
        if not latency or trouble.chunks == 1:
            await _until(call.began + latency)
            response: web.StreamResponse = web.Response(body=b"".join([*frames, wire.DONE]), headers=STREAM)
        else:
            response = await _paced(call, frames, latency)
        self.ledger.end(call.entry, "completed", billed)
        return response

    async def _cut(self, call: Call, half: list[bytes], billed: dict[str, Any]) -> web.StreamResponse:
        """Send half, then drop the connection, end quietly, or wait for ever."""
        response = await _open(call.http)
        await response.write(b"".join(half))
        if call.trouble.stall:
            await asyncio.get_running_loop().create_future()
        self.ledger.end(call.entry, "failed", billed)
        if call.trouble.end:
            await response.write_eof()
        elif call.http.transport is not None:
            await asyncio.sleep(0.01)  # let the half leave first
            call.http.transport.abort()
        return response


class Limited(Refused):
    def __init__(self, retry_after: float) -> None:
        super().__init__(
            429, "Rate limit reached, as the profile asks.", code="rate_limit_exceeded", kind="requests"
        )
        self.retry_after = retry_after


BODIES = frozenset({"json", "html", "raw", "empty", "chunk", "surrogate"})


def _garbage(call: Call, made: Answer, kind: str) -> web.Response:
    if kind == "html":
        return web.Response(body=HTML, content_type="text/html")
    if kind == "empty":
        return web.Response(body=b"", headers=STREAM if call.request.stream else None)
    if kind == "raw":
        return web.Response(body=RAW, headers=STREAM if call.request.stream else None)
    if not call.request.stream:
        return web.Response(
            body=wire.completion(call.request, made, None)[:-40], content_type="application/json"
        )
    frames = wire.frames(call.request, made, None, 0)
    if kind == "json":
        frames = [b"data: {not json at all\n\n"]
    elif kind == "surrogate":
        frames[1:-1] = [frames[1].replace(b'"content":"', b'"content":"\\ud83d broken \\u0000 ')]
    else:
        frames[len(frames) // 2] = frames[len(frames) // 2][:-20] + b"\n\n"
    return web.Response(body=b"".join([*frames, wire.DONE]), headers=STREAM)


async def _paced(call: Call, frames: list[bytes], latency: float) -> web.StreamResponse:
    """Frames evenly over the latency; what says that it is over comes with the last of them, as elsewhere."""
    response = await _open(call.http)
    *paced, last = frames[:-ENDING] or frames
    for number, frame in enumerate(paced, start=1):
        await _until(call.began + latency * number / (len(paced) + 1))
        await response.write(frame)
    await _until(call.began + latency)
    await response.write_eof(b"".join([last, *frames[len(paced) + 1 :], wire.DONE]))
    return response


async def _until(moment: float) -> None:
    """Sleep until then by the loop's clock: pauses that were late do not add up."""
    await asyncio.sleep(max(moment - asyncio.get_running_loop().time(), 0))


async def _open(http: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(headers=STREAM)
    await response.prepare(http)
    return response


def _check(http: web.BaseRequest, request: ChatRequest, trouble: Trouble) -> None:
    """What this endpoint would refuse for good."""
    if trouble.reject_stream_options and "stream_options" in request.body:
        raise Refused(400, "Unrecognized request argument supplied: stream_options", param="stream_options")
    if trouble.reject_max_tokens and "max_tokens" in request.body:
        raise Refused(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            code="unsupported_parameter",
            param="max_tokens",
        )
    if trouble.no_stream and request.stream:
        raise Refused(400, "Streaming is not supported by this model.", param="stream")
    if trouble.reject_tools and request.tools:
        raise Refused(400, f"{request.model} does not support tools", param="tools")
    if trouble.reject_schema and request.response_format:
        raise Refused(400, "'response_format' is not supported with this model.", param="response_format")
    window = trouble.context or CONTEXT_TOKENS
    asked = request.prompt_tokens + (request.max_tokens or 0)
    if asked > window:
        raise Refused(
            400,
            f"This model's maximum context length is {window} tokens. However, you requested {asked} tokens "
            f"({request.prompt_tokens} in the messages, {request.max_tokens or 0} in the completion).",
            code="context_length_exceeded",
            param="messages",
        )
