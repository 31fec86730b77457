"""Holds what arrives for a time, until a moment, or until a webhook is called."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import text
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.decide import AWAITS
from runs.engine.fold_steering import SIGNAL
from runs.engine.kind import Kind, NodeView

LONGEST_S = 86_400 * 365
DUE = "due"


class WaitConfig(NodeConfig):
    wait_for: Literal["time", "moment", "webhook"] = Field(
        "time",
        title="Waits for",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Wait",
                "chip": "for {}",
                "options": {"time": "a time", "moment": "a moment", "webhook": "a call of its webhook"},
            }
        },
    )
    seconds: float = Field(
        3600,
        gt=0,
        le=LONGEST_S,
        title="How long",
        json_schema_extra={"ui": {"widget": "duration", "section": "Wait", "when": {"wait_for": ["time"]}}},
    )
    until: str = Field(
        "",
        max_length=500,
        title="Until",
        json_schema_extra={
            "ui": {
                "widget": "template",
                "section": "Wait",
                "when": {"wait_for": ["moment"]},
                "help": "A time such as 2026-12-24T18:00:00Z, or a text that gives one: {{ input.at }}.",
            }
        },
    )
    deadline_s: float | None = Field(
        None,
        gt=0,
        le=LONGEST_S,
        title="At most",
        json_schema_extra={
            "ui": {
                "widget": "duration",
                "section": "Wait",
                "when": {"wait_for": ["webhook"]},
                "help": "Then it fails, which an error edge can catch. Empty: it waits for ever.",
            }
        },
    )


class WaitKind(Kind):
    name: ClassVar[str] = "wait"
    title: ClassVar[str] = "Wait"
    summary: ClassVar[str] = "Holds what arrives until a time, or until a webhook is called"
    icon: ClassVar[str] = "hourglass"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "acts"
    shape: ClassVar[Literal["card", "tile"]] = "tile"
    ports: ClassVar[Ports] = Ports(gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR}))
    Config = WaitConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        if config.wait_for != "moment":
            return
        if not config.until:
            yield Problem(
                "wait.until", f"{node.title} has no moment.", "Say until when.", node.id, field="until"
            )
        elif "{" not in config.until and moment_of(config.until) is None:
            yield Problem(
                "wait.until",
                f"{config.until[:60]!r} is no time.",
                "Write it like 2026-12-24T18:00:00Z.",
                node.id,
                field="until",
            )
        yield from scope.template_problems(node, config.until, "until")

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def passes_on(self, view: NodeView) -> bool:
        return bool(view.config.wait_for != "webhook")

    def step(self, view: NodeView) -> Iterator[Command]:
        node, timer = view.state, view.state.timers.get(DUE)
        if AWAITS not in node.notes:
            yield Compute(view.path, "begin")
        elif SIGNAL in node.notes and view.config.wait_for == "webhook":
            yield Record(
                ev.NodeCompleted(path=view.path, output=node.notes[SIGNAL], note="its webhook was called")
            )
        elif timer is not None and timer.fired:
            yield Record(self._over(view))

    def _over(self, view: NodeView) -> ev.Event:
        if view.config.wait_for == "webhook":
            message = "Its webhook was not called in time."
            return ev.NodeFailed(path=view.path, code="timeout", message=message)
        return ev.NodeCompleted(path=view.path, output=view.arrival())

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        config = view.config
        after: float | None
        match config.wait_for:
            case "time":
                after, words = config.seconds, f"for {config.seconds:g} s"
            case "webhook":
                after, words = config.deadline_s, "for a call of its webhook"
            case _:
                try:
                    written = text.render(config.until, view.context(content))
                except text.TemplateError as error:
                    yield ev.NodeFailed(path=view.path, code="template", message=str(error)[:500])
                    return
                moment = moment_of(written)
                if moment is None:
                    message = f"{written[:100]!r} is no time to wait until."
                    yield ev.NodeFailed(path=view.path, code="bad_time", message=message)
                    return
                after = min(max((moment - view.state.started_at) / 1e6, 0.0), LONGEST_S)
                words = f"until {written.strip()}" + ("" if after else ", which had passed")
        yield ev.NodeNoted(path=view.path, key=AWAITS, text=words)
        if after is not None:
            yield ev.TimerSet(path=view.path, key=DUE, after_s=after, purpose="wait")


ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


def moment_of(written: str) -> int | None:
    """Microseconds since the epoch of an ISO 8601 time; UTC unless it says otherwise."""
    found = ISO.fullmatch(written.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1] and year >= 1970):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    return (seconds - _offset_s(found[7] or "Z")) * 1_000_000


def _offset_s(zone: str) -> int:
    """How far ahead of UTC a zone such as `+01:30` is."""
    if zone == "Z":
        return 0
    digits = zone[1:].replace(":", "")
    ahead = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -ahead if zone[0] == "-" else ahead


KIND = WaitKind()
