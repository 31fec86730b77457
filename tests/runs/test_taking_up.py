"""What a person does to a node that failed: what follows from it, and what is refused. Without a worker."""

from __future__ import annotations

from typing import Any

import pytest

from agents.topology.changes import Changes
from agents.topology.graph import PinnedTeam
from runs.actions import give_output, retry_node
from runs.actions.errors import BadInput, Refused
from runs.actions.fork import Wanted, fork_run
from runs.engine import events as ev
from runs.engine.kind import NodeView, edge_state
from runs.engine.state import RunState
from runs.models import Run
from tests.engine.teams import IN, OUT, agent, team
from tests.runs.factory import Script
from tests.runs.team import publish
from tests.world import World

RULED = team(
    {"input": IN, "a": agent(), "big": agent(), "small": agent(), "output": OUT},
    [
        "input>a",
        {"source": "a", "target": "big", "when": "output.amount > 100"},
        {"source": "a", "target": "small", "when": "output.amount <= 100"},
        "big>output",
        "small>output",
    ],
    variables=[{"name": "amounts", "type": "array", "merge": "append"}],
    writes={"a": {"amounts": "output.amount"}},
)
ROUTED = team(
    {"input": IN, "way": ("router", {}), "a": agent(), "b": agent(), "output": OUT},
    [
        "input>way",
        {"source": "way", "target": "a", "when": "false"},
        {"source": "way", "target": "b", "when": "false"},
        "a>output",
        "b>output",
    ],
)


def failed(world: World, pinned: PinnedTeam, path: str, number: int = 1) -> Run:
    version = publish(world.workspace, pinned, number)
    script = Script(world.workspace, world.owner.user, version=version)
    script.start({"topic": "tea"}).node(path)
    script.add(ev.NodeFailed(path=path, code="bad", message="No."))
    return script.add(ev.RunFailed(code="bad", message="No.", node=path)).commit()


def after(run: Run) -> tuple[RunState, Script]:
    script = Script.going_on(Run.objects.get(pk=run.pk))
    return script.state, script


def test_an_output_given_is_ruled_on_and_written_as_the_nodes_own(world: World) -> None:
    run = failed(world, RULED, "a")
    assert give_output(actor=world.operator, run=run, path="a", value={"amount": 500})
    state, script = after(run)
    plan = script.draft.ref.plan
    taken = {edge.target: edge_state(state, edge) for edge in plan.view.outgoing["a"]}
    assert taken == {"big": "live", "small": "skipped"}
    view = NodeView(plan, state, "big")
    script.content.texts |= dict.fromkeys([state.writes["amounts"][0].value], "500")
    assert view.variables(script.content) == {"amounts": [500]}


def test_an_output_that_cannot_be_written_is_refused(world: World) -> None:
    run = failed(world, RULED, "a")
    with pytest.raises(Refused, match="a cannot give this: The rule"):
        give_output(actor=world.operator, run=run, path="a", value="no amount")
    assert Run.objects.get(pk=run.pk).seq == run.seq


def test_nobody_gives_the_output_of_a_node_that_chooses(world: World) -> None:
    run = failed(world, ROUTED, "way")
    with pytest.raises(Refused, match="it chooses a way on"):
        give_output(actor=world.operator, run=run, path="way", value="a")
    assert retry_node(actor=world.operator, run=run, path="way")


def test_an_output_without_end_is_refused_and_half_characters_are_kept_as_escapes(world: World) -> None:
    run = failed(world, RULED, "a")
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    with pytest.raises(Refused, match="nested too deeply"):
        give_output(actor=world.operator, run=run, path="a", value=deep)
    given = {"amount": 1, "note": "half \ud800 \x00"}
    assert give_output(actor=world.operator, run=run, path="a", value=given, comment="why\x00 \ud800")


def test_a_sub_teams_run_that_its_parent_was_told_of_is_taken_up_there(world: World) -> None:
    run = failed(world, RULED, "a")
    parent = failed(world, ROUTED, "way", number=2)
    Run.objects.filter(pk=run.pk).update(parent=parent, parent_path="way")
    run.refresh_from_db()
    gone_on = f"Run {parent.short_id} has gone on without this one"
    with pytest.raises(Refused, match=gone_on):
        retry_node(actor=world.operator, run=run, path="a")
    with pytest.raises(Refused, match=gone_on):
        give_output(actor=world.operator, run=run, path="a", value={"amount": 1})


def test_a_fork_cannot_run_a_sub_team_that_its_version_does_not_know(world: World) -> None:
    inner = {"team": "t", "version": "v", "number": 1, "input_schema": {"type": "object"}}
    made = team({"input": IN, "sub": ("team", {"team": "Inner"}), "output": OUT}, ["input>sub", "sub>output"])
    pinned = PinnedTeam.model_validate(made.model_dump(by_alias=True) | {"teams": {"Inner": inner}})
    script = Script(world.workspace, world.owner.user, version=publish(world.workspace, pinned))
    run = script.start({"topic": "tea"}).commit()
    changes = Changes(nodes={"sub": {"team": "Elsewhere"}})
    with pytest.raises(BadInput, match="Elsewhere"):
        fork_run(actor=world.owner, run=run, wanted=Wanted(at=1, effects="live", changes=changes))
