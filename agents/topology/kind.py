"""What a node kind is at design time; `runs.engine.kind` adds what it does at run time.

A kind is one file that defines one class and registers one instance of it. Everything else (palette,
inspector form, validation, scheduling) asks the kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from agents.topology.graph import EdgeKind

if TYPE_CHECKING:
    from agents.topology.check import Scope
    from agents.topology.graph import Node
    from agents.topology.problems import Problem


class NodeConfig(BaseModel):
    """Base of the kinds' configurations. UI hints stand in `json_schema_extra={"ui": {...}}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Ports:
    """Which edges a node may have: what comes in by flow, what goes out by each kind of edge."""

    takes: bool = True
    gives: frozenset[EdgeKind] = frozenset({EdgeKind.FLOW})
    works: bool = False  # may another node run it, by a delegates edge?
    peers: bool = False  # may it be handed over to?


class DesignKind:
    """The design-time half of a node kind."""

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    icon: ClassVar[str]  # a Lucide icon
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]]
    shape: ClassVar[Literal["card", "tile"]] = "card"
    ports: ClassVar[Ports] = Ports()
    merges: ClassVar[bool] = False  # may several live edges enter it?
    chooses: ClassVar[bool] = False  # does it take one of its outgoing edges?
    loops: ClassVar[bool] = False  # may one of its edges lead back?
    asks_by_rule: ClassVar[bool] = False  # do rules on its delegates edges mean anything?
    Config: ClassVar[type[NodeConfig]]

    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        """Problems that only this kind can see; `config` is an instance of `Config`."""
        return iter(())

    def describe(self) -> dict[str, Any]:
        """What the canvas needs to offer, draw and edit nodes of this kind."""
        return {
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "icon": self.icon,
            "group": self.group,
            "shape": self.shape,
            "takes": self.ports.takes,
            "gives": sorted(self.ports.gives),
            "merges": self.merges,
            "chooses": self.chooses,
            "works": self.ports.works,
            "peers": self.ports.peers,
            "loops": self.loops,
            "asks_by_rule": self.asks_by_rule,
            "schema": self.Config.model_json_schema(by_alias=True),
        }
