"""A run whose nodes are sub-teams, one of which has a sub-team of its own: a family of runs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from agents.models import Team
from agents.topology.graph import PinnedTeam, dump
from runs.children import care
from runs.engine import events as ev
from runs.models import Run
from studio.workspaces.models import User, Workspace
from tests.engine.teams import IN, OUT, agent, team
from tests.runs.factory import Script
from tests.runs.team import publish

TOPIC = {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]}
WHERE = {"input": (0, 120), "research": (220, 20), "numbers": (220, 220), "both": (480, 134)}
WHERE |= {
    "gate": (220, 104),
    "draft": (220, 100),
    "sources": (500, 100),
    "report": (640, 120),
    "output": (900, 120),
}
TITLES = {
    "research": "Research",
    "numbers": "Check the numbers",
    "report": "Write it up",
    "draft": "Find out",
    "sources": "Check sources",
}


@dataclass
class FamilyScene:
    """`parent` runs `numbers` and `research`, which runs `sources`. Each is a script that can go on."""

    workspace: Workspace
    user: User
    mode: str = "live"

    def __post_init__(self) -> None:
        sources = _named("Source check", _simple())
        research = _named("Market research", _with({"draft": agent(), "sources": _sub(sources)}), sources)
        numbers = _named("Number check", _simple())
        join = ("join", {"policy": "all"})
        parts = {"research": _sub(research), "numbers": _sub(numbers), "both": join, "report": agent()}
        edges = ["input>research", "input>numbers", "research>both", "numbers>both", "both>report"]
        made = team({"input": IN, **parts, "output": OUT}, [*edges, "report>output"])
        board = _named("Board report", made, research, numbers)
        self.versions = {
            one.name: publish(self.workspace, one) for one in (sources, numbers, research, board)
        }
        self.parent = Script(self.workspace, self.user, self.versions["Board report"], self.mode)

    def begin(self) -> FamilyScene:
        """Both sub-teams have been asked for; neither of their runs is there yet."""
        self.parent.start({"topic": "Tea"}, cost_limit="0.10")
        for path, name in (("research", "Market research"), ("numbers", "Number check")):
            self._ask(self.parent, path, name)
        self.parent.commit()
        return self

    def at_work(self) -> FamilyScene:
        """The first has a call behind it and its own sub-team at work; the second has just begun."""
        self.begin()
        care(self.parent.run.pk)
        self.research, self.numbers = self._child("research"), self._child("numbers")
        _begun(self.research).say(
            "draft", "Tea is grown in four countries; most of what we buy comes from two of them."
        )
        self._ask(self.research, "sources", "Source check")
        self.research.commit()
        care(self.research.run.pk)
        self.sources = self._child("sources", self.research.run)
        _begun(self.sources).node("draft")
        call = self.sources.ask("draft", self.sources.prompt("draft"))
        self.sources.answer(
            "draft", call, "Two of three sources hold; the third has no date and was left out."
        )
        self.sources.commit()
        _begun(self.numbers).node("draft").ask("draft", self.numbers.prompt("draft"))
        self.numbers.commit()
        return self

    def at_its_limit(self) -> FamilyScene:
        """The second has come to a limit of its own; the run it works for has more."""
        self.at_work()
        numbers = self.numbers.answer("draft", "draft/m1", "They add up.").done("draft", "They add up.")
        numbers.add(ev.LimitsRaised(by=str(self.user.pk), by_name=self.user.name, cost_limit="0.03"))
        message = "The next call may cost $0.02; $0.0178 of $0.03 is left."
        numbers.node("output").add(ev.BudgetExceeded(path="output", limit="cost", message=message))
        numbers.commit()
        return self

    def finished(self) -> FamilyScene:
        """All have ended well; the parent has added a call of its own."""
        self.at_work()
        self._end(self.sources, "draft")
        self.research = Script.going_on(self._fresh(self.research))
        self.research.done("sources", "Two of three.")
        self._end(self.research, "")
        self.numbers.answer(
            "draft", "draft/m1", "They add up, but for the third line, where a digit was lost."
        )
        self._end(self.numbers, "draft")
        self.parent = Script.going_on(self._fresh(self.parent))
        self.parent.done("research", "Found.").done("numbers", "They add up.").node("both").done(
            "both", "All."
        )
        self.parent.say(
            "report", "The board should know that prices will rise by a tenth in the spring."
        ).finish("The board should know …").commit()
        return self

    def run(self) -> Run:
        return self._fresh(self.parent)

    # ── its parts ───────────────────────────────────────────────────────────────────────────────────
    def _ask(self, script: Script, path: str, name: str) -> None:
        given = script.put({"topic": "Tea"})
        version = str(self.versions[name].pk)
        share = "0.04" if script is self.parent else None
        started = ev.ChildRunStarted(
            path=path, team_version=version, team=name, input=given, cost_limit=share
        )
        script.node(path).add(started)

    def _child(self, path: str, parent: Run | None = None) -> Script:
        parent = parent or self.parent.run
        return Script.going_on(parent.children.get(parent_path=path))

    def _end(self, script: Script, last: str) -> None:
        """Its run is done, and whoever waits for it is told."""
        if last:
            script.done(last, "Done.")
        script.finish("Done.").commit()
        care(script.run.pk)

    @staticmethod
    def _fresh(script: Script) -> Run:
        return Run.objects.select_related("team_version__team", "started_by", "parent").get(pk=script.run.pk)


def gated(workspace: Workspace) -> Team:
    """A published team that asks before its sub-team begins; for models that really answer."""
    inner = _named("Source check", _with({"draft": agent()}))
    parts = {"gate": ("approval", {"title": "Check the sources?"}), "sources": _sub(inner)}
    outer = _named("Checked report", _with(parts), inner)
    version = publish(workspace, _rehearsed(inner))
    content = dump(_rehearsed(outer))
    content["teams"]["Source check"] |= {"version": str(version.pk), "team": str(version.team_id)}
    return Team.objects.get(pk=publish(workspace, PinnedTeam.model_validate(content)).team_id)


def _rehearsed(made: PinnedTeam) -> PinnedTeam:
    content = dump(made)
    for one in content["agents"].values():
        one["spec"]["model"] = {"endpoint": "rehearsal", "model": "rehearsal"}
    return PinnedTeam.model_validate(content)


def _begun(script: Script) -> Script:
    return script.node("input").add(ev.NodeCompleted(path="input", output=script.state.input))


def _simple() -> PinnedTeam:
    return _with({"draft": agent()})


def _with(nodes: dict[str, tuple[str, dict[str, Any]]]) -> PinnedTeam:
    order = ["input", *nodes, "output"]
    edges = [f"{one}>{other}" for one, other in pairwise(order)]
    return team({"input": IN, **nodes, "output": OUT}, edges)


def _sub(of: PinnedTeam) -> tuple[str, dict[str, Any]]:
    return "team", {"team": of.name, "input": {"topic": "{{ input.topic }}"}}


def _named(name: str, made: PinnedTeam, *parts: PinnedTeam) -> PinnedTeam:
    content = dump(made) | {"name": name}
    for node in content["graph"]["nodes"]:
        x, y = WHERE[node["id"]]
        node |= {"position": {"x": x, "y": y}, "name": TITLES.get(node["id"], "")}
    content["teams"] = {
        part.name: {"team": "", "version": "", "number": 7, "input_schema": TOPIC} for part in parts
    }
    return PinnedTeam.model_validate(content)
