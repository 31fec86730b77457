"""The HTTP tool reaches listed hosts only, on every hop, and hands out secrets to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from asgiref.sync import sync_to_async
from pydantic import ValidationError
from pytest_django import Settings
from yarl import URL

from agents.models import Tool
from agents.toolbox.hosts import HostRule, allowed
from agents.toolbox.registry import tool_kind
from agents.toolbox.tool import ToolContext, ToolFailed
from studio import secrets
from studio.workspaces.models import Workspace


class Service:
    """A web service that answers what a test tells it to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[str] = []
        self.server: TestServer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.text())
        match request.path:
            case "/json":
                return web.json_response({"hello": "world"})
            case "/text":
                return web.Response(text="grüße", charset="latin-1")
            case "/broken-json":
                return web.Response(text="{", content_type="application/json")
            case "/huge":
                return web.Response(body=b"x" * 5_000_000)
            case "/to":
                raise web.HTTPFound(request.query["where"])
            case "/again":
                raise web.HTTPTemporaryRedirect("/again")
            case "/hang":
                await asyncio.sleep(30)
            case "/slam":
                assert request.transport is not None
                request.transport.close()
            case path if path.startswith("/status/"):
                return web.Response(status=int(path.rsplit("/", 1)[1]), text="status")
        return web.Response(text="ok")

    def url(self, path: str) -> str:
        return str(self.server.make_url(path))

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    settings.PRIVATE_HOSTS = ("127.0.0.1", "localhost")
    service = Service()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.answer)
    service.server = TestServer(app)
    await service.server.start_server()
    yield service
    await service.server.close()


def context(**changes: Any) -> ToolContext:
    fields: dict[str, Any] = {
        "workspace_id": uuid4(),
        "tool_name": "crm",
        "idempotency_key": "key-1",
        "timeout_s": 5,
    }
    return ToolContext(**fields | changes)


async def call(service: Service, path: str, at: ToolContext | None = None, **given: Any) -> Any:
    arguments = {"url": service.url(path)} | {
        name: given.pop(name) for name in ("method", "body", "query") if name in given
    }
    config = {"hosts": [service.host]} | given
    return await tool_kind("http_request").run(arguments, config, at or context())


# ── what comes back ─────────────────────────────────────────────────────────────────────────────────
async def test_json_comes_back_as_a_value_and_text_as_text(service: Service) -> None:
    assert await call(service, "/json") == {
        "status": 200,
        "type": "application/json",
        "body": {"hello": "world"},
    }
    assert (await call(service, "/text"))["body"] == "grüße"
    assert (await call(service, "/broken-json"))["body"] == "{"


async def test_a_long_answer_is_cut_off_and_says_so(service: Service) -> None:
    answer = await call(service, "/huge", max_bytes=1_000)
    assert len(answer["body"]) == 1_000
    assert answer["truncated"] is True


async def test_query_parameters_are_encoded(service: Service) -> None:
    await call(service, "/json", query={"q": "a&b=c ü", "n": 3, "yes": True})
    assert dict(service.requests[0].query) == {"q": "a&b=c ü", "n": "3", "yes": "true"}


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_the_model_sees_what_a_service_refuses(service: Service, status: int) -> None:
    assert (await call(service, f"/status/{status}"))["status"] == status


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_service_in_trouble_is_worth_another_try(service: Service, status: int) -> None:
    with pytest.raises(ToolFailed, match=f"answered with status {status}") as caught:
        await call(service, f"/status/{status}")
    assert caught.value.retryable


async def test_a_failed_post_is_shown_and_never_retried(service: Service) -> None:
    assert (await call(service, "/status/500", methods=["POST"], body={}))["status"] == 500


# ── effects ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("methods", "effect"),
    [
        (["GET"], "reads"),
        (["GET", "HEAD"], "reads"),
        (["GET", "PUT"], "idempotent"),
        (["DELETE"], "idempotent"),
        (["GET", "PATCH"], "writes"),
        (["GET", "POST", "DELETE"], "writes"),
    ],
)
def test_the_effect_is_the_most_that_its_methods_allow(methods: list[str], effect: str) -> None:
    assert tool_kind("http_request").effect_of({"methods": methods}) == effect


def test_the_effect_of_one_call_is_that_of_its_method() -> None:
    kind, config = tool_kind("http_request"), {"methods": ["GET", "POST"]}
    assert kind.effect_of(config, {"method": "GET"}) == "reads"
    assert kind.effect_of(config, {"method": "POST"}) == "writes"


async def test_what_changes_something_carries_the_idempotency_key(service: Service) -> None:
    await call(service, "/json", methods=["GET", "POST"], method="POST", body={"a": 1})
    await call(service, "/json", methods=["GET", "POST"], method="GET")
    assert service.requests[0].headers["Idempotency-Key"] == "key-1"
    assert service.bodies[0] == '{"a": 1}'
    assert "Idempotency-Key" not in service.requests[1].headers


async def test_a_post_whose_answer_is_lost_is_uncertain(service: Service) -> None:
    with pytest.raises(ToolFailed) as caught:
        await call(service, "/slam", methods=["POST"], body={})
    assert (caught.value.retryable, caught.value.uncertain) == (False, True)
    with pytest.raises(ToolFailed) as caught:
        await call(service, "/slam")
    assert (caught.value.retryable, caught.value.uncertain) == (True, False)


async def test_a_service_that_hangs_is_left_after_the_time_out(service: Service) -> None:
    with pytest.raises(ToolFailed) as caught:
        await call(service, "/hang", context(timeout_s=0.2), methods=["POST"], body={})
    assert (caught.value.retryable, caught.value.uncertain) == (False, True)


async def test_a_refused_connection_sent_nothing(service: Service, unused_tcp_port: int) -> None:
    config = {"hosts": [f"http://127.0.0.1:{unused_tcp_port}"], "methods": ["POST"]}
    with pytest.raises(ToolFailed, match="refused the connection") as caught:
        await tool_kind("http_request").run(
            {"url": f"http://127.0.0.1:{unused_tcp_port}/"}, config, context()
        )
    assert caught.value.uncertain is False


async def test_a_rehearsal_sends_nothing(service: Service) -> None:
    answer = await call(service, "/json", context(simulated=True))
    assert answer["simulated"] is True
    assert service.requests == []


# ── where it may go ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("entry", "url", "ok"),
    [
        ("api.example.com", "https://api.example.com/v1", True),
        ("API.Example.com", "https://api.example.COM./v1", True),
        ("api.example.com", "http://api.example.com/v1", False),
        ("api.example.com", "https://api.example.com:8443/", False),
        ("api.example.com:8443", "https://api.example.com:8443/", True),
        ("api.example.com", "https://evil.com/api.example.com", False),
        ("api.example.com", "https://api.example.com.evil.com/", False),
        ("api.example.com", "https://api.example.com@evil.com/", False),
        ("*.example.com", "https://a.b.example.com/", True),
        ("*.example.com", "https://example.com/", False),
        ("*.example.com", "https://badexample.com/", False),
        ("http://intranet", "http://intranet/", True),
        ("bücher.example", "https://xn--bcher-kva.example/", True),
    ],
)
def test_the_list_means_scheme_host_and_port(entry: str, url: str, ok: bool) -> None:
    assert allowed([entry], URL(url)) is ok


@pytest.mark.parametrize(
    "entry", ["", "*", "*.com", "a b", "ftp://x.org", "x.org/path", "user@x.org", "https://"]
)
def test_an_entry_that_is_no_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"no host|top-level"):
        HostRule.parse(entry)


async def test_an_empty_list_allows_nothing_and_says_what_to_do(service: Service) -> None:
    with pytest.raises(ToolFailed, match="add one"):
        await call(service, "/json", hosts=[])


async def test_a_host_that_is_not_listed_is_never_asked(service: Service) -> None:
    with pytest.raises(ToolFailed, match="not among the allowed hosts"):
        await call(service, "/json", hosts=["api.example.com"])
    assert service.requests == []


@pytest.mark.parametrize(
    "where", ["http://169.254.169.254/latest/", "https://evil.example/", "//evil.example/x"]
)
async def test_a_redirect_to_a_host_that_is_not_listed_is_not_followed(service: Service, where: str) -> None:
    with pytest.raises(ToolFailed, match="not among the allowed hosts"):
        await call(service, "/to", query={"where": where})
    assert len(service.requests) == 1


async def test_a_listed_private_host_is_blocked_unless_the_operator_opened_it(
    service: Service, settings: Settings
) -> None:
    settings.PRIVATE_HOSTS = ()
    with pytest.raises(ToolFailed, match="PRIVATE_HOSTS"):
        await call(service, "/json")
    assert service.requests == []


async def test_redirects_within_the_list_are_followed_but_not_for_ever(service: Service) -> None:
    assert (await call(service, "/to", query={"where": "/json"}))["body"] == {"hello": "world"}
    with pytest.raises(ToolFailed, match="redirects too often"):
        await call(service, "/again")
    assert len(service.requests) == 2 + 6


async def test_a_redirected_post_goes_on_as_a_get(service: Service) -> None:
    await call(service, "/to", methods=["POST"], query={"where": "/json"}, body={"a": 1})
    assert [request.method for request in service.requests] == ["POST", "GET"]
    assert service.bodies[1] == ""


@pytest.mark.parametrize("url", ["not a url", "file:///etc/passwd", "gopher://x", "http://[::1", "//x.org/"])
async def test_what_is_no_web_address_is_refused_in_words(service: Service, url: str) -> None:
    with pytest.raises(ToolFailed):
        await tool_kind("http_request").run({"url": url}, {"hosts": [service.host]}, context())


# ── headers and secrets ─────────────────────────────────────────────────────────────────────────────
SECRET: dict[str, Any] = {
    "headers": [{"name": "X-Api-Key", "secret": True}, {"name": "X-Team", "value": "sales"}]
}


async def tool_with_secret(scope: list[str]) -> ToolContext:
    @sync_to_async
    def make() -> Workspace:
        workspace = Workspace.objects.create(name="Acme", slug="acme")
        sealed = {"X-Api-Key": {"sealed": secrets.encrypt("s3cret"), "scope": scope}}
        Tool.objects.create(workspace=workspace, name="crm", kind="http_request", secrets=sealed)
        return workspace

    return context(workspace_id=(await make()).pk)


@pytest.mark.django_db(transaction=True)
async def test_secret_and_plain_headers_are_sent(service: Service) -> None:
    at = await tool_with_secret([service.host])
    await call(service, "/json", at, **SECRET)
    assert service.requests[0].headers["X-Api-Key"] == "s3cret"
    assert service.requests[0].headers["X-Team"] == "sales"


@pytest.mark.django_db(transaction=True)
async def test_a_secret_goes_only_to_the_hosts_it_was_entered_for(service: Service) -> None:
    at = await tool_with_secret([service.host])
    other = service.host.replace("127.0.0.1", "localhost")
    where = service.url("/json").replace("127.0.0.1", "localhost")
    await call(service, "/to", at, query={"where": where}, hosts=[service.host, other], **SECRET)
    first, second = service.requests
    assert first.headers["X-Api-Key"] == "s3cret"
    assert "X-Api-Key" not in second.headers


@pytest.mark.django_db(transaction=True)
async def test_a_secret_that_was_not_set_stops_the_call(service: Service) -> None:
    with pytest.raises(ToolFailed, match="X-Api-Key has not been set"):
        await call(service, "/json", **SECRET)
    assert service.requests == []


@pytest.mark.parametrize(
    "header",
    [
        {"name": "Host", "value": "evil"},
        {"name": "Content-Length", "value": "1"},
        {"name": "X-A\r\nX-B", "value": "1"},
        {"name": "X-A", "value": "1\r\nX-B: 2"},
        {"name": "", "value": "1"},
        {"name": "X-A", "value": "plain", "secret": True},
    ],
)
def test_headers_that_would_break_the_request_are_refused(header: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tool_kind("http_request").schema({"headers": [header]})


def test_secret_values_are_taken_out_of_a_configuration() -> None:
    config = {
        "hosts": ["x.org"],
        "headers": [{"name": "K", "value": "v", "secret": True}, {"name": "A", "value": "b"}],
    }
    plain, values = tool_kind("http_request").split_secrets(config)
    assert values == {"K": "v"}
    assert plain["headers"] == [{"name": "K", "secret": True}, {"name": "A", "value": "b"}]


def test_the_model_is_told_which_hosts_and_methods_it_has() -> None:
    schema = tool_kind("http_request").schema({"hosts": ["api.example.com"], "methods": ["GET", "POST"]})
    assert "api.example.com" in schema["properties"]["url"]["description"]
    assert schema["properties"]["method"]["enum"] == ["GET", "POST"]
    assert "body" in schema["properties"]
    assert set(tool_kind("http_request").schema({})["properties"]) == {"url", "query"}
