"""The node kinds that this installation knows, loaded by dotted name so that no room is imported upwards."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from agents.topology.kind import DesignKind

_kinds: dict[str, DesignKind] = {}


def load(package: str, names: list[str]) -> None:
    """Import `package.name` for each name and register its `KIND`."""
    for name in names:
        kind: DesignKind = import_module(f"{package}.{name}").KIND
        _kinds[kind.name] = kind


def kinds() -> Mapping[str, DesignKind]:
    return _kinds
