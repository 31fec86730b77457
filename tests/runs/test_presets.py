"""Every team of the gallery runs as it is, to its end, in all three ways of asking an endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from agents.actions.agents import use_model
from agents.actions.presets import create_from_preset
from agents.actions.teams import publish
from agents.models import Agent, EndpointModel
from agents.presets.registry import presets
from agents.topology.graph import ModelRef
from runs.actions import decide_approval, start_run
from runs.models import Approval, Run
from runs.verify import problems
from tests.rehearsal import RehearsalServer
from tests.workers import Fleet, wait_until
from tests.world import World, build

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.worker,
    pytest.mark.xdist_group("worker"),
]


@pytest.fixture
def furnished(transactional_db: None) -> World:
    return build()


def sample(preset: Any) -> dict[str, Any]:
    """What the launch form offers: the defaults of the input's fields."""
    schema: Any = next(node.config["schema"] for node in preset.file.graph.nodes if node.kind == "input")
    return {field: spec["default"] for field, spec in schema["properties"].items()}


def asking_as(world: World, model: str) -> None:
    """All agents ask this model from now on."""
    row = EndpointModel.objects.select_related("endpoint").get(name=model)
    ref = ModelRef(endpoint=row.endpoint.name, model=model)
    use_model(actor=world.designer, agents=Agent.objects.select_related("current"), model=ref)


def settled(world: World, runs: dict[str, Run]) -> bool:
    """Approve whatever is asked, until all have ended."""
    for approval in Approval.objects.filter(status="pending"):
        decide_approval(actor=world.operator, approval=approval, decision="approve", digest=approval.digest)
    for run in runs.values():
        run.refresh_from_db()
    return all(run.has_ended for run in runs.values())


@pytest.mark.parametrize("model", ["rehearsal", "rehearsal-no-tools", "rehearsal-plain"])
def test_every_preset_runs_to_its_end(
    furnished: World, rehearsal: RehearsalServer, fleet: Fleet, model: str
) -> None:
    designer = furnished.designer
    made = {one.name: create_from_preset(actor=designer, name=one.name).team for one in presets()}
    asking_as(furnished, model)
    fleet.worker()
    fleet.sweeper()
    runs = {}
    for preset in presets():
        team = made[preset.name]
        publish(actor=designer, team=team)
        team.refresh_from_db()
        runs[preset.name] = start_run(actor=furnished.operator, team=team, value=sample(preset))
    wait_until(lambda: settled(furnished, runs), "all runs to end", 90)
    ended = {name: (run.status, run.error) for name, run in runs.items()}
    assert ended == dict.fromkeys(runs, ("done", ""))
    assert {name: problems(run) for name, run in runs.items()} == {name: [] for name in runs}
    children = {run.parent_path for run in Run.objects.exclude(parent=None)}
    assert children == {"brief"}
