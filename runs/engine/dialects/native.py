"""Endpoints with tool calls and JSON-Schema output of their own: the OpenAI API as it is."""

from __future__ import annotations

from typing import Any, ClassVar

from runs.engine.dialects.base import NO_MORE, Decoded, Dialect, Message, Prompt, Reply, response_format


class Native(Dialect):
    name: ClassVar[str] = "native"

    def opening(self, prompt: Prompt) -> list[Message]:
        return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.task}]

    def reply(self, reply: Reply) -> Message:
        if reply.name:
            return {"role": "tool", "tool_call_id": reply.call_id, "content": reply.text}
        return {"role": "user", "content": reply.text}

    def options(self, prompt: Prompt) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if prompt.tools:
            options["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": offer.name,
                        "description": offer.description,
                        "parameters": lean(offer.parameters),
                    },
                }
                for offer in prompt.tools
            ]
        if prompt.must_answer:
            options["tool_choice"] = "none"
        if prompt.schema is not None:
            options["response_format"] = response_format("answer", prompt.schema)
        return options

    def decode(self, message: Message, prompt: Prompt) -> Decoded:
        calls = message.get("tool_calls") or []
        if calls and prompt.must_answer:
            return Decoded(defect=NO_MORE)
        return Decoded(
            tools=tuple(
                (
                    str(call.get("id") or f"call_{n}"),
                    str(call.get("function", {}).get("name") or ""),
                    str(call.get("function", {}).get("arguments") or ""),
                )
                for n, call in enumerate(calls)
            )
        )


def lean(schema: Any) -> Any:
    """A schema without what no model needs to be told with every turn, and validation checks in any case."""
    if isinstance(schema, list):
        return [lean(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        word: {name: lean(member) for name, member in value.items()}
        if word in ("properties", "$defs") and isinstance(value, dict)
        else lean(value)
        for word, value in schema.items()
        if word not in ("maxLength", "minLength") and (word, value) != ("additionalProperties", False)
    }
