"""Endpoints that keep to a JSON Schema but have no tool calls: a tool call is one of the shapes allowed."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from agents.topology import json_text
from runs.engine.dialects.base import Decoded, Dialect, Message, Prompt, Reply, response_format

CHARACTERS_A_TOKEN = 2  # cautiously few: without a bound that fits, small models never close the string


class Schema(Dialect):
    name: ClassVar[str] = "schema"

    def opening(self, prompt: Prompt) -> list[Message]:
        system = prompt.system
        if prompt.tools:
            system += "\n\n" + tools_in_words(prompt)
        return [{"role": "system", "content": system}, {"role": "user", "content": prompt.task}]

    def reply(self, reply: Reply) -> Message:
        if reply.name:
            return {"role": "user", "content": f"Result of {reply.name}:\n{reply.text}"}
        return {"role": "user", "content": reply.text}

    def options(self, prompt: Prompt) -> dict[str, Any]:
        if prompt.tools:
            return {"response_format": response_format("step", step_schema(prompt))}
        if prompt.schema is not None:
            return {"response_format": response_format("answer", prompt.schema)}
        return {}

    def decode(self, message: Message, prompt: Prompt) -> Decoded:
        if not prompt.tools:
            return Decoded()
        return decode_step(str(message.get("content") or ""))

    def answer(self, message: Message, prompt: Prompt) -> str:
        text = str(message.get("content") or "")
        if not prompt.tools:
            return text
        try:
            answer = json_text.parse(text)["answer"]
        except (ValueError, LookupError, TypeError):
            return text
        return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def step_schema(prompt: Prompt) -> dict[str, Any]:
    """One tool call, or the answer."""
    shapes: list[dict[str, Any]] = [
        _closed({"tool": {"const": offer.name}, "arguments": offer.parameters}) for offer in prompt.tools
    ]
    most = prompt.parameters.max_tokens * CHARACTERS_A_TOKEN
    answer = prompt.schema if prompt.schema is not None else {"type": "string", "maxLength": most}
    return {"anyOf": [*shapes, _closed({"answer": answer})]}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def tools_in_words(prompt: Prompt) -> str:
    lines = ["You have these tools:"]
    lines += [
        f"- {offer.name}: {offer.description} Arguments: {json.dumps(offer.parameters, ensure_ascii=False)}"
        for offer in prompt.tools
    ]
    lines.append('To use one, answer {"tool": "<name>", "arguments": {…}}. When done, answer {"answer": …}.')
    return "\n".join(lines)


def decode_step(text: str) -> Decoded:
    """A step object; anything else is a defect that the model is told."""
    try:
        step = json_text.parse(text)
    except ValueError as error:
        return Decoded(defect=f"The answer is not valid JSON: {error}.")
    if isinstance(step, dict) and "tool" in step:
        arguments = step.get("arguments", {})
        return Decoded(tools=(("step", str(step["tool"]), json.dumps(arguments, ensure_ascii=False)),))
    if isinstance(step, dict) and "answer" in step:
        return Decoded()
    return Decoded(defect='The answer must be {"tool": …, "arguments": …} or {"answer": …}.')
