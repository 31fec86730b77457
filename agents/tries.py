"""One live call of an agent, for its editor. Runs belong to the room above, which `AGENT_TRY` names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from agents.topology.graph import AgentSpec
from studio.workspaces.access import Member


@dataclass(frozen=True)
class TriedTool:
    """A tool the model asked for; nothing was called."""

    name: str
    arguments: str
    verdict: str
    asks: bool = False  # a person, in a run
    refused: bool = False


@dataclass(frozen=True)
class Try:
    """What came of it. Nothing of it is stored; `cost` None means that nobody knows the price."""

    text: str = ""
    error: str = ""
    problems: list[str] = field(default_factory=list)  # why the answer does not fit its schema
    fits: bool = False  # it was typed, and fits
    tools: list[TriedTool] = field(default_factory=list)
    model: str = ""
    finish: str = ""
    seconds: float = 0
    first_token_s: float | None = None
    input_tokens: int | None = None
    cached_tokens: int = 0
    output_tokens: int | None = None
    cost: Decimal | None = None
    simulated: bool = False

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The fields of an answer that is a JSON object, as text."""
        try:
            value = json.loads(self.text)
        except ValueError:
            return []
        if not isinstance(value, dict):
            return []
        return [(name, _plain(one)) for name, one in value.items()]

    @property
    def speed(self) -> float | None:
        """Tokens a second, over the whole call."""
        return self.output_tokens / self.seconds if self.output_tokens and self.seconds else None

    @property
    def was_cut_off(self) -> bool:
        return self.finish == "length"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def try_agent(member: Member, spec: AgentSpec, words: str) -> Try:
    """The agent's answer to `words`: one model call, bounded in time, recorded nowhere."""
    tell: Callable[..., Any] = import_string(settings.AGENT_TRY)
    found: Try = tell(member, spec, words)
    return found
