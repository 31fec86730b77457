"""Testing a connection says which step failed and why, and finds out what an endpoint can do."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest
from aiohttp import web
from asgiref.sync import async_to_sync
from pytest_django import Settings

from agents import probe as probing
from agents.probe import ProbeReport, probe
from tests.rehearsal import RehearsalServer
from tests.studio.certificates import DAY, NOW, Authority

ALL = ["name", "connect", "key", "models", "answer", "stream", "schema", "tool"]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
def loopback_is_opened(settings: Settings) -> None:
    settings.PRIVATE_HOSTS = ("127.0.0.1",)


def states(report: ProbeReport) -> dict[str, str]:
    return {step.name: step.state for step in report.steps}


def expected(failed: str) -> dict[str, str]:
    """All steps before the failed one succeed, none after it is tried."""
    at = ALL.index(failed)
    return {
        name: "ok" if ALL.index(name) < at else "failed" if name == failed else "not_tried" for name in ALL
    }


@asynccontextmanager
async def serving(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    server = web.Server(handler, handler_cancellation=True)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    finally:
        listening.close()
        server.pre_shutdown()
        await server.shutdown(1)


def json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")


async def test_an_endpoint_that_can_do_everything_passes_every_step(rehearsal: RehearsalServer) -> None:
    report = await probe(rehearsal.url() + "/", "any-key")
    assert states(report) == dict.fromkeys(ALL, "ok"), report
    assert report.ok
    assert report.capabilities == {"streaming": True, "usage": True, "json_schema": True, "tools": True}
    assert report.models == ("rehearsal", "rehearsal-no-tools", "rehearsal-plain", "rehearsal-embedding")
    assert report.model == "rehearsal"
    assert report.summary == "rehearsal answers."
    shown = report.as_json()
    assert [step["name"] for step in shown["steps"]] == ALL
    assert orjson.loads(orjson.dumps(shown)) == shown


@pytest.mark.parametrize(
    ("model", "able"),
    [
        ("rehearsal-no-tools", {"json_schema": True, "tools": False}),
        ("rehearsal-plain", {"json_schema": False, "tools": False}),
    ],
)
async def test_what_a_model_lacks_is_found_and_is_no_failure(
    rehearsal: RehearsalServer, model: str, able: dict[str, bool]
) -> None:
    report = await probe(rehearsal.url(), "any-key", model)
    assert report.ok
    assert report.capabilities == {"streaming": True, "usage": True, **able}
    assert report.step("tool").state == "failed"
    assert f"{model} did not call the tool" in report.step("tool").sentence


@pytest.mark.parametrize(
    ("profile", "able"),
    [
        ("reject_tools", {"streaming": True, "usage": True, "json_schema": True, "tools": False}),
        ("reject_schema", {"streaming": True, "usage": True, "json_schema": False, "tools": True}),
        ("no_stream", {"streaming": False, "json_schema": True, "tools": True}),
        ("no_usage", {"streaming": True, "usage": False, "json_schema": True, "tools": True}),
        ("reject_stream_options", {"streaming": True, "usage": False, "json_schema": True, "tools": True}),
        ("reject_max_tokens", {"streaming": True, "usage": True, "json_schema": True, "tools": True}),
    ],
)
async def test_what_an_endpoint_refuses_is_found(
    rehearsal: RehearsalServer, profile: str, able: dict[str, bool]
) -> None:
    report = await probe(rehearsal.url(profile), "any-key")
    assert report.ok, report.summary
    assert report.capabilities == able


async def test_a_wrong_key_fails_the_log_in(rehearsal: RehearsalServer) -> None:
    report = await probe(rehearsal.url("key=the-right-key"), "a-wrong-key")
    assert states(report) == expected("key")
    assert not report.ok
    assert "does not accept the key (401): Incorrect API key provided." in report.summary
    assert "No key was given" in (await probe(rehearsal.url("key=the-right-key"), "")).summary
    assert (await probe(rehearsal.url("key=the-right-key"), "the-right-key")).ok


async def test_a_key_that_only_the_answer_asks_for_fails_the_log_in_too() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            return json({"data": [{"id": "text-embedding-9"}, {"id": "chatty"}]})
        return json({"error": {"message": "Key unknown"}}, 401)

    async with serving(handler) as url:
        report = await probe(url, "some-key")
    assert states(report) == {**expected("answer"), "key": "failed"}
    assert report.model == "chatty", "an embedding model cannot answer"
    assert "Key unknown" in report.summary


async def test_an_unknown_host_fails_at_the_name() -> None:
    report = await probe("https://no-such-host.invalid/v1", "k")
    assert states(report) == expected("name")
    assert report.summary == "The host no-such-host.invalid is not known: no address was found for its name."


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "http:// or https://"),
        ("", "http:// or https://"),
        ("http://10.0.0.1/v1", "PRIVATE_HOSTS"),
    ],
)
async def test_an_address_that_cannot_be_used_fails_at_once(url: str, says: str) -> None:
    report = await probe(url, "k")
    assert states(report) == expected("name")
    assert says in report.summary


async def test_a_closed_port_fails_to_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    report = await probe(f"http://127.0.0.1:{port}/v1", "k")
    assert states(report) == expected("connect")
    assert f"127.0.0.1:{port} refused the connection" in report.summary


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ends": NOW - DAY}, "has expired"),
        ({"host": "other.example"}, "another host"),
        ({"self_signed": True}, "self-signed"),
    ],
)
async def test_a_bad_certificate_fails_to_connect_and_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    authority = Authority.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return json({})

    async with serving(handler, tls=authority.server(**options)) as url:
        report = await probe(url, "k")
    assert states(report) == expected("connect")
    assert says in report.summary


async def test_an_endpoint_without_a_list_is_asked_for_the_model_named(rehearsal: RehearsalServer) -> None:
    url = rehearsal.url("no_models")
    report = await probe(url, "k", "rehearsal")
    assert report.ok
    assert states(report) == {**dict.fromkeys(ALL, "ok"), "models": "failed"}
    report = await probe(url, "k")
    assert not report.ok
    assert states(report)["answer"] == "not_tried"
    assert "no model is named and none is listed" in report.step("answer").sentence


async def test_an_address_without_its_version_gets_a_hint(rehearsal: RehearsalServer) -> None:
    report = await probe(rehearsal.origin, "k")
    assert states(report)["models"] == "failed"
    assert "Most addresses end in /v1." in report.summary


async def test_a_model_that_is_not_listed_is_told(rehearsal: RehearsalServer) -> None:
    report = await probe(rehearsal.url(), "k", "gpt-9")
    assert report.step("models").sentence.endswith("lists 4 models, but not gpt-9.")
    assert states(report)["answer"] == "failed"
    assert "'gpt-9' does not exist" in report.summary


@pytest.mark.parametrize(
    ("garbage", "says"),
    [
        ("html", "answered with a web page (502 Bad Gateway); the address may be wrong."),
        ("json", "not JSON"),
        ("raw", "not JSON"),
        ("empty", "not JSON"),
    ],
)
async def test_garbage_for_an_answer_is_told(rehearsal: RehearsalServer, garbage: str, says: str) -> None:
    report = await probe(rehearsal.url(f"garbage={garbage}"), "k")
    assert states(report) == expected("answer")
    assert says in report.summary


@pytest.mark.parametrize("listing", [7, "x", [], {}, {"data": "x"}, {"data": [7, {"id": 5}, {"id": ""}]}])
async def test_a_list_that_is_none_is_told(listing: Any) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return json(listing)

    async with serving(handler) as url:
        report = await probe(url, "k")
    assert report.step("models").state == "failed"
    assert report.step("models").sentence.endswith("lists no models.")


@pytest.mark.parametrize(
    "message",
    [None, 7, {}, {"choices": []}, {"choices": [7]}, {"choices": [{"message": "x"}]}, {"choices": {"a": 1}}],
)
async def test_an_answer_of_the_wrong_shape_is_told(message: Any) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return json({"models": [{"name": "m"}]} if request.method == "GET" else message)

    async with serving(handler) as url:
        report = await probe(url, "k")
    assert states(report) == expected("answer")
    assert "did not answer as an OpenAI-compatible endpoint does" in report.summary


async def test_silence_ends_and_tells_nothing_about_what_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "STEP_SECONDS", 0.2)

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            return json(["m"])
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(handler) as url:
        report = await probe(url, "k")
    assert states(report) == expected("answer")
    assert report.capabilities == {}
    assert "0.2 s" in report.summary or "in time" in report.summary


async def test_a_passing_failure_does_not_count_as_lacking() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            return json(["m"])
        if "tools" in orjson.loads(await request.read()):
            return json({"error": "busy"}, 503)
        return json({"choices": [{"message": {"content": "Rome"}}]})

    async with serving(handler) as url:
        report = await probe(url, "k")
    assert report.ok
    assert (report.step("tool").state, "(503): busy" in report.step("tool").sentence) == ("failed", True)
    assert report.capabilities == {"streaming": False, "json_schema": False}


def test_it_can_be_run_from_synchronous_code_and_leaves_no_connection_open(
    rehearsal: RehearsalServer,
) -> None:
    def connections() -> set[tuple[object, ...]]:
        return {
            tuple(c.laddr)
            for c in psutil.Process().net_connections("tcp")
            if c.raddr and c.status == "ESTABLISHED"
        }

    before = connections()
    for _ in range(2):
        assert async_to_sync(probe)(rehearsal.url(), "k").ok
    assert connections() <= before


async def test_a_flood_is_cut_off() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=b"[" + b'"m",' * 2_000_000, content_type="application/json")

    async with serving(handler) as url:
        report = await probe(url, "k")
    assert states(report) == expected("connect")
    assert "sent more than 1 MB" in report.summary
