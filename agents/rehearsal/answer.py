"""Decides what to answer: tool calls, JSON for a schema, or text; the same for the same seed and request."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from agents.rehearsal import tokens
from agents.rehearsal.brief import Brief, read
from agents.rehearsal.combine import Unsatisfiable
from agents.rehearsal.in_words import schema_in_words, tools_in_words
from agents.rehearsal.request import NO_TOOLS, PLAIN, ChatRequest, Refused
from agents.rehearsal.schema import value_for
from agents.rehearsal.tools import ToolCall, calls_for, make_call, next_tools
from agents.rehearsal.trouble import Trouble
from agents.rehearsal.writer import Writer

FREE_OBJECT = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "summary": {"type": "string"},
        "points": {"items": {"type": "string"}},
    },
}
BIG = 200_000  # characters
MOST_KEPT, LONGEST_KEPT = 500, 20_000  # answers, and characters of one
SCRIPT = (
    '<script>document.title="taken"</script><img src=x onerror="document.title=\'taken\'">'
    "[click](javascript:alert(1)) ![](https://example.com/track.png) <iframe src=//example.com></iframe>"
)


@dataclass(frozen=True)
class Answer:
    text: str
    calls: tuple[ToolCall, ...]
    finish_reason: str
    pieces: tuple[str, ...]  # the text, or the arguments of all calls, as the tokens they come in
    completion_tokens: int


class Answers:
    """Answers of one seed; those given lately are remembered, since a load test asks the same again."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._given: OrderedDict[tuple[str, Trouble], Answer] = OrderedDict()

    def get(self, request: ChatRequest, trouble: Trouble) -> Answer:
        key = request.digest, trouble
        found = self._given.get(key)
        if found is None:
            found = answer(request, self._seed, trouble)
            if len(found.text) < LONGEST_KEPT:
                self._given[key] = found
                if len(self._given) > MOST_KEPT:
                    self._given.popitem(last=False)
        return found


def answer(request: ChatRequest, seed: int, trouble: Trouble) -> Answer:
    rng = Random(f"{seed}:{request.digest}")
    brief = read(request)
    calls = _calls(request, brief, rng, trouble)
    text = "" if calls else _text(request, brief, rng, trouble)
    return _finished(request, text, tuple(calls), trouble)


def _calls(request: ChatRequest, brief: Brief, rng: Random, trouble: Trouble) -> list[ToolCall]:
    if request.model in (NO_TOOLS, PLAIN) or not request.tools or request.tool_choice == "none":
        return []
    if trouble.unknown_tool > request.turns:
        return [ToolCall(f"call_{request.digest[:24]}", "no_such_tool", '{"query":"anything"}')]
    calls = calls_for(request, brief, rng, one_by_one=trouble.delegate == "one")
    if trouble.loop_tools and not calls:
        calls = [make_call(request, request.tools[0], brief, rng)]
    if trouble.bad_arguments > request.turns:
        calls = [ToolCall(call.id, call.name, '{"unexpected": [1, 2') for call in calls]
    return calls


def _text(request: ChatRequest, brief: Brief, rng: Random, trouble: Trouble) -> str:
    if trouble.garbage == "blank":
        return ""
    if trouble.garbage == "script":
        return SCRIPT
    if trouble.garbage == "nul":
        return "A text with \x00 inside, and \x00\x00 more."
    if trouble.garbage == "big":
        return Writer(brief, rng).words(30) + " " + ("lorem ipsum " * (BIG // 12))
    if request.response_format and request.model != PLAIN:
        return _json(request, _schema(request.response_format), brief, rng, trouble)
    written = _in_words(request, brief, rng, trouble)
    if written and request.model == PLAIN:
        return f"Here is the result.\n\n```json\n{written}\n```"
    if written:
        return written
    return Writer(brief, rng).answer()


def _schema(response_format: dict[str, Any]) -> Any:
    return (response_format.get("json_schema") or {}).get("schema", FREE_OBJECT)


def _in_words(request: ChatRequest, brief: Brief, rng: Random, trouble: Trouble) -> str:
    """An answer to a prompt that spells out tools or a schema; empty if it does neither."""
    tools, schema = tools_in_words(request.prompt), schema_in_words(request.prompt)
    if tools and (chosen := next_tools(tools, request.said, brief)):
        arguments = orjson.loads(make_call(request, chosen[0], brief, rng).arguments)
        return orjson.dumps({"tool": chosen[0].name, "arguments": arguments}).decode()
    if schema is None:
        text = Writer(brief, rng).answer()
        return orjson.dumps({"answer": text}).decode() if tools else ""
    written = _json(request, schema, brief, rng, trouble)
    return f'{{"answer":{written}}}' if tools else written


def _json(request: ChatRequest, schema: Any, brief: Brief, rng: Random, trouble: Trouble) -> str:
    if trouble.bad_schema > request.turns:
        return orjson.dumps({"unexpected": Writer(brief, rng).sentence(), "also": [1, None]}).decode()
    try:
        return orjson.dumps(value_for(schema, brief, rng, request.said)).decode()
    except Unsatisfiable as error:
        raise Refused(400, f"Invalid schema for response_format: {error}", param="response_format") from error


def _finished(request: ChatRequest, text: str, calls: tuple[ToolCall, ...], trouble: Trouble) -> Answer:
    """Apply stop sequences and the token limit, which say how the answer ends."""
    reason = "tool_calls" if calls else "stop"
    for stop in request.stop:
        text = text.split(stop, 1)[0]
    parts = tokens.pieces(text)
    if trouble.filter:
        parts, calls, reason = parts[: len(parts) // 2], (), "content_filter"
    used = len(parts) + sum(tokens.count(call.arguments) + tokens.count(call.name) for call in calls)
    if request.max_tokens is not None and used > request.max_tokens:
        reason, used = "length", request.max_tokens
        parts = parts[:used]
        calls = tuple(_shortened(calls, request.max_tokens))
    return Answer("".join(parts), calls, reason, tuple(parts), used)


def _shortened(calls: tuple[ToolCall, ...], limit: int) -> list[ToolCall]:
    left, kept = limit, []
    for call in calls:
        left -= tokens.count(call.name)
        if left <= 0:
            break
        parts = tokens.pieces(call.arguments)[:left]
        left -= len(parts)
        kept.append(ToolCall(call.id, call.name, "".join(parts)))
    return kept
