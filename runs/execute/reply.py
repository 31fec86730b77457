"""Adds up the chunks of a streamed chat completion, whatever an endpoint makes of the protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson

from runs.engine.events import Usage

MOST_CALLS = 128


class Malformed(ValueError):
    """A chunk that is no chat completion."""


class Reported(Exception):
    """The endpoint reports an error in the middle of its stream."""

    def __init__(self, report: Any) -> None:
        super().__init__()
        self.report = report


class TooLarge(Exception):
    """More came than was asked for."""


@dataclass
class CallParts:
    """A tool call as it comes in."""

    id: str
    name: str
    arguments: list[str]


class Reply:
    """What has arrived so far. Text may hold NUL characters, which the log escapes; never lone surrogates."""

    def __init__(self, most_characters: int) -> None:
        self.model = ""
        self.id = ""
        self.finish_reason = ""
        self.usage: Usage | None = None
        self.calls: dict[Any, CallParts] = {}
        self.refusal = ""
        self.chunks = 0
        self._parts: list[str] = []
        self._fresh: list[str] = []
        self._left = most_characters

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def has_begun(self) -> bool:
        return bool(self._parts or self.calls)

    def fresh(self) -> str:
        """The text that came since this was last asked."""
        text = "".join(self._fresh)
        self._fresh.clear()
        return text

    def take(self, data: bytes) -> None:
        """One chunk. Raises Malformed, Reported or TooLarge; what it held before that is kept."""
        chunk = _decoded(data)
        if not isinstance(chunk, dict):
            raise Malformed("a chunk is not an object")
        if chunk.get("error"):
            raise Reported(chunk["error"])
        if not self.id:
            self.id, self.model = _word(chunk.get("id")), _word(chunk.get("model"))
        if usage := chunk.get("usage"):
            self.usage = usage_of(usage) or self.usage
        if choices := chunk.get("choices"):
            if not isinstance(choices, list) or not isinstance(choices[0], dict):
                raise Malformed("its choices are no list of objects")
            self.chunks += 1
            self._take_choice(choices[0])

    def _take_choice(self, choice: dict[str, Any]) -> None:
        if reason := choice.get("finish_reason"):
            self.finish_reason = "tool_calls" if reason == "function_call" else _word(reason)
        delta = choice.get("delta") or choice.get("message")
        if not delta:
            return
        if not isinstance(delta, dict):
            raise Malformed("a delta is not an object")
        if content := delta.get("content"):
            self._add(content if isinstance(content, str) else _joined(content))
        if calls := delta.get("tool_calls"):
            self._take_calls(calls)
        if refusal := delta.get("refusal"):
            self.refusal = (self.refusal + str(refusal))[:2000]

    def _take_calls(self, calls: Any) -> None:
        if not isinstance(calls, list):
            raise Malformed("its tool calls are no list")
        for call in calls:
            if not isinstance(call, dict):
                raise Malformed("a tool call is not an object")
            function = call.get("function")
            if not isinstance(function, dict):
                function = {}
            parts = self._call(call)
            parts.id = parts.id or _word(call.get("id"))
            parts.name = parts.name or _word(function.get("name"))
            arguments = function.get("arguments")
            if arguments:
                text = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
                self._count(text)
                parts.arguments.append(text)

    def _call(self, call: dict[str, Any]) -> CallParts:
        """The call a part belongs to: by index, or where endpoints send none, by a new id."""
        index = call.get("index")
        key: Any = index if isinstance(index, int) else None
        if key is None:
            known = list(self.calls)
            key = call.get("id") if isinstance(call.get("id"), str) else (known[-1] if known else 0)
        if key not in self.calls:
            if len(self.calls) >= MOST_CALLS:
                raise TooLarge
            self.calls[key] = CallParts("", "", [])
        return self.calls[key]

    def _add(self, text: str) -> None:
        kept = text[: max(self._left, 0)]
        self._parts.append(kept)
        self._fresh.append(kept)
        self._count(text)

    def _count(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise TooLarge


def _decoded(data: bytes) -> Any:
    """JSON as endpoints send it: lone surrogates, NaN and broken UTF-8 are let through, repaired."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return _whole(json.loads(data.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        raise Malformed("a chunk is not JSON") from error


def _whole(value: Any) -> Any:
    """Surrogate pairs joined, lone ones replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return value


def _joined(parts: Any) -> str:
    """Content given as parts."""
    if not isinstance(parts, list):
        raise Malformed("its content is no text")
    return "".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))


def _word(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""


def usage_of(reported: Any) -> Usage | None:
    """Usage as OpenAI, DeepSeek and their like report it; None where the numbers make no sense."""
    if not isinstance(reported, dict):
        return None
    prompt, completion = _count_of(reported, "prompt_tokens"), _count_of(reported, "completion_tokens")
    if prompt is None or completion is None:
        return None
    cached = _count_of(reported.get("prompt_tokens_details"), "cached_tokens")
    if cached is None:
        cached = _count_of(reported, "prompt_cache_hit_tokens")
    reasoning = _count_of(reported.get("completion_tokens_details"), "reasoning_tokens")
    return Usage(
        input_tokens=prompt,
        cached_tokens=min(cached or 0, prompt),
        output_tokens=completion,
        reasoning_tokens=min(reasoning or 0, completion),
    )


def _count_of(reported: Any, name: str) -> int | None:
    value = reported.get(name) if isinstance(reported, dict) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        return None
    return value
