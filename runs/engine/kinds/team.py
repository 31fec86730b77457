"""Runs a published team as one node: a run of its own, whose output is this node's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from agents.topology import schemas, text
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node, PinnedSubteam
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine import sharing
from runs.engine.budget import Caps
from runs.engine.child_events import CHILD, CHILD_ENDED, CHILD_SAID
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.filling import fill
from runs.engine.kind import Kind, NodeView
from runs.engine.plan import Plan
from runs.engine.state import Node as State


class TeamConfig(NodeConfig):
    team: str = Field(
        "",
        max_length=80,
        title="Team",
        json_schema_extra={"ui": {"widget": "team", "section": "Team", "subtitle": True, "chip": True}},
    )
    input: dict[str, Annotated[str, StringConstraints(max_length=20_000)]] = Field(
        default_factory=dict,
        title="Its input",
        json_schema_extra={
            "ui": {
                "widget": "arguments",
                "section": "Team",
                "help": "Texts with values in them. Left empty, it gets what arrives.",
            }
        },
    )


class TeamKind(Kind):
    name: ClassVar[str] = "team"
    title: ClassVar[str] = "Sub-team"
    summary: ClassVar[str] = "A published team at work as one node"
    icon: ClassVar[str] = "boxes"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "thinks"
    ports: ClassVar[Ports] = Ports(gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR}), works=True)
    Config = TeamConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        known = scope.catalog.teams
        if not config.team:
            yield Problem("team.none", f"{node.title} has no team.", "Choose one.", node.id, field="team")
        elif known is not None and config.team not in known:
            yield Problem(
                "team.unknown",
                f"{node.title} needs the team {config.team}, which has no published version here.",
                "Choose another, or publish it.",
                node.id,
                field="team",
            )
        for name, template in config.input.items():
            yield from scope.template_problems(node, template, f"input.{name}")

    def introduce(self, plan: Plan, node_id: str) -> str:
        known = plan.team.teams.get(plan.configs[node_id].team)
        return (
            f"{plan.title(node_id)}: {known.description}"
            if known and known.description
            else plan.title(node_id)
        )

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def step(self, view: NodeView) -> Iterator[Command]:
        notes = view.state.notes
        if CHILD not in notes:
            if not sharing.must_wait(view.run, _share(view)):
                yield Compute(view.path, "start")
        elif notes.get(CHILD_ENDED) == "done":
            yield Record(ev.NodeCompleted(path=view.path, output=notes[CHILD_SAID]))
        elif CHILD_ENDED in notes:
            message = f"{view.config.team} {notes[CHILD_ENDED]}: {notes[CHILD_SAID]}"[:500]
            yield Record(ev.NodeFailed(path=view.path, code="team_failed", message=message))

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        team = view.plan.team.teams[view.config.team]
        try:
            value = self._input(view, team, content)
        except text.TemplateError as error:
            yield ev.NodeFailed(path=view.path, code="template", message=str(error)[:500])
            return
        if wrong := schemas.errors(team.input_schema, value):
            message = f"{view.config.team} does not take this input: {wrong[0]}"
            yield ev.NodeFailed(path=view.path, code="bad_input", message=message[:500])
            return
        share = _share(view)
        if not sharing.must_wait(view.run, share):  # another may just have begun
            yield ev.ChildRunStarted(
                path=view.path,
                team_version=team.version,
                team=view.config.team,
                input=content.put(value),
                cost_limit=None if share.cost is None else f"{share.cost:f}",
                token_limit=share.tokens,
                call_limit=share.calls,
                seconds_limit=share.seconds,
            )

    def _input(self, view: NodeView, team: PinnedSubteam, content: Content) -> Any:
        """As the node says; else what arrives, put into the one field there is if it is no object."""
        properties: Any = team.input_schema.get("properties") or {}
        if view.config.input:
            return fill(view.config.input, team.input_schema, view.context(content))
        arrived = content.get(view.arrival())
        if view.state.task:
            asked = str(content.get(view.state.task))
            arrived = f"{asked}\n\n{content.text_of(arrived)}" if arrived else asked
        if isinstance(arrived, dict):
            return {name: value for name, value in arrived.items() if name in properties} or arrived
        required: Any = team.input_schema.get("required") or list(properties)
        return {required[0]: content.text_of(arrived)} if required else arrived


def _share(view: NodeView) -> Caps:
    own = sharing.caps_of(view.plan.team.teams[view.config.team].limits)
    return sharing.share(view.run, view.path, own, _parts(view))


def _parts(view: NodeView) -> int:
    """It shares with each sub-team that may begin beside it, and with all else beside it together."""
    others = [node for node in _beside(view) if not node.settled and CHILD not in node.notes]
    teams = sum(view.plan.kind(node.path) is KIND for node in others)
    return 1 + teams + (len(others) > teams)


def _beside(view: NodeView) -> Iterator[State]:
    """Nodes that are neither before nor after it."""
    if view.state.parent:
        yield from (node for node in view.run.spawned(view.state.parent) if node.path != view.path)
        return
    ancestors = view.plan.view.ancestors
    for other in view.plan.order:
        if other != view.id and other not in ancestors[view.id] and view.id not in ancestors[other]:
            yield view.run.nodes.get(view.run.instance(other)) or State(other)


KIND = TeamKind()
