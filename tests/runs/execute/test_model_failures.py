"""Whatever an endpoint does wrong becomes one kind of error, with a sentence, and with what had come."""

from __future__ import annotations

import asyncio
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest
from aiohttp import web
from pytest_django import Settings

from runs.execute.errors import LONGEST_RETRY_AFTER_S, from_outbound, retry_after_s
from studio.net import Kind as OutboundKind
from studio.net import OutboundError
from tests.rehearsal import RehearsalServer
from tests.runs.execute.calling import answering, ask, failing, serving

GOOD = 'data: {"choices":[{"delta":{"content":"Hello "}}]}\n\n'


async def test_a_rate_limit_says_how_long_to_wait(rehearsal: RehearsalServer, own_profile: str) -> None:
    url = rehearsal.url(f"{own_profile},rate_limit=1,retry_after=2.5")
    error = await failing(url)
    assert (error.kind, error.retryable, error.retry_after_s, error.status) == (
        "rate_limited",
        True,
        2.5,
        429,
    )
    assert "asks to wait 2.5 s" in error.sentence
    reply, _ = await ask(url)
    assert reply.text


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (500, "server_error", True),
        (503, "server_error", True),
        (501, "bad_request", False),
        (409, "server_error", True),
        (400, "bad_request", False),
        (401, "auth", False),
        (403, "auth", False),
        (402, "auth", False),
        (404, "not_found", False),
        (408, "timeout", True),
        (422, "bad_request", False),
    ],
)
async def test_statuses_are_told_apart(
    rehearsal: RehearsalServer, status: int, kind: str, retryable: bool
) -> None:
    error = await failing(rehearsal.url(f"error={status}"))
    assert (error.kind, error.retryable, error.status) == (kind, retryable, status)
    assert f"127.0.0.1:{rehearsal.port}" in error.sentence
    assert "as its profile asks" in error.sentence, "what the endpoint said belongs in the sentence"


async def test_a_wrong_key_and_an_unknown_model_are_named(rehearsal: RehearsalServer) -> None:
    error = await failing(rehearsal.url("key=right"))
    assert (error.kind, error.retryable) == ("auth", False)
    assert "does not accept the key (401): Incorrect API key provided." in error.sentence
    error = await failing(rehearsal.url(), model="gpt-9")
    assert error.kind == "not_found"
    assert "'gpt-9' does not exist" in error.sentence


async def test_a_key_that_an_endpoint_repeats_is_not_passed_on() -> None:
    said = {"error": {"message": "Bad key sk-secret-of-the-test given"}}
    async with serving(answering(orjson.dumps(said), kind="application/json", status=401)) as url:
        error = await failing(url)
    assert "sk-secret" not in error.sentence
    assert "Bad key … given" in error.sentence


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (
            400,
            {"error": {"message": "maximum context length is 9", "code": "context_length_exceeded"}},
            "context_length",
        ),
        (400, {"error": {"message": "the request exceeds the available context size"}}, "context_length"),
        (400, {"error": {"code": "content_filter", "message": "no"}}, "content_filter"),
        (429, {"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}}, "auth"),
        (400, {"detail": "what?"}, "bad_request"),
        (400, {"error": "just words"}, "bad_request"),
        (400, [1], "bad_request"),
        (500, {"error": {"message": {"deep": "x" * 5000}}}, "server_error"),
    ],
)
async def test_reported_reasons_are_understood(status: int, said: object, kind: str) -> None:
    async with serving(answering(orjson.dumps(said), kind="application/json", status=status)) as url:
        error = await failing(url)
    assert error.kind == kind
    assert len(error.sentence) < 500


async def test_a_prompt_beyond_the_window_is_told(rehearsal: RehearsalServer) -> None:
    error = await failing(rehearsal.url("context=100"))
    assert (error.kind, error.retryable) == ("context_length", False)
    assert "maximum context length is 100" in error.sentence


async def test_a_gateway_s_error_page_is_reduced_to_its_title() -> None:
    page = "<html><head><title>502 Bad\nGateway</title></head>" + "<p>x</p>" * 100_000
    async with serving(answering(page, kind="text/html", status=502)) as url:
        error = await failing(url)
    assert (error.kind, error.retryable) == ("server_error", True)
    assert error.sentence.endswith("failed (502): 502 Bad Gateway")


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    async with serving(answering("", {"Location": "https://elsewhere.example/v1"}, status=308)) as url:
        error = await failing(url)
    assert (error.kind, error.retryable) == ("bad_request", False)
    assert "redirects to https://elsewhere.example/v1" in error.sentence


# ── on the way ──────────────────────────────────────────────────────────────────────────────────────
async def test_an_address_on_a_private_network_is_blocked(
    settings: Settings, rehearsal: RehearsalServer
) -> None:
    settings.PRIVATE_HOSTS = ()
    error = await failing(rehearsal.url())
    assert (error.kind, error.retryable) == ("blocked_address", False)
    assert "PRIVATE_HOSTS" in error.sentence


async def test_a_host_that_is_unknown_and_a_port_that_is_closed_are_told() -> None:
    error = await failing("http://no-such-host.invalid/v1")
    assert (error.kind, error.retryable) == ("connection", True)
    assert "no-such-host.invalid is not known" in error.sentence
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = await failing(f"http://127.0.0.1:{port}/v1")
    assert (error.kind, error.retryable) == ("connection", True)
    assert "refused the connection" in error.sentence


async def test_a_port_without_tls_is_told_and_not_tried_again(rehearsal: RehearsalServer) -> None:
    error = await failing(rehearsal.url().replace("http://", "https://"))
    assert (error.kind, error.retryable) == ("connection", False)
    assert "begin with http://" in error.sentence


@pytest.mark.parametrize("trouble", ["hang", "stall"])
async def test_silence_ends_at_the_time_limit(rehearsal: RehearsalServer, trouble: str) -> None:
    began = time.perf_counter()
    error = await failing(rehearsal.url(trouble), timeout_s=0.3)
    assert 0.25 < time.perf_counter() - began < 10
    assert (error.kind, error.retryable) == ("timeout", True)
    assert "within 0.3 s" in error.sentence
    assert bool(error.partial_text) == (trouble == "stall")


@pytest.mark.parametrize("trouble", ["cut", "end"])
async def test_a_stream_that_ends_early_keeps_what_had_come(rehearsal: RehearsalServer, trouble: str) -> None:
    whole, _ = await ask(rehearsal.url())
    error = await failing(rehearsal.url(trouble))
    assert (error.kind, error.retryable) == ("cut_stream", True)
    assert error.partial_text
    assert whole.text.startswith(error.partial_text)


async def test_a_connection_dropped_before_the_answer_is_a_connection_failure() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(handler) as url:
        error = await failing(url)
    assert (error.kind, error.retryable, error.partial_text) == ("connection", True, "")


async def test_an_answer_that_was_whole_before_the_connection_dropped_counts() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'data: {"choices":[{"delta":{"content":"All"},"finish_reason":"stop"}]}\n\n')
        await asyncio.sleep(0.01)
        assert request.transport is not None
        request.transport.abort()
        return response

    async with serving(handler) as url:
        reply, _ = await ask(url)
    assert (reply.text, reply.usage) == ("All", None)


# ── garbage ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("kind", ["json", "raw", "empty", "chunk"])
async def test_what_is_no_chat_completion_is_an_invalid_response(
    rehearsal: RehearsalServer, kind: str
) -> None:
    error = await failing(rehearsal.url(f"garbage={kind}"))
    assert error.kind == "invalid_response"
    assert "did not answer as an OpenAI-compatible endpoint does" in error.sentence
    assert bool(error.partial_text) == (kind == "chunk")


async def test_a_web_page_suggests_a_wrong_address(rehearsal: RehearsalServer) -> None:
    error = await failing(rehearsal.url("garbage=html"))
    assert (error.kind, error.retryable) == ("invalid_response", False)
    assert "web page (502 Bad Gateway); the address may be wrong" in error.sentence


async def test_odd_characters_come_through_and_lone_surrogates_do_not(rehearsal: RehearsalServer) -> None:
    reply, _ = await ask(rehearsal.url("garbage=nul"))
    assert "\x00" in reply.text
    reply, _ = await ask(rehearsal.url("garbage=surrogate"))
    assert "\ufffd broken \x00 " in reply.text
    reply.text.encode()


async def test_a_blank_answer_is_an_answer(rehearsal: RehearsalServer) -> None:
    reply, heard = await ask(rehearsal.url("garbage=blank"))
    assert (reply.text, heard, reply.finish_reason) == ("", [], "stop")


async def test_a_large_answer_is_taken_and_one_beyond_the_bound_is_cut_off(
    rehearsal: RehearsalServer,
) -> None:
    url = rehearsal.url("garbage=big")
    reply, _ = await ask(url, max_tokens=1_000_000 // 8)
    assert len(reply.text) > 200_000
    error = await failing(url, max_tokens=1_000_000 // 8, max_characters=1000)
    assert (error.kind, error.retryable, len(error.partial_text)) == ("too_large", False, 1000)
    assert "1,000 characters" in error.sentence


@pytest.mark.parametrize(
    "body",
    [
        b"data: " + b"x" * 6_000_000,
        b": nothing but comments\n\n" * 400_000,
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"'
        + b"x" * 2_000_000
        + b'"}}]}}]}\n\n',
        b"".join(
            b'data: {"choices":[{"delta":{"tool_calls":[{"index":%d,"id":"c"}]}}]}\n\n' % number
            for number in range(200)
        ),
        b'data: {"choices":[{"delta":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}\n\n",
    ],
    ids=["endless line", "comments", "huge arguments", "many calls", "deep nesting"],
)
async def test_floods_end_in_bounds(body: bytes) -> None:
    async with serving(answering(body)) as url:
        error = await failing(url, max_characters=100_000)
    assert error.kind in ("too_large", "invalid_response")


@pytest.mark.parametrize(
    "chunk",
    [
        '"text"',
        "[]",
        "7",
        '{"choices":7}',
        '{"choices":["x"]}',
        '{"choices":[{"delta":"x"}]}',
        '{"choices":[{"delta":{"content":5}}]}',
        '{"choices":[{"delta":{"tool_calls":"x"}}]}',
        '{"choices":[{"delta":{"tool_calls":[7]}}]}',
    ],
)
async def test_chunks_of_the_wrong_shape_are_refused_and_the_text_before_is_kept(chunk: str) -> None:
    async with serving(answering(f"{GOOD}data: {chunk}\n\n")) as url:
        error = await failing(url)
    assert (error.kind, error.partial_text) == ("invalid_response", "Hello ")


async def test_a_compressed_answer_that_nobody_asked_for_is_not_unpacked() -> None:
    packed = answering(b"\x1f\x8b\x08" + b"\x00" * 100, {"Content-Encoding": "gzip"})
    async with serving(packed) as url:
        error = await failing(url)
    assert error.kind == "invalid_response"


async def test_an_error_in_the_middle_of_a_stream_is_reported_with_the_text_before() -> None:
    report = 'data: {"error":{"message":"The server is overloaded","code":503}}\n\n'
    async with serving(answering(GOOD + report)) as url:
        error = await failing(url)
    assert (error.kind, error.retryable, error.partial_text) == ("server_error", True, "Hello ")
    assert "The server is overloaded" in error.sentence


async def test_a_refusal_and_filtered_content_are_told(rehearsal: RehearsalServer) -> None:
    refusal = (
        'data: {"choices":[{"delta":{"refusal":"I will not."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    )
    async with serving(answering(refusal)) as url:
        error = await failing(url)
    assert (error.kind, error.sentence) == ("content_filter", "The model refused: I will not.")
    reply, _ = await ask(rehearsal.url("filter"))
    assert reply.finish_reason == "content_filter"


# ── Retry-After ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e12"}, LONGEST_RETRY_AFTER_S),
        ({"retry-after": format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)}, 0),
    ],
    ids=str,
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers) == expected


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    seconds = retry_after_s({"retry-after": later})
    assert seconds is not None
    assert 55 < seconds <= 60


@pytest.mark.parametrize(
    ("kind", "arrived", "expected", "retryable"),
    [
        ("certificate_expired", False, "connection", False),
        ("certificate_wrong_host", False, "connection", False),
        ("tls", False, "connection", False),
        ("refused", False, "connection", True),
        ("disconnected", True, "cut_stream", True),
        ("timeout", True, "timeout", True),
        ("bad_url", False, "bad_request", False),
        ("blocked", False, "blocked_address", False),
    ],
)
def test_failures_on_the_way_keep_their_sentence(
    kind: OutboundKind, arrived: bool, expected: str, retryable: bool
) -> None:
    error = from_outbound(OutboundError(kind, "What failed."), arrived=arrived)
    assert (error.kind, error.retryable, error.sentence) == (expected, retryable, "What failed.")
