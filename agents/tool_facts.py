"""Tools as pages show them: what they may do, when they ask a person, who was given them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from agents import queries
from agents.models import Agent, Tool
from agents.toolbox.registry import kinds
from agents.toolbox.tool import ToolKind
from agents.topology.graph import ToolSpec
from studio.workspaces.models import Workspace


@dataclass(frozen=True)
class EffectWords:
    word: str
    icon: str
    meaning: str


EFFECTS = {
    "reads": EffectWords("reads", "eye", "Looks something up. May be repeated at any time."),
    "idempotent": EffectWords("repeatable", "repeat", "Changes something; twice is the same as once."),
    "writes": EffectWords(
        "writes", "pencil-line", "Changes something each time. Never repeated without a person's consent."
    ),
}
UNKNOWN = EffectWords("unusable", "triangle-alert", "Its configuration is not valid.")
TYPES = {"integer": "whole number", "string": "text", "array": "list", "boolean": "true or false"}


@dataclass(frozen=True)
class ToolFacts:
    name: str
    spec: ToolSpec
    tool: Tool | None = None  # None: an agent names it, but it is not there
    agents: list[Agent] = field(default_factory=list)

    @property
    def kind(self) -> ToolKind | None:
        return kinds().get(self.spec.kind)

    @cached_property
    def effect(self) -> EffectWords:
        try:
            return EFFECTS[self.kind.effect_of(self.spec.config)] if self.kind else UNKNOWN
        except ValidationError:
            return UNKNOWN

    @property
    def icon(self) -> str:
        return self.kind.icon if self.kind else "wrench"

    @property
    def description(self) -> str:
        """What models are told."""
        return self.spec.description or (self.kind.summary if self.kind else "")

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments; empty where the configuration is not valid."""
        try:
            return self.kind.schema(self.spec.config) if self.kind else {}
        except ValidationError:
            return {}

    @property
    def settings(self) -> list[tuple[str, str]]:
        """The configuration in words: each field's title and what it is set to."""
        fields = self.kind.Config.model_fields if self.kind else {}
        titles = {name: info.title or name for name, info in fields.items()}
        return [(titles.get(name, name), _in_words(value)) for name, value in self.spec.config.items()]

    @property
    def secrets_missing(self) -> list[str]:
        """Secrets that the configuration names and nobody has entered."""
        if self.kind is None or self.tool is None:
            return []
        try:
            names = self.kind.secret_names(self.kind.Config.model_validate(self.spec.config))
        except ValidationError:
            return []
        return [name for name in names if name not in self.tool.secrets]


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_in_words(one) for one in value) or "none"
    if isinstance(value, dict):  # a header: secret ones have no value here
        return f"{value.get('name', '')}: {'secret' if value.get('secret') else value.get('value', '')}"
    return str(value)


def facts_of(workspace: Workspace) -> list[ToolFacts]:
    """The tools of the workspace, by name."""
    users = queries.agents_by_tool(workspace)
    return [
        ToolFacts(row.name, row.parsed(), row, users.get(row.name, [])) for row in queries.tools(workspace)
    ]


def of_tool(tool: Tool) -> ToolFacts:
    users = queries.agents_by_tool(tool.workspace)
    return ToolFacts(tool.name, tool.parsed(), tool, users.get(tool.name, []))


def given(names: Iterable[str], known: Mapping[str, ToolFacts]) -> list[ToolFacts]:
    """What an agent was given, also what is not there any more."""
    return [known.get(name) or ToolFacts(name, ToolSpec(kind="gone")) for name in names]


def arguments_of(schema: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each argument as a rule reads it: name, type in words, description."""
    found = []
    for name, one in schema.get("properties", {}).items():
        options = [option.get("type", "") for option in one.get("anyOf", [])]
        said = one.get("type") or (" or ".join(filter(None, options)) if options else "")
        kind = "one of " + ", ".join(map(str, one["enum"])) if "enum" in one else TYPES.get(said, said)
        found.append((name, str(kind), str(one.get("description", ""))))
    return found


def example_of(schema: Mapping[str, Any]) -> Any:
    """Arguments that fit a tool's schema, to begin with."""
    if "default" in schema:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            needed = schema.get("required", [])
            properties = schema.get("properties", {})
            return {name: example_of(one) for name, one in properties.items() if name in needed}
        case "array":
            return []
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return "example"
