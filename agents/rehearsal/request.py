"""Reads a chat completion request as OpenAI's API defines it, and refuses what that API would refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from agents.rehearsal import tokens

Json = Any

NORMAL = "rehearsal"
NO_TOOLS = "rehearsal-no-tools"
PLAIN = "rehearsal-plain"
EMBEDDING = "rehearsal-embedding"
CHAT_MODELS = (NORMAL, NO_TOOLS, PLAIN)
CONTEXT_TOKENS = 131_072

NOT_CONTENT = frozenset(
    {"stream", "stream_options", "user", "metadata", "store", "service_tier", "safety_identifier"}
)


class Refused(Exception):
    """The request cannot be served; carries what an OpenAI error body says."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None, kind: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind or ("invalid_request_error" if status < 500 else "server_error")


@dataclass(frozen=True)
class Tool:
    name: str
    description: str
    parameters: Json


@dataclass(frozen=True)
class ChatRequest:
    model: str
    messages: list[dict[str, Json]]
    digest: str
    tools: tuple[Tool, ...]
    tool_choice: Json
    parallel: bool
    response_format: Json
    max_tokens: int | None
    stop: tuple[str, ...]
    stream: bool
    include_usage: bool
    body: dict[str, Json] = field(repr=False)
    prompt: str = field(repr=False)
    prompt_tokens: int = 0

    @property
    def called(self) -> frozenset[str]:
        """Names of the tools this conversation has called already."""
        return frozenset(
            str((call.get("function") or {}).get("name"))
            for message in self.messages
            for call in message.get("tool_calls") or ()
        )

    @property
    def said(self) -> frozenset[str]:
        """The strings in the JSON the model wrote: names of tools, their arguments, answers."""
        found = set(self.called)
        for message in self.messages:
            if message.get("role") != "assistant":
                continue
            found |= strings_in(text_of(message.get("content")))
            for call in message.get("tool_calls") or ():
                found |= strings_in(str((call.get("function") or {}).get("arguments")))
        return frozenset(found)

    @property
    def turns(self) -> int:
        """How often the model has spoken in this conversation."""
        return sum(message.get("role") == "assistant" for message in self.messages)


def text_of(content: Json) -> str:
    """The text of a message's content, given as a string or as parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""


def strings_in(text: str) -> set[str]:
    """All strings of the JSON object that `text` holds, if it holds one."""
    start, end = text.find("{"), text.rfind("}")
    try:
        stack: list[Json] = [orjson.loads(text[start : end + 1])] if 0 <= start < end else []
    except orjson.JSONDecodeError:
        return set()
    found: set[str] = set()
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, str):
            found.add(value)
    return found


def parse(raw: bytes) -> ChatRequest:
    """The request in `raw`. Raises Refused, as the API would, for anything malformed."""
    body = read_object(raw)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "'messages' must be a list with at least one message.", param="messages")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise Refused(
                400, f"messages[{index}] needs a role, one of {', '.join(sorted(ROLES))}.", param="messages"
            )
    prompt, prompt_tokens = _prompt(body, messages)
    return ChatRequest(
        model=_model(body),
        messages=messages,
        digest=digest(body),
        tools=_tools(body.get("tools")),
        tool_choice=body.get("tool_choice", "auto"),
        parallel=body.get("parallel_tool_calls", True) is not False,
        response_format=_response_format(body.get("response_format")),
        max_tokens=_max_tokens(body),
        stop=_stop(body.get("stop")),
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        body=body,
        prompt=prompt,
        prompt_tokens=prompt_tokens,
    )


ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


def read_object(raw: bytes) -> dict[str, Json]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refused(400, f"The body is not valid JSON: {error}.") from error
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    return body


def digest(body: dict[str, Json]) -> str:
    """Equal for requests that ask for the same thing, however it is delivered."""
    content = {key: value for key, value in body.items() if key not in NOT_CONTENT}
    return blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _model(body: dict[str, Json]) -> str:
    model = body.get("model")
    if model not in CHAT_MODELS:
        raise Refused(
            404,
            f"The model {model!r} does not exist. Available: {', '.join(CHAT_MODELS)}.",
            code="model_not_found",
            param="model",
        )
    return str(model)


def _tools(tools: Json) -> tuple[Tool, ...]:
    found = []
    for index, tool in enumerate(tools or ()):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not function.get("name"):
            raise Refused(400, f"tools[{index}] must be a function with a name.", param="tools")
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        found.append(Tool(str(function["name"]), str(function.get("description") or ""), parameters))
    return tuple(found)


def _response_format(value: Json) -> Json:
    if value is None or (isinstance(value, dict) and value.get("type") == "text"):
        return None
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "json_object":
        return value
    if kind == "json_schema" and isinstance((value.get("json_schema") or {}).get("schema"), dict):
        return value
    raise Refused(
        400,
        "'response_format' must be text, json_object or json_schema with a schema.",
        param="response_format",
    )


def _max_tokens(body: dict[str, Json]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or value < 1:
            raise Refused(400, f"'{name}' must be a whole number of at least 1.", param=name)
        return value
    return None


def _stop(value: Json) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(part) for part in value or () if part)


def _prompt(body: dict[str, Json], messages: list[dict[str, Json]]) -> tuple[str, int]:
    """The prompt as one text, as chat formats write it (tools first, calls without ids), and its tokens."""
    parts = [orjson.dumps(body["tools"]).decode()] if body.get("tools") else []
    for message in messages:
        calls = [call.get("function") or {} for call in message.get("tool_calls") or ()]
        written = [f'{{"name":"{call.get("name")}","arguments":{call.get("arguments")}}}' for call in calls]
        parts.append("\n".join([text_of(message.get("content")), *written]))
    return "\n".join(parts), sum(tokens.count(part) + tokens.MESSAGE_OVERHEAD for part in parts)
