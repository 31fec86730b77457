"""Runs every team of the gallery on each model that comes with Troupe, and prints what came of it.

    python bench/gallery.py [--model NAME,NAME] [--only PRESET,PRESET] [--json]

Exits with 1 when a run did not end, ended without saying why, or has a log that does not verify.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if __package__ in (None, ""):  # run by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.stack import LAG_S, Stack

if TYPE_CHECKING:  # what is behind them needs Django, which a command sets up first
    from agents.models import Team
    from agents.presets.registry import Preset
    from runs.models import Run
    from studio.workspaces.access import Member

MODELS = ("rehearsal", "rehearsal-no-tools", "rehearsal-plain", "smollm2-135m")
PATIENCE_S = 600


@dataclass(frozen=True)
class Outcome:
    """One team on one model; its sub-teams' calls and tokens are in the figures."""

    preset: str
    model: str
    status: str
    error: str
    seconds: float
    calls: int
    spawned: int  # workers, participants, items and rounds
    tools: int
    corrected: int  # answers that did not fit and were asked for again
    asked: int  # people
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    wrong: tuple[str, ...]  # in its log

    @property
    def ended_well(self) -> bool:
        told = self.status == "done" or (self.status == "failed" and bool(self.error))
        return told and not self.wrong


# ── one team ────────────────────────────────────────────────────────────────────────────────────────
def sample(preset: Preset) -> dict[str, Any]:
    """What the launch form offers: the defaults of the input's fields."""
    return _defaults(next(node.config["schema"] for node in preset.file.graph.nodes if node.kind == "input"))


def _defaults(schema: Any) -> dict[str, Any]:
    return {field: spec["default"] for field, spec in schema["properties"].items()}


def made(actor: Member, names: list[str], model: str) -> dict[str, Team]:
    """The gallery's teams of these names, and the examples that sub-teams are, published on one model."""
    from agents.actions.agents import use_model
    from agents.actions.presets import create_from_preset
    from agents.actions.teams import publish
    from agents.models import Agent, EndpointModel, Team
    from agents.topology.graph import ModelRef

    teams = {name: create_from_preset(actor=actor, name=name, team_name=f"{name} {model}") for name in names}
    row = EndpointModel.objects.select_related("endpoint").get(
        name=model, endpoint__workspace=actor.workspace
    )
    agents = Agent.objects.filter(workspace=actor.workspace).select_related("current")
    use_model(actor=actor, agents=agents, model=ModelRef(endpoint=row.endpoint.name, model=model))
    examples = Team.objects.filter(workspace=actor.workspace).exclude(current=None)
    for team in [*examples, *(imported.team for imported in teams.values())]:
        publish(actor=actor, team=team)
        team.refresh_from_db()
    return {name: imported.team for name, imported in teams.items()}


def answer_all(actor: Member) -> None:
    """Say yes to whatever is to be approved; answer questions with what their forms offer."""
    from runs.actions import decide_approval
    from runs.models import Approval, Blob

    for approval in Approval.objects.filter(status="pending", run__workspace=actor.workspace):
        answer = None
        if approval.kind == "question":
            subject = json.loads(Blob.objects.get(workspace=actor.workspace, digest=approval.digest).content)
            answer = _defaults(subject["schema"])
        decision = "approve" if answer is None else "answer"
        decide_approval(
            actor=actor, approval=approval, decision=decision, digest=approval.digest, edited=answer
        )


def outcome(preset: str, model: str, run: Run, seconds: float) -> Outcome:
    from runs.engine import events as ev
    from runs.figures.totals import families_of_runs
    from runs.models import LogEvent
    from runs.verify import problems

    log = [ev.decode(body) for body in LogEvent.objects.filter(run=run).values_list("body", flat=True)]
    totals = families_of_runs([run.pk])[run.pk].totals
    return Outcome(
        preset=preset,
        model=model,
        status=run.status,
        error=run.error,
        seconds=round(seconds, 1),
        calls=totals.calls,
        spawned=sum(isinstance(one, ev.NodeStarted) and bool(one.parent or "@" in one.path) for one in log),
        tools=sum(isinstance(one, ev.ToolCallStarted) for one in log),
        corrected=sum(isinstance(one, ev.OutputRejected) for one in log),
        asked=sum(isinstance(one, ev.ApprovalRequested) for one in log),
        input_tokens=totals.input_tokens,
        cached_tokens=totals.cached_tokens,
        output_tokens=totals.output_tokens,
        wrong=tuple(problems(run)),
    )


def played(actor: Member, names: list[str], model: str) -> Iterator[Outcome]:
    """One after another, so that times and cached tokens are each team's own."""
    from agents.presets.registry import preset
    from runs.actions import start_run

    teams = made(actor, names, model)
    for name in names:
        began = time.monotonic()
        run = start_run(actor=actor, team=teams[name], value=sample(preset(name)))
        while not run.has_ended and time.monotonic() - began < PATIENCE_S:
            answer_all(actor)
            time.sleep(LAG_S * 2)
            run.refresh_from_db()
        yield outcome(name, model, run, time.monotonic() - began)


# ── the command ─────────────────────────────────────────────────────────────────────────────────────
def main() -> int:
    options = _options().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is taken down
    stack = Stack()
    if "smollm2-135m" in options.model:
        stack.start_local_model()
    django.setup()
    actor = _furnished(stack)
    stack.start_workers()
    stack.start_sweeper()
    outcomes = []
    for model in options.model:
        for one in played(actor, options.only or _all_names(), model):
            outcomes.append(one)
            if not options.json:
                _print(one, heading=len(outcomes) == 1)
    if options.json:
        print(json.dumps([asdict(one) for one in outcomes], indent=2))
    return 0 if all(one.ended_well for one in outcomes) else 1


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=_listed(MODELS), default=list(MODELS), help=f"of {', '.join(MODELS)}")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="names of presets")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def _listed(known: tuple[str, ...]) -> Any:
    def names(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := sorted(set(chosen) - set(known)):
            raise argparse.ArgumentTypeError(f"there is no {unknown[0]}")
        return chosen

    return names


def _all_names() -> list[str]:
    from agents.presets.registry import NAMES

    return list(NAMES)


def _furnished(stack: Stack) -> Member:
    """The owner of a workspace as a new one is: with both models, tools and examples."""
    import psycopg
    from django.core.management import call_command

    from studio.workspaces.actions import create_workspace
    from studio.workspaces.models import User

    with psycopg.connect(stack.postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE troupe")
    call_command("migrate", verbosity=0)
    user = User.objects.create_user("gallery@example.org", name="Gallery")
    return create_workspace(user=user, name="Gallery")


COLUMNS = {  # with their widths
    "team": 18,
    "model": 19,
    "outcome": 8,
    "time": 8,
    "calls": 6,
    "spawned": 8,
    "tools": 6,
    "corrected": 10,
    "asked": 6,
    "input": 8,
    "cached": 8,
    "output": 8,
}
WORDS = 3  # the columns that are no figures


def _print(one: Outcome, *, heading: bool) -> None:
    if heading:
        print(_line(*COLUMNS))
    counts = (one.calls, one.spawned, one.tools, one.corrected, one.asked)
    tokens = (one.input_tokens, one.cached_tokens, one.output_tokens)
    print(_line(one.preset, one.model, one.status, f"{one.seconds:.1f} s", *counts, *tokens), flush=True)
    for told in (one.error, *one.wrong):
        if told:
            print(f"    {told}", flush=True)


def _line(*cells: Any) -> str:
    return "".join(
        f"{cell:<{width}}" if at < WORDS else f"{cell:>{width}}"
        for at, (cell, width) in enumerate(zip(cells, COLUMNS.values(), strict=True))
    )


if __name__ == "__main__":
    sys.exit(main())
