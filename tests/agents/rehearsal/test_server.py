"""The rehearsal server speaks OpenAI's protocol to OpenAI's client, and makes the trouble it is asked for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any

import aiohttp
import openai
import orjson
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.agents.rehearsal.asking import body, schema_format, tool
from tests.rehearsal import ROOT, RehearsalServer


def client(server: RehearsalServer, profile: str = "", key: str = "any") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=server.url(profile), api_key=key, max_retries=0, timeout=20)


async def streamed(ai: openai.AsyncOpenAI, **more: Any) -> list[ChatCompletionChunk]:
    options = {"stream_options": {"include_usage": True}, **body(**more)}
    return [chunk async for chunk in await ai.chat.completions.create(stream=True, **options)]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def raw(server: RehearsalServer, profile: str, **more: Any) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url(profile)}/chat/completions", json=body(**more)) as answer,
    ):
        return answer.status, await answer.read()


async def until(server: RehearsalServer, profile: str, what: str, number: int) -> None:
    """Wait for a counter of the ledger; the server hears of a closed connection a moment later."""
    deadline = time.monotonic() + 10
    while (counted := server.ledger(profile)["totals"])[what] != number:
        assert time.monotonic() < deadline, f"{what} never became {number}: {counted}"
        await asyncio.sleep(0.01)


async def test_streamed_and_whole_answers_are_the_same(rehearsal: RehearsalServer) -> None:
    ai = client(rehearsal)
    whole = await ai.chat.completions.create(**body())
    chunks = await streamed(ai)
    assert text_of(chunks) == whole.choices[0].message.content
    assert whole.usage is not None
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens == len(chunks) - 3
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
    assert {chunk.id for chunk in chunks} == {whole.id}


async def test_tool_calls_stream_in_parts_that_join_to_the_whole(rehearsal: RehearsalServer) -> None:
    ai = client(rehearsal)
    tools = [tool(f"ask_{name}", "Ask a colleague", question={"type": "string"}) for name in ("ann", "bob")]
    whole = (await ai.chat.completions.create(**body(tools=tools))).choices[0].message.tool_calls
    assert whole is not None
    found: dict[int, list[str]] = {}
    for chunk in await streamed(ai, tools=tools):
        for call in (chunk.choices and chunk.choices[0].delta.tool_calls) or ():
            assert call.function is not None
            entry = found.setdefault(call.index, ["", "", ""])
            entry[0] += call.id or ""
            entry[1] += call.function.name or ""
            entry[2] += call.function.arguments or ""
    assert list(found.values()) == [[call.id, call.function.name, call.function.arguments] for call in whole]


async def test_cached_tokens_are_those_of_the_prefix_seen_before(rehearsal: RehearsalServer) -> None:
    ai = client(rehearsal)
    messages = [{"role": "system", "content": "You keep the minutes of this very test. " * 40}]
    first = await ai.chat.completions.create(**body(messages=[*messages, {"role": "user", "content": "One"}]))
    second = await ai.chat.completions.create(
        **body(messages=[*messages, {"role": "user", "content": "Two"}])
    )
    for answer in (first, second):
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
    assert first.usage.prompt_tokens_details.cached_tokens == 0
    assert 0.8 < second.usage.prompt_tokens_details.cached_tokens / second.usage.prompt_tokens < 1


async def test_usage_comes_only_when_asked_for(rehearsal: RehearsalServer) -> None:
    ai = client(rehearsal)
    assert all(chunk.usage is None for chunk in await streamed(ai, stream_options={"include_usage": False}))
    assert (await streamed(client(rehearsal, "no_usage")))[-1].usage is None


async def test_another_process_with_the_same_seed_answers_the_same_and_another_seed_differs(
    rehearsal: RehearsalServer,
) -> None:
    twin, other = RehearsalServer(), RehearsalServer("--seed", "7")
    try:
        answers = [
            await client(server).chat.completions.create(**body()) for server in (rehearsal, twin, other)
        ]
    finally:
        twin.stop()
        other.stop()
    first, second, third = (answer.choices[0].message.content for answer in answers)
    assert first == second
    assert first != third


async def test_models_and_health_are_told(rehearsal: RehearsalServer) -> None:
    ai = client(rehearsal)
    listed = [model.id async for model in ai.models.list()]
    assert listed == ["rehearsal", "rehearsal-no-tools", "rehearsal-plain", "rehearsal-embedding"]
    assert (await ai.models.retrieve("rehearsal")).id == "rehearsal"
    with pytest.raises(openai.NotFoundError):
        await ai.models.retrieve("nothing")
    assert rehearsal.get("/health") == {"status": "ok"}


async def test_embeddings_are_near_for_texts_that_share_words(rehearsal: RehearsalServer) -> None:
    texts = ["home battery storage", "storage for a home battery", "a song about rain"]
    made = await client(rehearsal).embeddings.create(model="rehearsal-embedding", input=texts)
    one, two, three = (item.embedding for item in made.data)
    near = sum(a * b for a, b in zip(one, two, strict=True))
    far = sum(a * b for a, b in zip(one, three, strict=True))
    assert near > far + 0.3
    assert sum(value * value for value in one) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "JSON object"),
        (b'{"model":"rehearsal"}', "'messages'"),
        (b'{"model":"rehearsal","messages":[{"role":"robot","content":"x"}]}', "messages[0] needs a role"),
        (b'{"model":"rehearsal","messages":[{"role":"user","content":"x"}],"max_tokens":0}', "max_tokens"),
        (b'{"model":"rehearsal","messages":[{"role":"user","content":"x"}],"tools":[{}]}', "tools[0]"),
        (
            b'{"model":"rehearsal","messages":[{"role":"user","content":"x"}],"response_format":{}}',
            "response_format",
        ),
    ],
)
async def test_malformed_requests_are_refused_in_the_api_s_own_form(
    rehearsal: RehearsalServer, sent: bytes, says: str
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{rehearsal.url()}/chat/completions", data=sent) as answer,
    ):
        problem = (await answer.json())["error"]
    assert answer.status == 400
    assert problem["type"] == "invalid_request_error"
    assert says in problem["message"]


async def test_unknown_models_paths_and_profiles_are_told(rehearsal: RehearsalServer) -> None:
    with pytest.raises(openai.NotFoundError, match="'gpt-9' does not exist"):
        await client(rehearsal).chat.completions.create(**{**body(), "model": "gpt-9"})
    status, said = await raw(rehearsal, "latency=soon")
    assert (status, b"latency=soon needs a number" in said) == (400, True)
    status, said = await raw(rehearsal, "colour=red")
    assert (status, b"Unknown option 'colour'" in said) == (400, True)


async def test_rate_limit_strikes_first_attempts_of_each_request(
    rehearsal: RehearsalServer, own_profile: str
) -> None:
    ai = client(rehearsal, f"{own_profile},rate_limit=2,retry_after=0.25")
    for topic in ("one", "two"):
        messages = [{"role": "user", "content": topic}]
        for _ in range(2):
            with pytest.raises(openai.RateLimitError) as limited:
                await ai.chat.completions.create(**body(messages=messages))
            assert limited.value.response.headers["retry-after-ms"] == "250"
            assert limited.value.response.headers["retry-after"] == "0"
        assert (await ai.chat.completions.create(**body(messages=messages))).choices


async def test_errors_strike_always_or_as_often_as_said(rehearsal: RehearsalServer, own_profile: str) -> None:
    for _ in range(3):
        assert (await raw(rehearsal, f"{own_profile},error=502"))[0] == 502
    assert [(await raw(rehearsal, f"{own_profile},error=500,times=1"))[0] for _ in range(3)] == [
        500,
        200,
        200,
    ]


async def test_a_fail_rate_fails_that_share_and_the_same_ones_after_a_reset(
    rehearsal: RehearsalServer, own_profile: str
) -> None:
    profile = f"{own_profile},fail_rate=0.3"

    async def statuses() -> list[int]:
        return [(await raw(rehearsal, profile, seed=number))[0] for number in range(60)]

    first = await statuses()
    assert 8 <= first.count(503) <= 30
    assert set(first) == {200, 503}
    assert await statuses() != first, "a second attempt has its own chance"
    rehearsal.reset(profile)
    assert await statuses() == first


async def test_latency_spreads_a_stream_in_the_chunks_asked_for(rehearsal: RehearsalServer) -> None:
    began = time.perf_counter()
    chunks = await streamed(client(rehearsal, "latency=200,chunks=4"))
    took = time.perf_counter() - began
    assert sum(bool(chunk.choices and chunk.choices[0].delta.content) for chunk in chunks) == 4
    assert 0.19 < took < 10


@pytest.mark.parametrize("trouble", ["hang", "stall", "latency=60000"])
async def test_a_client_that_goes_away_is_noticed(
    rehearsal: RehearsalServer, own_profile: str, trouble: str
) -> None:
    profile = f"{own_profile},{trouble}"
    asking = asyncio.create_task(raw(rehearsal, profile, stream=True))
    await until(rehearsal, profile, "in_flight", 1)
    asking.cancel()
    await until(rehearsal, profile, "aborted", 1)
    assert rehearsal.ledger(profile)["totals"]["in_flight"] == 0


async def test_cut_and_ended_streams_stop_half_way(rehearsal: RehearsalServer) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        await raw(rehearsal, "cut", stream=True)
    status, said = await raw(rehearsal, "end", stream=True)
    assert status == 200
    assert b"[DONE]" not in said
    assert said.count(b"data:") > 5


@pytest.mark.parametrize(
    ("kind", "holds"),
    [
        ("json", b"{not json"),
        ("html", b"<!DOCTYPE html>"),
        ("raw", b"\x00\x01\x02"),
        ("nul", rb"\u0000"),
        ("surrogate", rb"\ud83d"),
        ("script", b"javas"),
        ("big", b"lorem"),
        ("chunk", b"[DONE]"),
    ],
)
async def test_garbage_is_served_on_request(rehearsal: RehearsalServer, kind: str, holds: bytes) -> None:
    status, said = await raw(rehearsal, f"garbage={kind}", stream=True)
    assert status == 200
    assert holds in said
    if kind == "big":
        assert len(said) > 200_000


async def test_an_endpoint_can_lack_what_others_have(rehearsal: RehearsalServer) -> None:
    wanted = schema_format({"type": "object"})
    for profile, asked in (
        ("reject_stream_options", {"stream": True, "stream_options": {"include_usage": True}}),
        ("reject_max_tokens", {"max_tokens": 5}),
        ("reject_tools", {"tools": [tool("t")]}),
        ("reject_schema", {"response_format": wanted}),
        ("no_stream", {"stream": True}),
        ("context=20", {}),
    ):
        assert (await raw(rehearsal, profile, **asked))[0] == 400, profile
        assert (await raw(rehearsal, "", **asked))[0] == 200, profile
    assert (await raw(rehearsal, "key=secret"))[0] == 401
    assert (await client(rehearsal, "key=secret", "secret").chat.completions.create(**body())).choices
    filtered = await client(rehearsal, "filter").chat.completions.create(**body())
    assert filtered.choices[0].finish_reason == "content_filter"


async def test_the_ledger_tells_what_was_served_to_whom(rehearsal: RehearsalServer, own_profile: str) -> None:
    ai = client(rehearsal, own_profile)
    for number in (1, 2, 2):
        await ai.chat.completions.create(
            **body(seed=number), extra_headers={"Idempotency-Key": f"key-{number}"}
        )
    ledger = rehearsal.ledger(own_profile)
    assert [(entry["completed"], entry["idempotency_keys"]) for entry in ledger["entries"]] == [
        (1, {"key-1": 1}),
        (2, {"key-2": 2}),
    ]
    tokens = [entry["usage"]["completion_tokens"] * entry["completed"] for entry in ledger["entries"]]
    assert ledger["totals"]["completion_tokens"] == sum(tokens)
    rehearsal.reset(own_profile)
    assert rehearsal.ledger(own_profile)["entries"] == []


async def test_a_large_request_is_read(rehearsal: RehearsalServer) -> None:
    status, said = await raw(rehearsal, "", messages=[{"role": "user", "content": "x" * 3_000_000}])
    assert status == 400
    assert orjson.loads(said)["error"]["code"] == "context_length_exceeded"


def test_the_server_needs_no_django() -> None:
    """It runs by itself, and starts in a moment."""
    check = "import sys, agents.rehearsal.__main__; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0
