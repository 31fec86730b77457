"""Requests to web services: only to listed hosts, only through the outbound guard, with a bounded answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import aiohttp
from channels.db import database_sync_to_async
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator
from yarl import URL

from agents.models import Tool
from agents.toolbox.hosts import HostRule, allowed
from agents.toolbox.tool import Effect, ToolArguments, ToolConfig, ToolContext, ToolFailed, ToolKind
from agents.topology import json_text
from studio import net, secrets

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
EFFECTS: dict[str, Effect] = {"GET": "reads", "HEAD": "reads", "PUT": "idempotent", "DELETE": "idempotent"}
RANK: dict[Effect, int] = {"reads": 0, "idempotent": 1, "writes": 2}
OUR_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "idempotency-key", "cookie", "upgrade"}
)
MAX_REDIRECTS = 5
NOT_SENT = frozenset({"bad_url", "blocked", "unknown_host", "refused", "unreachable", "tls"})
PASSING = frozenset({"timeout", "disconnected", "refused", "unreachable", "unknown_host"})


def _host(entry: str) -> str:
    HostRule.parse(entry)
    return entry.strip()


class Header(BaseModel):
    """A header sent with every request. The value of a secret one is kept encrypted, apart from this."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(max_length=100)
    value: str = Field("", max_length=4_000)
    secret: bool = False

    @field_validator("name")
    @classmethod
    def _name_is_a_token(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise ValueError("a header name consists of letters, digits and hyphens")
        if name.lower() in OUR_HEADERS:
            raise ValueError(f"{name} is set by Troupe itself")
        return name

    @model_validator(mode="after")
    def _value_is_one_line(self) -> Header:
        if any(ord(char) < 32 or ord(char) == 127 for char in self.value):
            raise ValueError(f"the value of {self.name} must be one line")
        if self.secret and self.value:
            raise ValueError(
                f"the value of the secret header {self.name} must not stand in the configuration"
            )
        return self


class HttpConfig(ToolConfig):
    hosts: list[Annotated[str, AfterValidator(_host)]] = Field(
        default_factory=list,
        max_length=50,
        title="Allowed hosts",
        description="Such as api.example.com or *.example.com; https only, unless it begins with http://.",
        json_schema_extra={"ui": {"widget": "lines"}},
    )
    methods: list[Method] = Field(
        ["GET"], min_length=1, title="Allowed methods", description="GET and HEAD only read."
    )
    headers: list[Header] = Field(
        default_factory=list,
        max_length=20,
        title="Headers",
        description="Sent with every request; secret ones are encrypted and never shown again.",
        json_schema_extra={"ui": {"widget": "headers"}},
    )
    max_bytes: int = Field(
        65_536, ge=256, le=1_000_000, title="Longest answer", description="In bytes; more is cut off."
    )

    @model_validator(mode="after")
    def _nothing_twice(self) -> HttpConfig:
        names = [header.name.lower() for header in self.headers]
        if len(set(names)) < len(names):
            raise ValueError("a header is given twice")
        return self


class HttpArguments(ToolArguments):
    """Stands for the schema that depends on the configuration: see `schema_with`."""


class HttpRequest(ToolKind):
    name: ClassVar[str] = "http_request"
    title: ClassVar[str] = "HTTP request"
    summary: ClassVar[str] = "Requests a web address and returns its status and content."
    icon: ClassVar[str] = "globe"
    Config: ClassVar[type[ToolConfig]] = HttpConfig
    Arguments: ClassVar[type[ToolArguments]] = HttpArguments

    def effect_with(self, config: HttpConfig, arguments: Mapping[str, Any] | None) -> Effect:
        methods = [_method(config, arguments)] if arguments is not None else config.methods
        return max((EFFECTS.get(method, "writes") for method in methods), key=RANK.__getitem__)

    def schema_with(self, config: HttpConfig) -> dict[str, Any]:
        hosts = ", ".join(config.hosts) or "none yet"
        properties: dict[str, Any] = {
            "url": {
                "type": "string",
                "maxLength": 2_000,
                "description": f"Full address. Allowed hosts: {hosts}.",
            },
            "query": {
                "type": "object",
                "additionalProperties": {"type": ["string", "number", "boolean"]},
                "description": "Parameters to add to the address.",
            },
        }
        required = ["url"]
        if len(config.methods) > 1:
            properties["method"] = {"enum": list(config.methods), "description": "HTTP method."}
            required.append("method")
        if set(config.methods) - {"GET", "HEAD"}:
            properties["body"] = {"type": "object", "description": "Sent as JSON."}
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    async def perform(self, arguments: dict[str, Any], config: HttpConfig, context: ToolContext) -> JsonValue:
        url = _target(arguments, config)
        sealed = await database_sync_to_async(_sealed)(context) if self.secret_names(config) else {}
        method = _method(config, arguments)
        effect = self.effect_with(config, arguments)
        try:
            async with net.session(timeout_s=context.timeout_s) as session:
                return await self._follow(session, method, url, arguments, config, context, sealed)
        except (net.OutboundError, aiohttp.ClientError, OSError, TimeoutError) as error:
            cause = net.explain(error, url)
            raise ToolFailed(
                cause.sentence,
                retryable=cause.kind in PASSING and effect != "writes",
                uncertain=effect != "reads" and cause.kind not in NOT_SENT and "cert" not in cause.kind,
            ) from error

    async def _follow(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        arguments: dict[str, Any],
        config: HttpConfig,
        context: ToolContext,
        sealed: dict[str, Any],
    ) -> JsonValue:
        """Redirects are followed by hand: each hop is checked, and gets only the headers meant for it."""
        body = arguments.get("body")
        for _ in range(MAX_REDIRECTS + 1):
            if not allowed(config.hosts, url):
                raise ToolFailed(f"{url.host} is not among the allowed hosts of this tool.")
            headers = _headers(config, sealed, url)
            if method not in ("GET", "HEAD"):
                headers["Idempotency-Key"] = context.idempotency_key
            sent = {} if method in ("GET", "HEAD") or body is None else {"json": body}
            async with session.request(
                method, net.check_url(url), headers=headers, allow_redirects=False, **sent
            ) as response:
                where = response.headers.get("Location")
                if response.status not in (301, 302, 303, 307, 308) or where is None:
                    return await _answer(response, config, self.effect_with(config, arguments))
                url = _next(url, where)
                if response.status in (301, 302, 303) and method not in ("GET", "HEAD"):
                    method, body = "GET", None
        raise ToolFailed(f"{url.host} redirects too often.")

    # ── secrets ─────────────────────────────────────────────────────────────────────────────────
    def split_secrets(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        values: dict[str, str] = {}
        headers = config.get("headers")
        if not isinstance(headers, list):
            return dict(config), values
        plain = []
        for header in headers:
            if isinstance(header, dict) and header.get("secret") is True:
                if isinstance(header.get("value"), str) and header["value"]:
                    values[str(header.get("name"))] = header["value"]
                header = {key: value for key, value in header.items() if key != "value"}
            plain.append(header)
        return {**config, "headers": plain}, values

    def secret_names(self, config: HttpConfig) -> tuple[str, ...]:
        return tuple(header.name for header in config.headers if header.secret)

    def secret_scope(self, config: HttpConfig) -> tuple[str, ...]:
        return tuple(config.hosts)


def _method(config: HttpConfig, arguments: Mapping[str, Any] | None) -> str:
    """The method of a call; one that leaves it out, as it may when only one is allowed, means that one."""
    method = (arguments or {}).get("method", config.methods[0])
    return str(method)


def _target(arguments: dict[str, Any], config: HttpConfig) -> URL:
    if not config.hosts:
        raise ToolFailed("No host is allowed yet: add one to this tool's list before using it.")
    try:
        url = URL(arguments["url"])
        query = {name: _text(value) for name, value in arguments.get("query", {}).items()}
        return url.update_query(query) if query else url
    except ValueError as error:
        raise ToolFailed(f"{arguments['url'][:200]!r} is not a valid address.") from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _next(url: URL, where: str) -> URL:
    try:
        return url.join(URL(where))
    except ValueError as error:
        raise ToolFailed(f"{url.host} redirects to an address that is not valid.") from error


def _sealed(context: ToolContext) -> dict[str, Any]:
    found = Tool.objects.filter(workspace_id=context.workspace_id, name=context.tool_name)
    return found.values_list("secrets", flat=True).first() or {}


def _headers(config: HttpConfig, sealed: dict[str, Any], url: URL) -> dict[str, str]:
    """Plain headers, and the secrets that were entered for this host."""
    headers = {"Accept": "application/json, text/*;q=0.9, */*;q=0.5", "User-Agent": "Troupe"}
    for header in config.headers:
        if not header.secret:
            headers[header.name] = header.value
        elif header.name not in sealed:
            raise ToolFailed(f"The secret value of the header {header.name} has not been set for this tool.")
        elif allowed(sealed[header.name]["scope"], url):
            headers[header.name] = _open(header.name, sealed[header.name]["sealed"])
    return headers


def _open(name: str, stored: str) -> str:
    try:
        return secrets.decrypt(stored)
    except secrets.SecretUnreadable as error:
        raise ToolFailed(f"The secret value of the header {name} cannot be read; enter it again.") from error


async def _answer(response: aiohttp.ClientResponse, config: HttpConfig, effect: Effect) -> JsonValue:
    raw, truncated = await _bounded(response, config.max_bytes)
    if (response.status == 429 or response.status >= 500) and effect != "writes":
        raise ToolFailed(f"{response.url.host} answered with status {response.status}.", retryable=True)
    charset = response.charset or "utf-8"
    try:
        text = raw.decode(charset, errors="replace")
    except LookupError:
        text = raw.decode("utf-8", errors="replace")
    body: JsonValue = text
    if response.content_type.endswith("json") and not truncated:
        try:
            body = json_text.parse(text)
        except ValueError:
            body = text
    answer: dict[str, JsonValue] = {"status": response.status, "type": response.content_type, "body": body}
    return answer | ({"truncated": True} if truncated else {})


async def _bounded(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    parts, size = [], 0
    async for part in response.content.iter_chunked(16_384):
        parts.append(part)
        size += len(part)
        if size > limit:
            return b"".join(parts)[:limit], True
    return b"".join(parts), False


TOOL = HttpRequest()
