"""What a node kind is at run time: when it starts, what it wants next, what follows from content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from agents.topology.graph import Edge, EdgeKind
from agents.topology.kind import DesignKind
from runs.engine.commands import Command
from runs.engine.content import Content
from runs.engine.events import Event
from runs.engine.state import Node, NodeStatus, RunState

if TYPE_CHECKING:
    from runs.engine.dialects.base import Prompt
    from runs.engine.plan import Plan

EdgeState = Literal["undecided", "live", "skipped", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node of a run with everything its kind may look at."""

    plan: Plan
    run: RunState
    path: str

    @property
    def state(self) -> Node:
        return self.run.node(self.path)

    @property
    def config(self) -> Any:
        return self.plan.configs[self.path]

    @property
    def title(self) -> str:
        return self.plan.title(self.path)

    def edges_in(self) -> list[tuple[Edge, EdgeState]]:
        return [(edge, edge_state(self.run, edge)) for edge in self.plan.view.flow_in(self.path)]

    def live_sources(self) -> list[str]:
        return [edge.source for edge, state in self.edges_in() if state == "live"]

    def arrival(self) -> str:
        """Digest of what came in: the output of the one live source, which all but joins have.

        An error edge carries what the failed node had been given, so that another can take over.
        """
        source = next(iter(self.live_sources()), None)
        if source is None:
            return self.run.input
        node = self.run.node(source)
        return node.output if node.status is NodeStatus.DONE else self._at(source).arrival()

    def errors(self) -> list[str]:
        """What went wrong in the nodes that error edges come from."""
        failed = [
            source for source in self.live_sources() if self.run.node(source).status is NodeStatus.FAILED
        ]
        return [f"{self.plan.title(source)}: {self.run.node(source).message}" for source in failed]

    def _at(self, path: str) -> NodeView:
        return NodeView(self.plan, self.run, path)

    def contributions(self) -> list[str]:
        """The nodes whose outputs came in, seen through routers, gates and joins, in graph order."""
        found: list[str] = []
        for source in self.live_sources():
            before = self._at(source)
            failed = before.state.status is NodeStatus.FAILED
            if failed or self.plan.kinds[source].passes_on(before):
                found += before.contributions()
            else:
                found.append(source)
        return list(dict.fromkeys(found))

    def context(self, content: Content) -> dict[str, Any]:
        """What rules and templates may read: `input`, `value` and `nodes.<id>.output` of what came before."""
        before = self.plan.view.ancestors[self.path]
        done = {path: node.output for path, node in self.run.nodes.items() if path in before and node.output}
        arrival = self.arrival()
        content.need([*done.values(), self.run.input, arrival])
        return {
            "input": content.get(self.run.input),
            "value": content.get(arrival),
            "nodes": {path: {"output": content.get(output)} for path, output in done.items()},
        }


def edge_state(run: RunState, edge: Edge) -> EdgeState:
    """Whether an edge was taken, which follows from how its source ended."""
    source = run.nodes.get(edge.source)
    if source is None or not source.settled:
        return "undecided"
    if source.status is NodeStatus.DONE:
        taken = edge.kind is EdgeKind.FLOW and (source.chosen is None or edge.id in source.chosen)
        return "live" if taken else "skipped"
    if source.status is NodeStatus.FAILED:
        return "live" if edge.kind is EdgeKind.ERROR else "failed"
    if source.status is NodeStatus.SKIPPED and source.upstream_failed:
        return "failed" if edge.kind is EdgeKind.FLOW else "skipped"
    return "cancelled" if source.status is NodeStatus.CANCELLED else "skipped"


Readiness = Literal["wait", "start", "skip", "fail"]


class Kind(DesignKind):
    """The run-time half of a node kind. Everything here is pure."""

    def ready(self, view: NodeView) -> Readiness:
        """Whether a pending node starts. By default when every edge is decided and one is live."""
        states = [state for _, state in view.edges_in()]
        if "undecided" in states:
            return "wait"
        if "live" in states:
            return "start"
        return "fail" if "failed" in states else "skip"

    def passes_on(self, view: NodeView) -> bool:
        """Whether a settled node passes on what came in, so that prompts look through it."""
        return False

    def before_start(self, view: NodeView) -> Iterable[Command]:
        """What a node may want while it still waits for its edges, such as a deadline."""
        return ()

    def step(self, view: NodeView) -> Iterator[Command]:
        """What a running node wants next, given all that has happened to it."""
        raise NotImplementedError

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[Event]:
        """The facts that follow from content. May raise ContentMissing."""
        raise NotImplementedError

    def prompt(self, view: NodeView, turn: int, content: Content) -> Prompt:
        """The model request of `turn`. May raise ContentMissing."""
        raise NotImplementedError
