"""What a tool is: a name, a configuration, arguments with a JSON Schema, an effect, and what it does.

A kind is one file that defines one class and registers one instance of it as `TOOL`. This module is
pure, so that the engine may ask a tool for its schema and effect. Configurations come in as the JSON
that is stored; each kind parses them with its `Config`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

from agents.toolbox.arguments import BadArguments, compact, validate_arguments

__all__ = [
    "BadArguments",
    "Effect",
    "ToolArguments",
    "ToolConfig",
    "ToolContext",
    "ToolFailed",
    "ToolKind",
    "validate_arguments",
]

Effect = Literal["reads", "idempotent", "writes"]


class ToolFailed(Exception):
    """A tool that could not do what it was asked; `sentence` is for the model and for people.

    `retryable`: the same call may succeed later. `uncertain`: it may have happened all the same, so a
    tool that writes must not be called again without a person's consent.
    """

    def __init__(self, sentence: str, *, retryable: bool = False, uncertain: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.retryable = retryable
        self.uncertain = uncertain


@dataclass(frozen=True)
class ToolContext:
    """On whose behalf a tool is called. The key is the same for every attempt of one call."""

    workspace_id: UUID
    tool_name: str
    actor_name: str = ""
    run_id: UUID | None = None
    idempotency_key: str = ""
    timeout_s: float = 30
    simulated: bool = False


class ToolConfig(BaseModel):
    """Base of the kinds' configurations. UI hints stand in `json_schema_extra={"ui": {...}}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolArguments(BaseModel):
    """Base of what a model may pass. Each field's description is written for the model."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolKind:
    """One kind of tool. Subclasses say what it is and implement `perform`, perhaps more."""

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]  # for people; also what a model reads unless the tool has its own description
    icon: ClassVar[str]  # a Lucide icon
    effect: ClassVar[Effect] = "reads"
    Config: ClassVar[type[ToolConfig]] = ToolConfig
    Arguments: ClassVar[type[ToolArguments]]

    # ── what callers use ────────────────────────────────────────────────────────────────────────
    def effect_of(self, config: Mapping[str, Any], arguments: Mapping[str, Any] | None = None) -> Effect:
        """What a call with these arguments may do; without them, the most that any call may do."""
        return self.effect_with(self.Config.model_validate(config), arguments)

    def schema(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON Schema of the arguments, as a model is given it."""
        return self.schema_with(self.Config.model_validate(config))

    async def run(
        self, arguments: dict[str, Any], config: Mapping[str, Any], context: ToolContext
    ) -> JsonValue:
        """The result. `arguments` fit the schema. Raises ToolFailed, also when the time is up."""
        parsed = self.Config.model_validate(config)
        if context.simulated:
            return self.rehearse(arguments, parsed)
        try:
            async with asyncio.timeout(context.timeout_s):
                return await self.perform(arguments, parsed, context)
        except TimeoutError as error:
            effect = self.effect_with(parsed, arguments)
            raise ToolFailed(
                f"{context.tool_name} did not finish within {context.timeout_s:g} seconds.",
                retryable=effect != "writes",
                uncertain=effect != "reads",
            ) from error

    def describe(self) -> dict[str, Any]:
        """What pages need to offer and configure tools of this kind."""
        return {
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "icon": self.icon,
            "effect": self.effect,
            "schema": self.Config.model_json_schema(),
        }

    # ── what kinds define; `config` is an instance of their `Config` ────────────────────────────
    def effect_with(self, config: Any, arguments: Mapping[str, Any] | None) -> Effect:
        return self.effect

    def schema_with(self, config: Any) -> dict[str, Any]:
        return compact(self.Arguments.model_json_schema())

    async def perform(self, arguments: dict[str, Any], config: Any, context: ToolContext) -> JsonValue:
        raise NotImplementedError

    def rehearse(self, arguments: dict[str, Any], config: Any) -> JsonValue:
        """What a rehearsal answers instead: nothing outside is read or changed."""
        return {"simulated": True, "note": f"{self.title} was rehearsed: nothing was read or changed."}

    # ── secrets: their values are kept apart from the configuration, encrypted ──────────────────
    def split_secrets(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The configuration without secret values, and the values by name, from what a form or file gave."""
        return dict(config), {}

    def secret_names(self, config: Any) -> tuple[str, ...]:
        """The secrets this configuration needs."""
        return ()

    def secret_scope(self, config: Any) -> tuple[str, ...]:
        """Where secrets may be sent; one that was entered for less has to be entered again."""
        return ()
