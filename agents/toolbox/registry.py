"""The tool kinds that this installation knows, loaded by dotted name as node kinds are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

from agents.toolbox.tool import ToolKind

_kinds: dict[str, ToolKind] = {}


def load(modules: Iterable[str]) -> None:
    """Import each module and register its `TOOL`."""
    for module in modules:
        kind: ToolKind = import_module(module).TOOL
        _kinds[kind.name] = kind


def kinds() -> Mapping[str, ToolKind]:
    return _kinds


def tool_kind(name: str) -> ToolKind:
    """The kind called `name`. Raises LookupError with a sentence when it is not installed."""
    if name not in _kinds:
        known = ", ".join(sorted(_kinds)) or "none"
        raise LookupError(f"There is no tool kind {name}; this installation has: {known}.")
    return _kinds[name]
