"""Runs its worker once for each item of a list: a few at once, results in the items' order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import rules
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine import spawn
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.kind import Kind, NodeView
from runs.engine.plan import Plan
from runs.engine.state import Node as Instance
from runs.engine.state import NodeStatus

ITEMS = "items"  # the note that holds how many there are, and the digest of the list


class MapConfig(NodeConfig):
    over: str = Field(
        "value",
        min_length=1,
        max_length=1_000,
        title="For each item of",
        json_schema_extra={
            "ui": {
                "widget": "rule",
                "section": "Map",
                "subtitle": True,
                "help": "An expression that gives a list, such as value.chapters or input.urls. "
                "The worker reads its item as {{ value }}.",
            }
        },
    )
    at_once: int = Field(
        5,
        ge=1,
        le=100,
        title="At once",
        json_schema_extra={"ui": {"widget": "number", "section": "Map", "chip": "{} at once"}},
    )
    max_items: int = Field(
        100,
        ge=1,
        le=2_000,
        title="Items at most",
        json_schema_extra={
            "ui": {
                "widget": "number",
                "section": "Map",
                "help": "A longer list fails before anything is spent.",
            }
        },
    )
    on_failure: Literal["fail", "leave_out", "null"] = Field(
        "fail",
        title="If an item fails",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Map",
                "options": {
                    "fail": "all of it fails",
                    "leave_out": "it is left out",
                    "null": "its result is null",
                },
            }
        },
    )


class MapKind(Kind):
    name: ClassVar[str] = "map"
    title: ClassVar[str] = "Map"
    summary: ClassVar[str] = "Gives each item of a list to its worker, a few at once"
    icon: ClassVar[str] = "list-checks"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "routes"
    ports: ClassVar[Ports] = Ports(
        gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR, EdgeKind.DELEGATES}), works=True
    )
    Config = MapConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        yield from spawn.worker_problems(node, scope, 1, 1, "worker")
        yield from scope.rule_problems(config.over, node=node.id, where="over")

    def introduce(self, plan: Plan, node_id: str) -> str:
        return f"{plan.title(node_id)}: works through a list."

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def step(self, view: NodeView) -> Iterator[Command]:
        if ITEMS not in view.state.notes:
            yield Compute(view.path, "list")
            return
        instances = view.run.spawned(view.path)
        failed = [one for one in instances if one.settled and one.status is not NodeStatus.DONE]
        count, _ = self._items(view)
        if failed and view.config.on_failure == "fail":
            yield Compute(view.path, "gather")
        elif len(instances) < count and spawn.active(view) < view.config.at_once:
            yield Compute(view.path, "start")
        elif len(instances) == count and not spawn.active(view):
            yield Compute(view.path, "gather")

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        match what:
            case "list":
                yield self._list(view, content)
            case "start":
                yield from self._start(view, content)
            case "gather":
                yield self._gather(view, content)

    def _items(self, view: NodeView) -> tuple[int, str]:
        count, _, digest = view.state.notes[ITEMS].partition(" ")
        return int(count), digest

    def _worker(self, view: NodeView) -> str:
        return view.plan.view.workers(view.id)[0]

    def _list(self, view: NodeView, content: Content) -> ev.Event:
        try:
            items = rules.value_of(view.config.over, view.context(content))
        except rules.RuleError as error:
            return ev.NodeFailed(path=view.path, code="not_a_list", message=str(error)[:500])
        if not isinstance(items, list):
            message = f"{view.config.over} gave {type(items).__name__}, not a list: {str(items)[:120]}"
            return ev.NodeFailed(path=view.path, code="not_a_list", message=message)
        if len(items) > view.config.max_items:
            message = f"The list has {len(items):,} items; at most {view.config.max_items:,} are allowed."
            return ev.NodeFailed(path=view.path, code="too_many_items", message=message)
        return ev.NodeNoted(path=view.path, key=ITEMS, text=f"{len(items)} {content.put(items)}")

    def _start(self, view: NodeView, content: Content) -> Iterator[ev.Event]:
        count, digest = self._items(view)
        items, started = content.get(digest), len(view.run.spawned(view.path))
        room = view.config.at_once - spawn.active(view)
        for number in range(started, min(started + room, count)):
            yield spawn.start(view, number + 1, self._worker(view), items[number], content)

    def _gather(self, view: NodeView, content: Content) -> ev.Event:
        config, worker = view.config, self._worker(view)
        count, _ = self._items(view)
        instances = [spawn.at(view, number, worker) for number in range(1, count + 1)]
        lost = [n for n, one in enumerate(instances, 1) if one and one.settled and not spawn.is_done(one)]
        if lost and config.on_failure == "fail":
            first: Instance = instances[lost[0] - 1]  # type: ignore[assignment]
            message = f"Item {lost[0]} of {count} failed: {first.message or first.status}"
            return ev.NodeFailed(path=view.path, code=first.code or "item_failed", message=message[:500])
        done = [one.output if one and spawn.is_done(one) else "" for one in instances]
        content.need(filter(None, done))
        results = [content.get(digest) if digest else None for digest in done]
        if config.on_failure == "leave_out":
            results = [result for result, digest in zip(results, done, strict=True) if digest]
        note = f"{count} items" + (f", {len(lost)} failed" if lost else "")
        return ev.NodeCompleted(path=view.path, output=content.put(results), note=note)


KIND = MapKind()
