"""Brings branches together under an explicit policy, and tolerates as many failures as it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology.check import Scope
from agents.topology.graph import Node
from agents.topology.kind import NodeConfig
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.kind import Kind, NodeView, Readiness, node_of
from runs.engine.state import NodeStatus


class JoinConfig(NodeConfig):
    policy: Literal["all", "any", "quorum", "best_effort"] = Field(
        "all",
        title="Goes on when",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Join",
                "chip": "when {}",
                "options": {
                    "all": "all branches are done",
                    "any": "the first is done",
                    "quorum": "enough are done",
                    "best_effort": "the deadline is reached",
                },
            }
        },
    )
    quorum: int = Field(
        2,
        ge=1,
        le=100,
        title="How many are enough",
        json_schema_extra={"ui": {"widget": "number", "section": "Join", "when": {"policy": ["quorum"]}}},
    )
    deadline_s: float | None = Field(
        None,
        gt=0,
        le=86_400 * 30,
        title="Deadline",
        json_schema_extra={
            "ui": {
                "widget": "duration",
                "section": "Join",
                "when": {"policy": ["best_effort"]},
                "help": "Counted from the start of the first branch. Branches still going are stopped.",
            }
        },
    )
    at_least: int = Field(
        1,
        ge=1,
        le=100,
        title="At least",
        json_schema_extra={
            "ui": {"widget": "number", "section": "Join", "when": {"policy": ["best_effort"]}}
        },
    )


class JoinKind(Kind):
    name: ClassVar[str] = "join"
    title: ClassVar[str] = "Join"
    summary: ClassVar[str] = "Waits for branches: all, the first, enough of them, or until a deadline"
    icon: ClassVar[str] = "merge"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "routes"
    shape: ClassVar[Literal["card", "tile"]] = "tile"
    merges: ClassVar[bool] = True
    Config = JoinConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        branches = len(scope.view.flow_in(node.id))
        if branches < 2:
            yield Problem(
                "join.branches",
                f"{node.title} joins {branches or 'no'} branch{'' if branches == 1 else 'es'}.",
                "Connect two or more, or delete it.",
                node.id,
                severity="warning" if branches else "error",
            )
        needed = {"quorum": config.quorum, "best_effort": config.at_least}.get(config.policy, 1)
        if branches and needed > branches:
            yield Problem(
                "join.quorum",
                f"{node.title} wants {needed} branches, but only {branches} lead to it.",
                f"Ask for at most {branches}.",
                node.id,
                field="quorum" if config.policy == "quorum" else "at_least",
            )
        if config.policy == "best_effort" and config.deadline_s is None:
            yield Problem(
                "join.deadline", f"{node.title} has no deadline.", "Set one.", node.id, field="deadline_s"
            )

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def ready(self, view: NodeView) -> Readiness:
        if view.state.given:
            return super().ready(view)
        states = [state for _, state in view.edges_in()]
        live, open_ = states.count("live"), states.count("undecided")
        failed = states.count("failed")
        if live + open_ + failed == 0:
            return "skip"
        config = view.config
        match config.policy:
            case "any":
                enough, possible = live >= 1, live + open_ >= 1
            case "quorum":
                needed = min(config.quorum, live + open_ + failed)
                enough, possible = live >= needed, live + open_ >= needed
            case "best_effort":
                over = open_ == 0 or self._deadline_passed(view)
                enough, possible = over and live >= config.at_least, not over
            case _:
                enough, possible = open_ == 0 and failed == 0, failed == 0
        if enough or not possible:
            return "start"  # a join that cannot succeed starts too, and fails under its own name
        return "wait"

    def before_start(self, view: NodeView) -> Iterable[Command]:
        """The deadline runs from the moment the first branch starts."""
        config = view.config
        if config.policy != "best_effort" or config.deadline_s is None or "deadline" in view.state.timers:
            return
        sources = (view.run.nodes.get(view.run.instance(edge.source)) for edge, _ in view.edges_in())
        if any(node and node.status is not NodeStatus.PENDING for node in sources):
            yield Record(
                ev.TimerSet(path=view.path, key="deadline", after_s=config.deadline_s, purpose="deadline")
            )

    def _deadline_passed(self, view: NodeView) -> bool:
        timer = view.state.timers.get("deadline")
        return timer is not None and timer.fired

    def passes_on(self, view: NodeView) -> bool:
        return True

    def step(self, view: NodeView) -> Iterator[Command]:
        before = sorted(view.plan.exclusive_ancestors[view.id], key=view.plan.place.__getitem__)
        losers = [path for path in map(view.run.instance, before) if not view.run.node(path).settled]
        if losers:
            for path in losers:
                yield Record(ev.NodeCancelled(path=path, because=f"{view.title} went on without it"))
        else:
            yield Compute(view.path, "merge")

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        if view.state.given:  # a loop begins here, and this is not its first round
            yield ev.NodeCompleted(path=view.path, output=view.state.given)
            return
        live = view.live_sources()
        config = view.config
        needed = {"quorum": config.quorum, "best_effort": config.at_least}.get(config.policy, 1)
        counted = [edge.source for edge, state in view.edges_in() if state != "skipped"]
        failed = [
            self._why(view, view.run.instance(edge.source))
            for edge, state in view.edges_in()
            if state == "failed"
        ]
        if len(live) < min(needed, len(counted)) or (config.policy == "all" and failed):
            lost = f"; failed: {', '.join(failed)}" if failed else ""
            message = f"{len(live)} of {len(counted)} branches came through{lost}."
            yield ev.NodeFailed(path=view.path, code="join", message=message[:500])
        elif config.policy == "any":
            yield ev.NodeCompleted(
                path=view.path,
                output=view.run.node(live[0]).output,
                note=f"{view.plan.title(live[0])} was first",
            )
        else:
            outputs = {node_of(path): view.run.node(path).output for path in live}
            content.need(outputs.values())
            merged = {node_id: content.get(output) for node_id, output in outputs.items()}
            note = f"{len(live)} of {len(counted)}"
            yield ev.NodeCompleted(path=view.path, output=content.put(merged), note=note)

    def _why(self, view: NodeView, path: str) -> str:
        message = view.run.node(path).message.rstrip(".")
        return f"{view.plan.title(path)} ({message[:120]})" if message else view.plan.title(path)


KIND = JoinKind()
