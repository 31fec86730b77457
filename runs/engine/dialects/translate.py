"""A conversation that began in one dialect and goes on in another, because another model was asked. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from agents.topology import json_text
from runs.engine.dialects.base import Dialect, Message, Prompt, Reply

RESULT = re.compile(r"Result of ([^:\n]+):\n", re.DOTALL)


def translated(messages: list[Message], prompt: Prompt, dialect: Dialect) -> list[Message]:
    """The same conversation in `dialect`; its first message is made anew, for it explains the tools."""
    system = dialect.opening(replace(prompt, task=""))[0]
    rest = messages[1:]
    return [system, *(_to_native(rest) if dialect.name == "native" else _to_words(rest, dialect))]


def _to_words(messages: list[Message], dialect: Dialect) -> list[Message]:
    """Tool calls and their results as the texts that the other dialects use."""
    names: dict[str, str] = {}
    found = []
    for message in messages:
        if message.get("tool_calls"):
            steps = []
            for call in message["tool_calls"]:
                function = call.get("function") or {}
                names[str(call.get("id"))] = str(function.get("name"))
                steps.append(_step(str(function.get("name")), str(function.get("arguments") or "{}")))
            said = str(message.get("content") or "")
            found.append({"role": "assistant", "content": "\n".join([said, *steps] if said else steps)})
        elif message.get("role") == "tool":
            name = names.get(str(message.get("tool_call_id")), "tool")
            found.append(dialect.reply(Reply(str(message.get("content") or ""), name=name)))
        else:
            found.append(message)
    return found


def _step(name: str, arguments: str) -> str:
    try:
        parsed: Any = json_text.parse(arguments)
    except ValueError:
        parsed = arguments
    return json.dumps({"tool": name, "arguments": parsed}, ensure_ascii=False)


def _to_native(messages: list[Message]) -> list[Message]:
    """Steps written as JSON become tool calls where a result answers them."""
    found: list[Message] = []
    for at, message in enumerate(messages):
        following = messages[at + 1] if at + 1 < len(messages) else {}
        answered = (
            RESULT.match(str(following.get("content") or "")) if following.get("role") == "user" else None
        )
        if message.get("role") == "assistant" and answered and not message.get("tool_calls"):
            found.append(_called(message, answered[1], f"step_{at}"))
        elif found and found[-1].get("tool_calls") and message.get("role") == "user":
            text = RESULT.sub("", str(message.get("content") or ""), count=1)
            found.append({"role": "tool", "tool_call_id": found[-1]["tool_calls"][0]["id"], "content": text})
        else:
            found.append(message)
    return found


def _called(message: Message, name: str, call_id: str) -> Message:
    """The assistant's step as a call of `name`."""
    try:
        step = json_text.parse(json_text.find(str(message.get("content") or "")))
    except ValueError:
        step = {}
    arguments = json.dumps(step.get("arguments", {}) if isinstance(step, dict) else {}, ensure_ascii=False)
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": "", "tool_calls": [call]}
