"""Makes requests as a client would send them, for the tests of the rehearsal model."""

from __future__ import annotations

from typing import Any

import orjson

from agents.rehearsal.answer import Answer, answer
from agents.rehearsal.request import ChatRequest, parse
from agents.rehearsal.trouble import Trouble

SYSTEM = "You are a market analyst.\n\nYour goal: Understand what buyers of home batteries want."
USER = (
    "# Task\nResearch the market for home batteries in Portugal.\n\n# Expected output\n{expected}\n\n"
    "# Input\nBuyers of home batteries ask for long guarantees. An installer quoted 12,500 euro."
)


def body(expected: str = "A short report.", **more: Any) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": USER.format(expected=expected)},
    ]
    return {"model": "rehearsal", "messages": messages, **more}


def ask(expected: str = "A short report.", **more: Any) -> ChatRequest:
    return parse(orjson.dumps(body(expected, **more)))


def answered(request: ChatRequest, seed: int = 0, trouble: Trouble | None = None) -> Answer:
    return answer(request, seed, trouble or Trouble())


def tool(name: str, description: str = "", **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


def schema_format(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "result", "strict": True, "schema": schema}}
