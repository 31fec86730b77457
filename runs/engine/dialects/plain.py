"""Endpoints with neither tools nor schemas: JSON is asked for in words, found in the text, and checked."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from agents.topology import json_text
from runs.engine.dialects.base import Decoded, Message, Prompt
from runs.engine.dialects.schema import Schema, decode_step, tools_in_words


class Plain(Schema):
    name: ClassVar[str] = "plain"

    def opening(self, prompt: Prompt) -> list[Message]:
        system = prompt.system
        if prompt.tools:
            system += "\n\n" + tools_in_words(prompt)
        if prompt.schema is not None:
            where = 'The value of "answer"' if prompt.tools else "Your answer"
            schema = json.dumps(prompt.schema, ensure_ascii=False)
            system += f"\n\n{where} must be JSON, and nothing else, that fits this JSON Schema:\n{schema}"
        return [{"role": "system", "content": system}, {"role": "user", "content": prompt.task}]

    def options(self, prompt: Prompt) -> dict[str, Any]:
        return {}

    def decode(self, message: Message, prompt: Prompt) -> Decoded:
        if not prompt.tools:
            return Decoded()
        text = json_text.find(str(message.get("content") or ""))
        # words without JSON are an answer to people who asked for words
        return Decoded() if not text and prompt.schema is None else decode_step(text, prompt)

    def answer(self, message: Message, prompt: Prompt) -> str:
        text = str(message.get("content") or "")
        if not prompt.tools and prompt.schema is None:
            return text
        return super().answer({"content": json_text.find(text) or text}, prompt)
