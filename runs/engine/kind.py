"""What a node kind is at run time: when it starts, what it wants next, what follows from content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from agents.topology.graph import Edge, EdgeKind
from agents.topology.kind import DesignKind
from agents.topology.variables import merged
from runs.engine.commands import Command
from runs.engine.content import Content
from runs.engine.events import Event
from runs.engine.state import Node, NodeStatus, RunState, Write

if TYPE_CHECKING:
    from runs.engine.dialects.base import Prompt
    from runs.engine.plan import Plan

EdgeState = Literal["undecided", "live", "skipped", "failed", "cancelled"]


LONGEST_PATH = 800  # characters of an instance's; calls and timers add to it, and 1,000 can be stored


def node_of(path: str) -> str:
    """The id of the node that an instance at `path` is of: `draft` for `draft@2` and `lead/m1/t1/draft`."""
    return path.rpartition("/")[2].partition("@")[0]


def before_last(path: str) -> str:
    """The instance of the round before; empty for the first."""
    node_id, _, number = path.partition("@")
    return "" if not number else node_id if number == "2" else f"{node_id}@{int(number) - 1}"


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
    def id(self) -> str:
        """The node's id in the graph, whichever instance this is."""
        return node_of(self.path)

    @property
    def config(self) -> Any:
        return self.plan.config(self.path)

    @property
    def title(self) -> str:
        return self.plan.title(self.path)

    def edges_in(self) -> list[tuple[Edge, EdgeState]]:
        return [(edge, edge_state(self.run, edge)) for edge in self.plan.view.flow_in(self.id)]

    def live_sources(self) -> list[str]:
        """The instances it starts, or has started, from."""
        if self.state.sources or self.state.parent:
            return list(self.state.sources)
        return [self.run.instance(edge.source) for edge, state in self.edges_in() if state == "live"]

    def arrival(self) -> str:
        """Digest of what came in: the output of the one live source, which all but joins have.

        An error edge carries what the failed node had been given, so that another can take over.
        """
        if self.state.given:
            return self.state.given
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
        mute = {e.source for e in self.plan.view.incoming[self.id] if e.carries == "nothing"}
        for source in self.live_sources():
            if node_of(source) in mute:
                continue
            before = self._at(source)
            failed = before.state.status is NodeStatus.FAILED
            if failed or self.plan.kind(source).passes_on(before):
                found += before.contributions()
            else:
                found.append(source)
        return list(dict.fromkeys(found))

    def context(self, content: Content) -> dict[str, Any]:
        """What rules and templates may read: `input`, `value`, `vars` and `nodes.<id>.output`.

        A node that gave nothing (yet) has the output null: one not taken, or one of the round that begins.
        """
        outputs = {node: self._latest_output(node) for node in self.plan.view.readable[self.id]}
        arrival = self.arrival()
        writes = [write.value for written in self.run.writes.values() for write in written]
        content.need([*filter(None, outputs.values()), *writes, self.run.input, arrival])
        return {
            "input": content.get(self.run.input),
            "value": content.get(arrival),
            "vars": self.variables(content),
            "nodes": {
                node: {"output": content.get(output) if output else None} for node, output in outputs.items()
            },
        }

    def _latest_output(self, node_id: str) -> str:
        """Of its instance now; while that has given nothing, of the round before."""
        path = self.run.instance(node_id)
        while path:
            node = self.run.nodes.get(path)
            if node is not None and node.output:
                return node.output
            path = before_last(path)
        return ""

    def variables(
        self,
        content: Content,
        new: Mapping[str, str] | None = None,
        counts: Callable[[Write], bool] = lambda write: True,
    ) -> dict[str, Any]:
        """The team's variables by the writes that count, and `new` ones of this node, not recorded yet."""
        found = {}
        for name, variable in self.plan.variables.items():
            written = [write for write in self.run.writes.get(name, ()) if counts(write)]
            if new and name in new:
                written.append(Write(self.place(), new[name], self.path))
            written.sort(key=lambda write: write.order)
            found[name] = merged(variable, [content.get(write.value) for write in written])
        return found

    def place(self) -> tuple[int, ...]:
        """Its place in the graph's order, rounds of its loops counted: parallel writes are sorted by it."""
        at: list[int] = []
        for loop in self.plan.view.loops_around(self.id):
            at += [self.plan.place[loop.start], len(self.run.loops.get(loop.end, ()))]
        return (*at, self.plan.place.get(self.id, 0))


def edge_state(run: RunState, edge: Edge) -> EdgeState:
    """Whether an edge was taken, which follows from how its source ended."""
    source = run.nodes.get(run.instance(edge.source))
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

    goes_on: ClassVar[bool] = False  # can it take up its work again when what it gave is sent back?

    def ready(self, view: NodeView) -> Readiness:
        """Whether a pending node starts. By default when every edge is decided and one is live."""
        if view.state.given:  # the first of a round
            return "start"
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

    def introduce(self, plan: Plan, node_id: str) -> str:
        """What another node's model is told of this one, when it may be asked."""
        return plan.title(node_id)

    def step(self, view: NodeView) -> Iterator[Command]:
        """What a running node wants next, given all that has happened to it."""
        raise NotImplementedError

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[Event]:
        """The facts that follow from content. May raise ContentMissing."""
        raise NotImplementedError

    def prompt(self, view: NodeView, turn: int, content: Content) -> Prompt:
        """The model request of `turn`. May raise ContentMissing."""
        raise NotImplementedError
