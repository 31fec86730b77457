"""Puts answers into the bytes of OpenAI's chat completion protocol: one JSON body, or a stream of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import orjson

from agents.rehearsal.answer import Answer
from agents.rehearsal.request import ChatRequest
from agents.rehearsal.tokens import pieces

CREATED = 1_767_225_600  # a constant: the same request gets the same bytes
DONE = b"data: [DONE]\n\n"


def usage(request: ChatRequest, answer: Answer, cached: int) -> dict[str, Any]:
    return {
        "prompt_tokens": request.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": request.prompt_tokens + answer.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def completion(request: ChatRequest, answer: Answer, used: dict[str, Any] | None) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in answer.calls
        ]
    body = {
        "id": f"chatcmpl-{request.digest}",
        "object": "chat.completion",
        "created": CREATED,
        "model": request.model,
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
        ],
    }
    if used is not None:
        body["usage"] = used
    return orjson.dumps(body)


def frames(request: ChatRequest, answer: Answer, used: dict[str, Any] | None, chunks: int) -> list[bytes]:
    """The stream, one frame a token, or the content in `chunks` frames when that is not 0."""
    base = b'data: {"id":"chatcmpl-%s","object":"chat.completion.chunk","created":%d,"model":"%s",' % (
        request.digest.encode(),
        CREATED,
        request.model.encode(),
    )
    head = base + b'"choices":[{"index":0,"delta":'
    more = b',"finish_reason":null}]' + (b',"usage":null' if used is not None else b"") + b"}\n\n"
    found = [head + b'{"role":"assistant","content":%s}' % (b"null" if answer.calls else b'""') + more]
    if answer.calls:
        found += [head + delta + more for delta in _call_deltas(answer, chunks)]
    else:
        dumps = orjson.dumps
        found += [
            b"".join((head, b'{"content":', dumps(part), b"}", more))
            for part in grouped(answer.pieces, chunks)
        ]
    ended = b'{},"finish_reason":"%s"}]' % answer.finish_reason.encode()
    found.append(head + ended + (b',"usage":null}\n\n' if used is not None else b"}\n\n"))
    if used is not None:
        found.append(base + b'"choices":[],"usage":' + orjson.dumps(used) + b"}\n\n")
    return found


def _call_deltas(answer: Answer, chunks: int) -> Iterator[bytes]:
    for index, call in enumerate(answer.calls):
        function = {"name": call.name, "arguments": ""}
        yield orjson.dumps(
            {"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]}
        )
        for part in grouped(pieces(call.arguments), chunks):
            yield orjson.dumps({"tool_calls": [{"index": index, "function": {"arguments": part}}]})


def grouped(parts: Sequence[str], number: int) -> Sequence[str]:
    """The parts joined into at most `number` groups of like size; as they are when `number` is 0."""
    if not number or len(parts) <= number:
        return parts
    bounds = [round(index * len(parts) / number) for index in range(number + 1)]
    return ["".join(parts[low:high]) for low, high in pairwise(bounds)]


def error(status: int, message: str, kind: str, code: str | None = None, param: str | None = None) -> bytes:
    return orjson.dumps(
        {"error": {"message": message, "type": kind, "param": param, "code": code, "status": status}}
    )
