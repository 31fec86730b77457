"""Every team of the gallery runs as it is, to its end, in all three ways of asking an endpoint."""

from __future__ import annotations

import pytest

from agents.presets.registry import NAMES, preset
from bench.gallery import answer_all, made, sample
from runs.actions import start_run
from runs.models import Run
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


def settled(world: World, runs: dict[str, Run]) -> bool:
    """Answer whatever is asked, until all have ended."""
    answer_all(world.operator)
    for run in runs.values():
        run.refresh_from_db()
    return all(run.has_ended for run in runs.values())


@pytest.mark.parametrize("model", ["rehearsal", "rehearsal-no-tools", "rehearsal-plain"])
def test_every_preset_runs_to_its_end(
    furnished: World, rehearsal: RehearsalServer, fleet: Fleet, model: str
) -> None:
    teams = made(furnished.designer, list(NAMES), model)
    fleet.worker()
    fleet.sweeper()
    runs = {
        name: start_run(actor=furnished.operator, team=team, value=sample(preset(name)))
        for name, team in teams.items()
    }
    wait_until(lambda: settled(furnished, runs), "all runs to end", 90)
    ended = {name: (run.status, run.error) for name, run in runs.items()}
    assert ended == dict.fromkeys(runs, ("done", ""))
    assert {name: problems(run) for name, run in runs.items()} == {name: [] for name in runs}
    children = {run.parent_path for run in Run.objects.exclude(parent=None)}
    assert children == {"brief"}
