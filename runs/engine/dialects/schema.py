"""Endpoints that keep to a JSON Schema but have no tool calls: a tool call is one of the shapes allowed."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from agents.topology import json_text
from runs.engine.dialects.base import NO_MORE, Decoded, Dialect, Message, Prompt, Reply, response_format
from runs.engine.dialects.bounds import bounded

CUT_OFF = re.compile(  # an answer in words that has no end, without an escape of which only a part came
    r'\s*\{\s*"answer"\s*:\s*"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)(?:\\(?:u[0-9a-fA-F]{0,3})?|"\s*)?'
)


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

    def replies(self, prompt: Prompt) -> list[Message]:
        """With the word that only an answer is taken now: its end is where that leaves the rest as it was."""
        messages = super().replies(prompt)
        if messages and prompt.must_answer:
            messages[-1]["content"] += f"\n\n{NO_MORE}"
        return messages

    def options(self, prompt: Prompt) -> dict[str, Any]:
        if prompt.tools:
            return {"response_format": response_format("step", step_schema(prompt))}
        if prompt.schema is not None:
            fitting = bounded(prompt.schema, prompt.parameters.max_tokens)
            return {"response_format": response_format("answer", fitting)}
        return {}

    def decode(self, message: Message, prompt: Prompt) -> Decoded:
        if not prompt.tools:
            return Decoded()
        return decode_step(str(message.get("content") or ""), prompt)

    def answer(self, message: Message, prompt: Prompt) -> str:
        text = str(message.get("content") or "")
        if not prompt.tools:
            return text
        try:
            answer = json_text.parse(text)["answer"]
        except (ValueError, LookupError, TypeError):
            begun = None if prompt.schema else begun_answer(text)
            return text if begun is None else begun
        return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def step_schema(prompt: Prompt) -> dict[str, Any]:
    """One tool call, or the answer; the answer alone where no tool may be called any more."""
    shapes = [
        _closed({"tool": {"const": offer.name}, "arguments": offer.parameters}) for offer in prompt.callable
    ]
    answer = prompt.schema if prompt.schema is not None else {"type": "string"}
    shapes.append(_closed({"answer": answer}))
    fitting = [bounded(shape, prompt.parameters.max_tokens) for shape in shapes]
    return {"anyOf": fitting} if len(fitting) > 1 else fitting[0]


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


def begun_answer(text: str) -> str | None:
    """The words of a step that is an answer and was cut off by the token limit; None if it is none.

    They count as the answer, as words do that an endpoint with tools of its own cuts off.
    """
    begun = CUT_OFF.fullmatch(text)
    return None if begun is None else str(json.loads(f'"{begun[1]}"'))


def decode_step(text: str, prompt: Prompt) -> Decoded:
    """A step object; anything else is a defect that the model is told."""
    try:
        step = json_text.parse(text)
    except ValueError as error:
        if prompt.schema is None and begun_answer(text) is not None:
            return Decoded()
        return Decoded(defect=f"The answer is not valid JSON: {error}.")
    if isinstance(step, dict) and "tool" in step and prompt.must_answer:
        return Decoded(defect=NO_MORE)
    if isinstance(step, dict) and "tool" in step:
        arguments = step.get("arguments", {})
        return Decoded(tools=(("step", str(step["tool"]), json.dumps(arguments, ensure_ascii=False)),))
    if isinstance(step, dict) and "answer" in step:
        return Decoded()
    return Decoded(defect='The answer must be {"tool": …, "arguments": …} or {"answer": …}.')
