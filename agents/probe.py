"""Tests the connection to a model endpoint, step by step, and finds out what it can do.

Every step says in a sentence what it found or what failed. Capabilities hold only what was tried: what a step
could not tell stays untold.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from jsonschema import Draft202012Validator
from yarl import URL

from agents.openai_request import Answer, NotAnAnswer, send
from studio import net
from studio.addresses import literal

State = Literal["ok", "failed", "not_tried"]
StepName = Literal["name", "connect", "key", "models", "answer", "stream", "schema", "tool"]
TITLES: dict[StepName, str] = {
    "name": "Find the name",
    "connect": "Connect",
    "key": "Log in",
    "models": "List models",
    "answer": "Answer",
    "stream": "Stream",
    "schema": "Keep to a schema",
    "tool": "Call a tool",
}
CAPABILITY: dict[StepName, str] = {"stream": "streaming", "schema": "json_schema", "tool": "tools"}
STEP_SECONDS = 60.0
MOST_MODELS = 2_000
ANSWER_TOKENS = 300  # models that reason spend some before they answer
STREAM_TOKENS = 40
PASSING = frozenset({"rate_limited", "server_error", "timeout"})
NO_CHAT = (
    "embed",
    "whisper",
    "tts",
    "dall-e",
    "moderation",
    "rerank",
    "image",
    "audio",
    "realtime",
    "transcribe",
)


@dataclass(frozen=True)
class Step:
    name: StepName
    title: str
    state: State
    sentence: str
    ms: int | None = None


@dataclass(frozen=True)
class ProbeReport:
    """What was found. `model` is the one that was asked, empty if none was."""

    steps: tuple[Step, ...]
    capabilities: dict[str, bool]
    models: tuple[str, ...]
    model: str

    @property
    def ok(self) -> bool:
        """Whether the endpoint answers; what it cannot do besides is not a failure of the connection."""
        return any(step.name == "answer" and step.state == "ok" for step in self.steps)

    @property
    def summary(self) -> str:
        failed = [step for step in self.steps if step.state == "failed" and step.name not in CAPABILITY]
        return failed[-1].sentence if failed and not self.ok else self.step("answer").sentence

    def step(self, name: StepName) -> Step:
        return next(step for step in self.steps if step.name == name)

    def as_json(self) -> dict[str, Any]:
        steps = [step.__dict__ for step in self.steps]
        return {"ok": self.ok, "summary": self.summary, "model": self.model, "steps": steps}


async def probe(base_url: str, api_key: str, model: str | None = None) -> ProbeReport:
    """Test the connection to `base_url`, asking `model` or else the first listed one that seems to chat."""
    from agents.openai_client import own_clients  # `openai` is slow to load, and few pages need it

    async with own_clients():
        return await _Probe(base_url.strip().rstrip("/"), api_key, model or "").run()


# ── steps ───────────────────────────────────────────────────────────────────────────────────────────
class _Failed(Exception):
    def __init__(self, sentence: str, kind: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.kind = kind


@dataclass
class _Probe:
    base_url: str
    api_key: str
    model: str
    steps: dict[StepName, Step] = field(default_factory=dict)
    capabilities: dict[str, bool] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)
    listing: Answer | None = None
    limit_name: str = "max_tokens"

    async def run(self) -> ProbeReport:
        chain: tuple[tuple[StepName, Callable[[], Awaitable[str]]], ...] = (
            ("name", self._find_name),
            ("connect", self._connect),
            ("key", self._log_in),
            ("models", self._list_models),
            ("answer", self._ask),
            ("stream", self._stream),
            ("schema", self._keep_schema),
            ("tool", self._call_tool),
        )
        for name, check in chain:
            if blocker := self._blocked(name):
                self._note(name, "not_tried", blocker)
            else:
                await self._try(name, check)
        return ProbeReport(
            tuple(self.steps[name] for name in TITLES), self.capabilities, tuple(self.models), self.model
        )

    def _blocked(self, name: StepName) -> str:
        """Why a step cannot be tried, from the steps before it."""
        for needed in NEEDS[name]:
            if self.steps[needed].state != "ok":
                return f"Not tried, because “{TITLES[needed]}” did not succeed."
        if name == "answer" and not self.model:
            return "Not tried, because no model is named and none is listed."
        return ""

    async def _try(self, name: StepName, check: Callable[[], Awaitable[str]]) -> None:
        began = time.perf_counter()
        state: State = "failed"
        told = False  # whether it says anything about what the endpoint can do
        try:
            async with asyncio.timeout(STEP_SECONDS):
                sentence = await check()
                state = "ok"
                told = True
        except TimeoutError:
            sentence = f"{self.host} took longer than {STEP_SECONDS:g} s."
        except net.OutboundError as error:
            sentence = error.sentence
        except NotAnAnswer as error:
            sentence, told = error.sentence, True
        except _Failed as failed:
            sentence, told = failed.sentence, failed.kind not in PASSING
            if failed.kind == "auth":
                self._note("key", "failed", failed.sentence)
        self._note(name, state, sentence, round((time.perf_counter() - began) * 1000))
        if told and name in CAPABILITY:
            self.capabilities[CAPABILITY[name]] = state == "ok"

    def _note(self, name: StepName, state: State, sentence: str, ms: int | None = None) -> None:
        self.steps[name] = Step(name, TITLES[name], state, sentence, ms)

    @property
    def host(self) -> str:
        try:
            return URL(self.base_url).authority or self.base_url
        except ValueError:
            return self.base_url

    async def _find_name(self) -> str:
        url = net.check_url(self.base_url)
        host = url.host or ""
        if literal(host) is not None:
            return f"{host} is an address; there is no name to look up."
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, url.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise _Failed(f"The host {host} is not known: no address was found for its name.") from None
        return f"{host} is {found[0][4][0]}."

    async def _connect(self) -> str:
        self.listing = await self._send("GET", "/models")
        return f"{self.host} answers{' over TLS' if self.base_url.startswith('https') else ''}."

    async def _log_in(self) -> str:
        assert self.listing is not None
        refused = self.listing.refusal
        if refused is None:
            return "The key is accepted." if self.api_key else "No key is needed."
        if refused.kind == "auth":
            missing = "" if self.api_key else " No key was given."
            raise _Failed(refused.sentence + missing, "auth")
        return "Nothing speaks against the key; the first answer will tell."

    async def _list_models(self) -> str:
        assert self.listing is not None
        refused = self.listing.refusal
        if refused is not None:
            hint = "" if self.base_url.endswith("/v1") else " Most addresses end in /v1."
            raise _Failed(refused.sentence + (hint if refused.kind == "not_found" else ""), refused.kind)
        self.models = _names(self.listing.json())
        if not self.models:
            raise _Failed(f"{self.host} lists no models.")
        if not self.model:
            self.model = next((name for name in self.models if may_chat(name)), "")
        count = f"{len(self.models)} model{'s' if len(self.models) > 1 else ''}"
        known = "" if not self.model or self.model in self.models else f", but not {self.model}"
        return f"{self.host} lists {count}{known}."

    async def _ask(self) -> str:
        message = (await self._chat("Answer with one word: what is the capital of Italy?")).message()
        if "content" not in message and not message.get("tool_calls"):
            raise _Failed(f"{self.host} answered without a message.")
        return f"{self.model} answers."

    async def _stream(self) -> str:
        count = "Count from one to five."
        try:
            answer = await self._chat(
                count, STREAM_TOKENS, stream=True, stream_options={"include_usage": True}
            )
        except _Failed as failed:
            if "stream_options" not in failed.sentence:
                raise
            answer = await self._chat(count, STREAM_TOKENS, stream=True)
        chunks = answer.chunks()
        if not any(chunk.get("choices") for chunk in chunks):
            raise _Failed(f"{self.host} was asked to stream and did not.")
        told = any(isinstance(chunk.get("usage"), dict) for chunk in chunks)
        self.capabilities["usage"] = told
        return (
            f"Answers stream, {'with usage at the end' if told else 'without usage, so cost is estimated'}."
        )

    async def _keep_schema(self) -> str:
        wanted = {"type": "json_schema", "json_schema": {"name": "fact", "strict": True, "schema": FACT}}
        answer = await self._chat(
            "What colour is grass, and how many legs has a cat?", response_format=wanted
        )
        said = answer.message().get("content")
        try:
            valid = isinstance(said, str) and Draft202012Validator(FACT).is_valid(orjson.loads(said))
        except orjson.JSONDecodeError:
            valid = False
        if not valid:
            raise _Failed(
                f"{self.model} did not keep to the schema it was given. JSON is asked for in words."
            )
        return f"{self.model} keeps to a JSON Schema."

    async def _call_tool(self) -> str:
        answer = await self._chat("What is the weather in Paris? Use the tool.", tools=[WEATHER])
        if not any(_is_weather(call) for call in answer.message().get("tool_calls") or ()):
            raise _Failed(
                f"{self.model} did not call the tool it was offered. Tools are offered in another way."
            )
        return f"{self.model} calls tools."

    # ── requests ────────────────────────────────────────────────────────────────────────────────────
    async def _chat(self, text: str, limit: int = ANSWER_TOKENS, **more: Any) -> Answer:
        """A chat completion; the limit on tokens is sent under the name that the endpoint takes."""
        while True:
            messages = [{"role": "user", "content": text}]
            body = {"model": self.model, "messages": messages, self.limit_name: limit, **more}
            answer = await self._send("POST", "/chat/completions", body)
            refused = answer.refusal
            if refused is None:
                return answer
            if self.limit_name != "max_tokens" or "max_completion_tokens" not in refused.sentence:
                raise _Failed(refused.sentence, refused.kind)
            self.limit_name = "max_completion_tokens"

    async def _send(self, method: Literal["GET", "POST"], path: str, body: Any = None) -> Answer:
        return await send(self.base_url, self.api_key, self.host, method, path, body, STEP_SECONDS)


NEEDS: dict[StepName, tuple[StepName, ...]] = {
    "name": (),
    "connect": ("name",),
    "key": ("connect",),
    "models": ("connect", "key"),
    "answer": ("connect", "key"),
    "stream": ("answer",),
    "schema": ("answer",),
    "tool": ("answer",),
}
FACT = {
    "type": "object",
    "properties": {
        "colour": {"type": "string", "enum": ["red", "green", "blue"]},
        "legs": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "required": ["colour", "legs"],
    "additionalProperties": False,
}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Gives the weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def _is_weather(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or function.get("name") != "get_weather":
        return False
    try:
        arguments = orjson.loads(function.get("arguments") or "")
    except (orjson.JSONDecodeError, TypeError):
        return False
    return isinstance(arguments, dict) and bool(arguments.get("city"))


def _names(listing: Any) -> list[str]:
    """Model ids out of what endpoints list: `{"data": [{"id": …}]}`, `{"models": […]}` or a bare list."""
    if isinstance(listing, dict):
        listing = listing.get("data") or listing.get("models")
    if not isinstance(listing, list):
        return []
    ids = (entry.get("id") or entry.get("name") if isinstance(entry, dict) else entry for entry in listing)
    return list(dict.fromkeys(name for name in ids if isinstance(name, str) and 0 < len(name) <= 200))[
        :MOST_MODELS
    ]


def may_chat(name: str) -> bool:
    """Whether a model of this name is likely to answer a chat, and not to embed, draw or listen."""
    return not any(part in name.lower() for part in NO_CHAT)
