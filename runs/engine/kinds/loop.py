"""Goes round again, along its edge that leads back, until its rule holds or the cap is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import rules
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.kind import Kind, NodeView
from runs.engine.state import Write


class LoopConfig(NodeConfig):
    until: str = Field(
        "",
        max_length=1_000,
        title="Ends when",
        json_schema_extra={
            "ui": {
                "widget": "rule",
                "section": "Loop",
                "subtitle": True,
                "help": "A rule over value, nodes.<id>.output, vars and iteration, such as "
                "nodes.critic.output.good. Empty: it goes round as often as is allowed.",
            }
        },
    )
    max_iterations: int = Field(
        4,
        ge=1,
        le=200,
        title="Rounds at most",
        json_schema_extra={"ui": {"widget": "number", "section": "Loop", "chip": True, "unit": "rounds"}},
    )
    at_cap: Literal["go_on", "fail"] = Field(
        "go_on",
        title="If the rule never holds",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Loop",
                "options": {"go_on": "it goes on with the last result", "fail": "it fails"},
            }
        },
    )
    on_repeat: Literal["go_on", "fail", "ignore"] = Field(
        "go_on",
        title="If a round gives what an earlier one gave",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Loop",
                "options": {
                    "go_on": "it ends and goes on",
                    "fail": "it fails",
                    "ignore": "it goes round all the same",
                },
            }
        },
    )


class LoopKind(Kind):
    name: ClassVar[str] = "loop"
    title: ClassVar[str] = "Loop"
    summary: ClassVar[str] = "Repeats what lies before it until a rule holds, so many times at most"
    icon: ClassVar[str] = "repeat"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "routes"
    shape: ClassVar[Literal["card", "tile"]] = "tile"
    ports: ClassVar[Ports] = Ports(gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR}))
    chooses: ClassVar[bool] = True
    loops: ClassVar[bool] = True
    Config = LoopConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        if config.until:
            yield from scope.rule_problems(config.until, node=node.id, where="until")
        else:
            yield Problem(
                "loop.no_rule",
                f"{node.title} has no rule, so it always goes round {config.max_iterations} times.",
                "Say when it ends.",
                node.id,
                field="until",
                severity="warning",
            )

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def passes_on(self, view: NodeView) -> bool:
        return True

    def step(self, view: NodeView) -> Iterator[Command]:
        yield Compute(view.path, "decide")

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        config, arrived = view.config, view.arrival()
        before = view.run.loops.get(view.id, [])
        round_ = len(before) + 1
        holds, remark = self._holds(view, round_, content)
        if holds:
            yield self._go_on(view, arrived, f"{config.until} holds after {_rounds(round_)}")
        elif config.on_repeat != "ignore" and (same := self._same_as(view, before, content)):
            note = f"round {round_} gave what round {same} had given"
            yield self._end(view, config.on_repeat, arrived, "loop_repeats", note)
        elif round_ >= config.max_iterations:
            yield self._end(view, config.at_cap, arrived, "loop_cap", f"{_rounds(round_)} done{remark}")
        else:
            loop = view.plan.view.loops[view.id]
            yield ev.LoopRepeated(
                path=view.path, iteration=round_ + 1, value=arrived, nodes=loop.body, note=remark.strip("; ")
            )

    def _same_as(self, view: NodeView, before: list[str], content: Content) -> int:
        """The earlier round that gave the same and left the variables as they are now; 0: none did."""
        content.need(write.value for written in view.run.writes.values() for write in written)
        now = view.variables(content)
        for round_, value in enumerate(before, start=1):
            if value == view.arrival() and now == view.variables(content, counts=_until(view, round_)):
                return round_
        return 0

    def _holds(self, view: NodeView, round_: int, content: Content) -> tuple[bool, str]:
        if not view.config.until:
            return False, ""
        try:
            return rules.evaluate(view.config.until, view.context(content) | {"iteration": round_}), ""
        except rules.RuleError as error:
            return False, f"; {error}"

    def _end(self, view: NodeView, how: str, value: str, code: str, note: str) -> ev.Event:
        if how == "fail":
            message = f"{view.title} does not come to an end: {note}."
            return ev.NodeFailed(path=view.path, code=code, message=message[:500])
        return self._go_on(view, value, note)

    def _go_on(self, view: NodeView, value: str, note: str) -> ev.Event:
        edges = [edge.id for edge in view.plan.view.flow_out(view.id) if edge.kind is EdgeKind.FLOW]
        return ev.NodeCompleted(path=view.path, output=value, chosen=tuple(edges), note=note[:500])


def _until(view: NodeView, round_: int) -> Callable[[Write], bool]:
    """Whether a write was made before or outside this loop, or in it by the end of `round_`."""
    loops = [loop.end for loop in view.plan.view.loops_around(view.id)]
    at = 2 * loops.index(view.id) + 1  # where the order of what is in the loop holds its round, from 0
    inside = view.place()[:at]
    return lambda write: write.order[:at] != inside or write.order[at] < round_


def _rounds(count: int) -> str:
    return f"{count} round{'' if count == 1 else 's'}"


KIND = LoopKind()
