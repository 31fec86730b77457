"""A request as the kinds make it, neutral of dialect, and what every dialect must do with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from agents.topology.graph import ModelRef, Parameters

Message = dict[str, Any]

NO_MORE = "No more tools may be used: answer with what is known by now."


@dataclass(frozen=True)
class Offer:
    """A tool as it is offered to a model; `parameters` is a JSON Schema of type object.

    One that is not `open` may be called no more. It stays in the request, which begins as the one before did.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    open: bool = True


@dataclass(frozen=True)
class Reply:
    """What a model is told next: a tool's result, or (with no name) why its answer was rejected."""

    text: str
    name: str = ""
    call_id: str = ""


@dataclass(frozen=True)
class Prompt:
    """One model request. The stable part comes first: system, then tools, then the task."""

    agent: str
    model: ModelRef
    parameters: Parameters
    timeout_s: float
    system: str
    task: str
    tools: tuple[Offer, ...] = ()
    schema: dict[str, Any] | None = None  # of the final answer; None: free text
    replies: tuple[Reply, ...] = ()  # since the last call

    @property
    def callable(self) -> tuple[Offer, ...]:
        """The tools that may be called now."""
        return tuple(offer for offer in self.tools if offer.open)

    @property
    def must_answer(self) -> bool:
        """Whether it has tools, but may call none of them any more."""
        return bool(self.tools) and not self.callable


@dataclass(frozen=True)
class Decoded:
    """What a model's message means: tool calls as (id, name, arguments text), or a final answer."""

    tools: tuple[tuple[str, str, str], ...] = ()
    defect: str = ""  # a sentence for the model; the message is neither


class Dialect(ABC):
    name: ClassVar[str]

    @abstractmethod
    def opening(self, prompt: Prompt) -> list[Message]:
        """The first messages of a conversation."""

    @abstractmethod
    def reply(self, reply: Reply) -> Message:
        """A later message."""

    def replies(self, prompt: Prompt) -> list[Message]:
        """The messages that a later turn adds to the conversation."""
        return [self.reply(reply) for reply in prompt.replies]

    @abstractmethod
    def options(self, prompt: Prompt) -> dict[str, Any]:
        """`tools`, `tool_choice` and `response_format` of the request."""

    @abstractmethod
    def decode(self, message: Message, prompt: Prompt) -> Decoded:
        """Which tools `message` asks for, if any."""

    def answer(self, message: Message, prompt: Prompt) -> str:
        """The text of the final answer in `message`."""
        return str(message.get("content") or "")


def response_format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "schema": schema, "strict": is_strict(schema)},
    }


def is_strict(schema: Any) -> bool:
    """Whether OpenAI's strict mode takes this schema: every object closed, every property required."""
    if isinstance(schema, list):
        return all(is_strict(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        names = set(schema.get("properties", {}))
        if schema.get("additionalProperties") is not False or names != set(schema.get("required", [])):
            return False
    return all(is_strict(item) for item in schema.values())
