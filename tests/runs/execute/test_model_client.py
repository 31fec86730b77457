"""One model call over HTTP: what comes back, what is sent, and that cancelling stops the endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import orjson
import pytest
from aiohttp import web

from runs.engine.events import Usage
from runs.execute.errors import ModelCallError
from runs.execute.model_client import ToolCallRequest, complete
from tests.rehearsal import RehearsalServer
from tests.runs.execute.calling import answering, ask, request_to, serving, until

TOOL = {
    "type": "function",
    "function": {
        "name": "market_data",
        "description": "Looks up figures on a market",
        "parameters": {
            "type": "object",
            "properties": {"market": {"type": "string"}},
            "required": ["market"],
        },
    },
}


async def test_text_streams_and_adds_up_with_usage(rehearsal: RehearsalServer, own_profile: str) -> None:
    began = time.perf_counter()
    reply, heard = await ask(rehearsal.url(f"{own_profile},latency=600,chunks=6"))
    took = time.perf_counter() - began
    assert "".join(heard) == reply.text
    assert len(heard) >= 4, "the text should come in parts"
    assert "batteries" in reply.text
    assert reply.finish_reason == "stop"
    billed = rehearsal.ledger(f"{own_profile},latency=600,chunks=6")["entries"][0]["usage"]
    assert reply.usage == Usage(
        input_tokens=billed["prompt_tokens"], output_tokens=billed["completion_tokens"]
    )
    assert (reply.model, reply.tool_calls) == ("rehearsal", ())
    assert reply.first_token_s is not None
    assert 0.05 < reply.first_token_s < took - 0.2
    assert reply.raw_size > len(reply.text)


async def test_tool_calls_are_put_together(rehearsal: RehearsalServer) -> None:
    for profile in ("", "latency=50,chunks=5"):
        reply, heard = await ask(rehearsal.url(profile), tools=[TOOL])
        (call,) = reply.tool_calls
        assert call.name == "market_data"
        assert "market" in orjson.loads(call.arguments)
        assert call.id.startswith("call_")
        assert (reply.text, heard, reply.finish_reason) == ("", [], "tool_calls")


async def test_structured_output_and_parameters_reach_the_model(rehearsal: RehearsalServer) -> None:
    schema = {"type": "object", "properties": {"verdict": {"enum": ["no", "yes"]}}, "required": ["verdict"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    reply, _ = await ask(rehearsal.url(), response_format=wanted)
    assert orjson.loads(reply.text) == {"verdict": "yes"}
    stopped, _ = await ask(rehearsal.url(), parameters={"stop": ["."], "temperature": 0.2})
    assert "." not in stopped.text
    short, _ = await ask(rehearsal.url(), max_tokens=7)
    assert (short.finish_reason, short.usage and short.usage.output_tokens) == ("length", 7)


async def test_the_request_says_all_an_endpoint_must_know() -> None:
    seen: dict[str, Any] = {}

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.update(body=orjson.loads(await request.read()), headers=request.headers, path=request.path)
        return await answering('data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\n')(
            request
        )

    async with serving(handler) as url:
        reply, _ = await ask(url + "/", parameters={"temperature": 0.5})
    assert reply.text == "ok"
    assert seen["path"] == "/v1/chat/completions"
    assert seen["body"] == {
        "model": "rehearsal",
        "messages": request_to("").messages,
        "max_tokens": 400,
        "temperature": 0.5,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert seen["headers"]["Authorization"] == "Bearer sk-secret-of-the-test"
    assert seen["headers"]["Idempotency-Key"] == "key-1"
    assert seen["headers"]["Accept-Encoding"] == "identity"


async def test_nothing_of_the_environment_is_told_to_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "private-matter")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Custom: private-matter")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://private-matter.example")
    seen: list[str] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(str(request.headers))
        return await answering('data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\n')(
            request
        )

    async with serving(handler) as url:
        await ask(url, api_key="")
    assert "private-matter" not in seen[0]
    assert "Authorization" not in seen[0]


async def test_what_an_endpoint_refuses_is_left_out_and_not_sent_again(
    rehearsal: RehearsalServer, own_profile: str
) -> None:
    profile = f"{own_profile},reject_stream_options,reject_max_tokens"
    first, _ = await ask(rehearsal.url(profile), max_tokens=9)
    assert (first.finish_reason, first.usage) == ("length", None)
    many = await asyncio.gather(*(ask(rehearsal.url(profile), max_tokens=9) for _ in range(5)))
    assert {reply.text for reply, _ in many} == {first.text}
    assert rehearsal.ledger(profile)["totals"]["started"] == 6


async def test_many_calls_at_once_learn_of_a_refusal_together(
    rehearsal: RehearsalServer, own_profile: str
) -> None:
    profile = f"{own_profile},reject_stream_options,reject_max_tokens"
    many = await asyncio.gather(*(ask(rehearsal.url(profile)) for _ in range(20)))
    assert len({reply.text for reply, _ in many}) == 1


async def test_an_endpoint_that_tells_no_usage_gives_none(rehearsal: RehearsalServer) -> None:
    reply, _ = await ask(rehearsal.url("no_usage"))
    assert reply.usage is None


async def test_cached_tokens_are_counted_inside_the_input(
    rehearsal: RehearsalServer, own_profile: str
) -> None:
    messages = [{"role": "system", "content": "You repeat this prefix once more. " * 60}]
    url = rehearsal.url(own_profile)
    await ask(url, messages=[*messages, {"role": "user", "content": "one"}])
    reply, _ = await ask(url, messages=[*messages, {"role": "user", "content": "two"}])
    assert reply.usage is not None
    assert 0.8 * reply.usage.input_tokens < reply.usage.cached_tokens < reply.usage.input_tokens


@pytest.mark.parametrize("trouble", ["hang", "stall", "latency=60000"])
async def test_cancelling_closes_the_connection_so_that_the_endpoint_stops(
    rehearsal: RehearsalServer, own_profile: str, trouble: str
) -> None:
    profile = f"{own_profile},{trouble}"
    heard: list[str] = []
    calling = asyncio.create_task(complete(request_to(rehearsal.url(profile)), on_delta=heard.append))
    await until(rehearsal, profile, "in_flight", 1)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await until(rehearsal, profile, "aborted", 1)


async def test_connections_are_used_again(rehearsal: RehearsalServer) -> None:
    ports: list[tuple[str, int]] = []
    good = b'data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(good)
        await asyncio.sleep(0.01)  # the stream's own end comes apart from the last event
        await response.write_eof()
        return response

    async with serving(handler) as url:
        for _ in range(3):
            await ask(url)
    assert len(set(ports)) == 1


@pytest.mark.parametrize(
    "chunks",
    [
        ['{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'],
        ['{"choices":[{"delta":{"content":[{"type":"text","text":"a"}]}}]}', "[DONE]"],
        [
            '{"type":"ping"}',
            '{"choices":[{"delta":null}]}',
            '{"choices":[{"delta":{"content":"a"}}]}',
            "[DONE]",
        ],
        [
            '{"choices":[{"delta":{"content":"a","reasoning":"hm"},"finish_reason":"stop","index":0}],"usage":{}}'
        ],
    ],
    ids=["whole message", "parts", "pings", "reasoning"],
)
async def test_dialects_of_the_protocol_are_understood(chunks: list[str]) -> None:
    async with serving(answering("".join(f"data: {chunk}\n\n" for chunk in chunks))) as url:
        reply, _ = await ask(url)
    assert (reply.text, reply.finish_reason, reply.usage) == ("a", "stop", None)


async def test_an_endpoint_that_does_not_stream_is_read_all_the_same() -> None:
    call = {"id": "c9", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}
    whole = {
        "id": "r1",
        "model": "m",
        "choices": [{"message": {"content": "Hi", "tool_calls": [call]}, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "prompt_cache_hit_tokens": 3},
    }
    async with serving(answering(orjson.dumps(whole), kind="application/json")) as url:
        reply, heard = await ask(url)
    assert (reply.text, heard, reply.response_id, reply.model) == ("Hi", ["Hi"], "r1", "m")
    assert reply.tool_calls == (ToolCallRequest("c9", "f", '{"x":1}'),)
    assert reply.usage == Usage(input_tokens=5, cached_tokens=3, output_tokens=2)


async def test_tool_calls_without_index_are_told_apart_by_id() -> None:
    def part(**call: Any) -> str:
        return "data: " + orjson.dumps({"choices": [{"delta": {"tool_calls": [call]}}]}).decode() + "\n\n"

    stream = (
        part(id="a", function={"name": "f", "arguments": "{"})
        + part(function={"arguments": "}"})
        + part(id="b", function={"name": "g", "arguments": "{}"})
        + "data: [DONE]\n\n"
    )
    async with serving(answering(stream)) as url:
        reply, _ = await ask(url)
    assert reply.tool_calls == (ToolCallRequest("a", "f", "{}"), ToolCallRequest("b", "g", "{}"))
    assert reply.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -1, "completion_tokens": 2},
        {"prompt_tokens": "many", "completion_tokens": 2},
        {"prompt_tokens": 1e3, "completion_tokens": 2},
        {"prompt_tokens": 2**60, "completion_tokens": 2},
        {"prompt_tokens": True, "completion_tokens": 2},
        {"completion_tokens": 2},
        [1, 2],
    ],
    ids=str,
)
async def test_usage_that_makes_no_sense_counts_as_none(usage: Any) -> None:
    chunk = {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}], "usage": usage}
    async with serving(
        answering(b"data: " + orjson.dumps(chunk, option=orjson.OPT_NON_STR_KEYS) + b"\n\n")
    ) as url:
        reply, _ = await ask(url)
    assert reply.usage is None


async def test_a_server_that_closes_kept_connections_without_saying_costs_no_failure() -> None:
    """As llama.cpp does after every stream: the next request may already be on its way over it."""
    answered: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        await reader.readexactly(length)
        answered.append("close" if "connection: close" in head else "keep")
        body = b'data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        await writer.drain()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(1)  # the next request arrives, and is dropped unread
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    for _ in range(4):
        reply, _ = await ask(url)
        assert reply.text == "ok"
    server.close()
    assert answered[0] == "keep"
    assert answered[2:] == ["close", "close"], "having learnt it, the client does not keep connections there"


async def test_a_new_connection_that_is_dropped_is_not_tried_again() -> None:
    dropped = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dropped
        dropped += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with pytest.raises(ModelCallError, match="closed the connection"):
        await ask(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    server.close()
    assert dropped == 1
