"""Participants argue in rounds, at once in each; a judge says after every round whether it is settled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import text
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import asking, spawn
from runs.engine import events as ev
from runs.engine.asking import Question
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.dialects.base import Prompt
from runs.engine.kind import Kind, NodeView
from runs.engine.plan import Plan

MOST = 8  # participants
TIE = "none"


class DebateConfig(NodeConfig):
    motion: str = Field(
        "",
        max_length=4_000,
        title="What is debated",
        json_schema_extra={
            "ui": {
                "widget": "template",
                "section": "Debate",
                "subtitle": True,
                "help": "Empty: what arrives.",
            }
        },
    )
    judge: str = Field(
        "",
        title="Judge",
        json_schema_extra={"ui": {"widget": "agent", "section": "Debate", "chip": True}},
    )
    rounds: int = Field(
        3,
        ge=1,
        le=12,
        title="Rounds at most",
        json_schema_extra={"ui": {"widget": "number", "section": "Debate", "chip": True, "unit": "rounds"}},
    )
    on_unsettled: Literal["take", "fail"] = Field(
        "take",
        title="If the judge never finds it settled",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Debate",
                "options": {"take": "the last verdict stands", "fail": "it fails"},
            }
        },
    )


class DebateKind(Kind):
    name: ClassVar[str] = "debate"
    title: ClassVar[str] = "Debate"
    summary: ClassVar[str] = "Several argue in rounds until a judge is satisfied"
    icon: ClassVar[str] = "scale"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "thinks"
    ports: ClassVar[Ports] = Ports(
        gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR, EdgeKind.DELEGATES}), works=True
    )
    Config = DebateConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        yield from spawn.worker_problems(node, scope, 2, MOST, "participants", TIE)
        yield from scope.template_problems(node, config.motion, "motion")
        if config.judge not in scope.catalog.agents:
            message = (
                f"{node.title} needs the agent {config.judge}, which does not exist."
                if config.judge
                else f"{node.title} has no judge, so nobody could say when it is settled."
            )
            yield Problem("debate.judge", message, "Choose an agent.", node.id, field="judge")

    def introduce(self, plan: Plan, node_id: str) -> str:
        return f"{plan.title(node_id)}: debates a question and gives a verdict."

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def step(self, view: NodeView) -> Iterator[Command]:
        round_ = self._round(view)
        instances = self._instances(view, round_)
        if not instances:
            yield Compute(view.path, "round")
        elif not all(one.settled for one in instances):
            return
        elif not any(spawn.is_done(one) for one in instances):
            message = f"Nobody took part. {spawn.failures(view, instances)}"
            yield Record(ev.NodeFailed(path=view.path, code="debate", message=message[:500]))
        elif f"verdict {round_}" in view.state.notes:
            yield Compute(view.path, "finish")
        else:
            yield from asking.step(view, view.config.judge)

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        match what:
            case "round":
                yield from self._open(view, content)
            case "answer":
                yield from self._take(view, call, content)
            case "finish":
                yield self._finish(view, content)

    def prompt(self, view: NodeView, turn: int, content: Content) -> Prompt:
        return asking.prompt(view, turn, self._question(view, content), content)

    def _round(self, view: NodeView) -> int:
        """The round under way: the first that the judge has not found unsettled."""
        settled = view.state.notes.get("settled")
        ruled = sum(key.startswith("verdict ") for key in view.state.notes)
        return ruled if settled or ruled == view.config.rounds else ruled + 1

    def _participants(self, view: NodeView) -> list[str]:
        return view.plan.view.workers(view.id)

    def _instances(self, view: NodeView, round_: int) -> list[Any]:
        found = [spawn.at(view, f"r{round_}", node) for node in self._participants(view)]
        return [one for one in found if one is not None]

    def _motion(self, view: NodeView, content: Content) -> str:
        if view.config.motion:
            return text.render(view.config.motion, view.context(content))
        return content.text_of(content.get(view.arrival()))

    def _positions(self, view: NodeView, round_: int, content: Content) -> dict[str, Any]:
        done = [one for one in self._instances(view, round_) if spawn.is_done(one)]
        content.need([one.output for one in done])
        return {view.plan.title(one.path): content.get(one.output) for one in done}

    def _open(self, view: NodeView, content: Content) -> Iterator[ev.Event]:
        round_, most = self._round(view), view.config.rounds
        try:
            motion = self._motion(view, content)
        except text.TemplateError as error:
            yield ev.NodeFailed(path=view.path, code="template", message=str(error)[:500])
            return
        said = self._positions(view, round_ - 1, content) if round_ > 1 else {}
        for node in self._participants(view):
            mine = view.plan.title(node)
            asked = (
                f"Round {round_} of at most {most} of a debate. Answer the others; hold or change your view."
                if said
                else f"Round 1 of at most {most} of a debate. Say your position and your reasons."
            )
            others = {title: words for title, words in said.items() if title != mine}
            given: dict[str, Any] = {"question": motion}
            if said:
                given |= {"you said": said.get(mine), "others said": others}
            yield spawn.start(view, f"r{round_}", node, given, content, asked)

    def _question(self, view: NodeView, content: Content) -> Question:
        round_ = self._round(view)
        titles = [view.plan.title(node) for node in self._participants(view)]
        schema = asking.closed(
            settled={"type": "boolean", "description": "Whether more rounds would change nothing."},
            winner={"type": "string", "enum": [*titles, TIE]},
            verdict={"type": "string", "minLength": 1, "maxLength": 4_000},
        )
        positions = self._positions(view, round_, content)
        ask = "Judge the debate: who has the better case, and is it settled?"
        if round_ == view.config.rounds:
            ask += " This was the last round: decide."
        material: tuple[tuple[str, Any], ...] = ((f"Round {round_}", positions),)
        if round_ == 1:
            material = (("Question", self._motion(view, content)), *material)
        return Question(view.config.judge, ask, schema, material)

    def _take(self, view: NodeView, call: str, content: Content) -> Iterator[ev.Event]:
        asked = view.state.calls[call]
        value, wrong = asking.judge(view, asked, self._question(view, content), content)
        if wrong:
            yield from wrong
            return
        yield asking.accept(view, asked)
        if value["settled"]:
            yield ev.NodeNoted(path=view.path, key="settled", text=str(self._round(view)))
        yield ev.NodeNoted(path=view.path, key=f"verdict {self._round(view)}", text=content.put(value))

    def _finish(self, view: NodeView, content: Content) -> ev.Event:
        round_ = self._round(view)
        verdict = content.get(view.state.notes[f"verdict {round_}"])
        if not verdict["settled"] and view.config.on_unsettled == "fail":
            message = f"The judge did not find it settled after {round_} rounds: {verdict['verdict']}"
            return ev.NodeFailed(path=view.path, code="unsettled", message=message[:500])
        output = verdict | {"rounds": round_, "positions": self._positions(view, round_, content)}
        how = "settled" if verdict["settled"] else "not settled"
        return ev.NodeCompleted(
            path=view.path, output=content.put(output), note=f"{how} after round {round_}"
        )


KIND = DebateKind()
