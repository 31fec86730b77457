"""The teams a new workspace starts with run as they are, to their end, on a real worker."""

from __future__ import annotations

from typing import Any

import pytest

from agents import queries
from agents.presets.registry import EXAMPLES, preset
from runs.actions import decide_approval, start_run
from runs.models import Approval, Blob, Run
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


def sample(name: str) -> dict[str, Any]:
    """What the launch form offers: the defaults of the input's fields."""
    nodes = preset(name).file.graph.nodes
    schema: Any = next(node.config["schema"] for node in nodes if node.kind == "input")
    return {field: spec["default"] for field, spec in schema["properties"].items()}


def agree(world: World, run: Run) -> bool:
    """Approve whatever the run asks, until it has ended."""
    for approval in Approval.objects.filter(run=run, status="pending"):
        decide_approval(actor=world.operator, approval=approval, decision="approve", digest=approval.digest)
    run.refresh_from_db()
    return run.has_ended


def told(run: Run, fleet: Fleet) -> str:
    logs = [f"{name}:\n{fleet.log(name)[-1500:]}" for name in ("w1", "sweeper")]
    return "\n".join([f"run {run.pk} is {run.status}", *logs])


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_to_its_end(
    furnished: World, rehearsal: RehearsalServer, fleet: Fleet, name: str
) -> None:
    fleet.worker()
    fleet.sweeper()
    team = queries.teams(furnished.workspace).get(name=preset(name).file.name)
    run = start_run(actor=furnished.operator, team=team, value=sample(name))
    wait_until(lambda: agree(furnished, run), f"the end of {name}; {told(run, fleet)}", 30)
    assert (run.status, run.error) == ("done", "")
    assert problems(run) == []
    output = Blob.objects.get(workspace=furnished.workspace, digest=run.output_digest).content
    assert len(output) > 40
    rows = run.ledger.all()
    assert len(rows) >= 1
    assert all(row.price_source == "demonstration price: nothing is charged" for row in rows)
    assert all(row.simulated for row in rows)
    if name == "support_triage":
        assert {effect.tool for effect in run.tool_effects.all()} >= {"calculator"}
