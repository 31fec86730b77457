"""A team as one node: a run of its own, started and told of once, stopped with its parent."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from agents.actions.outcome import Refused as TeamRefused
from agents.actions.teams import publish
from agents.models import Team
from agents.publishing import pin, problems_of
from agents.subteams import Subteams
from agents.topology.graph import PinnedTeam, RunLimits, dump
from runs.actions import cancel_run, pause_run, raise_limits, resume_run, start_run
from runs.actions.errors import Refused
from runs.children import care
from runs.models import Event, LedgerEntry, Run
from runs.verify import problems
from studio.workspaces.access import Member
from tests.engine.teams import IN, OUT, agent, team
from tests.rehearsal import RehearsalServer
from tests.runs.live_team import endpoint, owner, published
from tests.workers import Fleet, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.worker,
    pytest.mark.xdist_group("worker"),
]

INNER = team({"input": IN, "a": agent(), "output": OUT}, ["input>a", "a>output"])
TOPIC = {"topic": "{{ input.topic }}"}


def outer(inner: Team, **config: Any) -> PinnedTeam:
    node = ("team", {"team": inner.name, "input": TOPIC, **config})
    made = team({"input": IN, "sub": node, "b": agent(), "output": OUT}, ["input>sub", "sub>b", "b>output"])
    subteams = {inner.name: dump(Subteams(inner.workspace)[inner.name])}
    return PinnedTeam.model_validate(dump(made) | {"name": "Outer", "teams": subteams})


@pytest.fixture
def actor() -> Member:
    return owner()


@pytest.fixture
def launch(actor: Member, rehearsal: RehearsalServer, own_profile: str, fleet: Fleet) -> Callable[..., Run]:
    def start(trouble: str = "", inner: PinnedTeam = INNER, **fields: Any) -> Run:
        endpoint(actor, rehearsal.url(f"{own_profile},{trouble}" if trouble else own_profile))
        made = published(
            actor, outer(published(actor, PinnedTeam.model_validate(dump(inner) | {"name": "Inner"})))
        )
        fleet.sweeper()
        fleet.worker()
        return start_run(actor=actor, team=made, value={"topic": "tea"}, **fields)

    return start


def status(run: Run) -> str:
    run.refresh_from_db()
    return str(run.status)


def at_work(launch: Callable[..., Run], trouble: str) -> tuple[Run, Run]:
    """A run, and that of its sub-team, which is at work."""
    run = launch(trouble)
    wait_until(lambda: run.children.filter(status="running").exists(), "the sub-team to be at work")
    return run, run.children.get()


def test_a_sub_team_runs_as_a_run_of_its_own_and_gives_its_output(launch: Callable[..., Run]) -> None:
    run = launch()
    wait_until(lambda: status(run) in Run.ENDED, "the run to end")
    assert run.status == "done", run.error
    (child,) = run.children.all()
    assert child.status == "done"
    assert child.parent_path == "sub"
    told = Event.objects.get(run=run, type="ChildRunEnded")
    assert child.output_digest in told.body
    care()
    assert Event.objects.filter(run=run, type="ChildRunEnded").count() == 1
    assert problems(run) == [] == problems(child)


def test_a_paused_run_pauses_its_sub_teams_and_takes_them_along_when_it_goes_on(
    launch: Callable[..., Run], actor: Member
) -> None:
    run, child = at_work(launch, "latency=700")
    assert pause_run(actor=actor, run=run)
    child.refresh_from_db()
    assert child.activity.startswith("Paused by its parent run")
    wait_until(lambda: paused_and_parked(child), "its call to end")
    assert status(run) == "waiting"
    assert resume_run(actor=actor, run=run)
    wait_until(lambda: status(run) in Run.ENDED, "the run to end")
    assert run.status == "done", run.error
    assert problems(run) == [] == problems(Run.objects.get(pk=child.pk))


def test_a_sub_team_that_somebody_paused_stays_so_when_its_parent_goes_on(
    launch: Callable[..., Run], actor: Member
) -> None:
    run, child = at_work(launch, "latency=700")
    assert pause_run(actor=actor, run=child)
    assert pause_run(actor=actor, run=run)
    assert resume_run(actor=actor, run=run)
    care()
    child.refresh_from_db()
    assert child.activity.startswith(f"Paused by {actor.user.name}")
    assert Event.objects.filter(run=child, type="PauseRequested").count() == 1
    assert resume_run(actor=actor, run=child)
    wait_until(lambda: status(run) in Run.ENDED, "the run to end")
    assert run.status == "done", run.error


def asks_twice() -> PinnedTeam:
    """Which one call is allowed."""
    made = team({"input": IN, "a": agent(), "b": agent(), "output": OUT}, ["input>a", "a>b", "b>output"])
    graph = made.graph.model_copy(update={"limits": RunLimits(model_calls=1)})
    return made.model_copy(update={"graph": graph})


def test_a_sub_team_gets_more_only_where_its_run_has_it(launch: Callable[..., Run], actor: Member) -> None:
    run = launch(inner=asks_twice(), limits=RunLimits(model_calls=2))
    wait_until(lambda: run.children.filter(status="waiting").exists(), "the sub-team to stand at its limit")
    child = run.children.get()
    with pytest.raises(Refused, match=f"Run {run.short_id}, .* has 2 calls left for it"):
        raise_limits(actor=actor, run=child, limits=RunLimits(model_calls=3))
    with pytest.raises(Refused, match="2 calls left"):
        raise_limits(actor=actor, run=child, limits=RunLimits(model_calls=None))
    assert not Event.objects.filter(run__in=[run, child], type__endswith="LimitsRaised").exists()
    raise_limits(actor=actor, run=child, limits=RunLimits(model_calls=2))
    held = Event.objects.get(run=run, type="ChildLimitsRaised")
    assert (held.path, json.loads(held.body)["call_limit"]) == ("sub", 2)
    wait_until(lambda: status(child) == "done", "the sub-team to end")
    wait_until(lambda: status(run) == "waiting", "the run to stand at its own limit")
    child.status = Run.Status.WAITING  # as it is to somebody who looked a moment earlier
    with pytest.raises(Refused, match="does not wait for it any more"):
        raise_limits(actor=actor, run=child, limits=RunLimits(model_calls=9))
    raise_limits(actor=actor, run=run, limits=RunLimits(model_calls=3))
    wait_until(lambda: status(run) in Run.ENDED, "the run to end")
    assert run.status == "done"
    assert [LedgerEntry.objects.filter(run=one).count() for one in (run, child)] == [1, 2]
    assert not [problem for one in (run, child) for problem in problems(one)]


def test_a_raise_that_holds_nothing_more_back_leaves_the_run_alone(
    launch: Callable[..., Run], actor: Member
) -> None:
    run = launch(inner=asks_twice(), limits=RunLimits(model_calls=None))
    wait_until(lambda: run.children.filter(status="waiting").exists(), "the sub-team to stand at its limit")
    raise_limits(actor=actor, run=run.children.get(), limits=RunLimits(model_calls=None))
    wait_until(lambda: status(run) in Run.ENDED, "the run to end")
    assert run.status == "done"
    assert not Event.objects.filter(run=run, type="ChildLimitsRaised").exists()
    with pytest.raises(Refused, match="has ended"):
        raise_limits(actor=actor, run=run.children.get(), limits=RunLimits())


def paused_and_parked(run: Run) -> bool:
    run.refresh_from_db()
    return run.lease_until is None and Event.objects.filter(run=run, type="ModelCallCompleted").exists()


def test_a_stopped_run_stops_its_sub_teams(launch: Callable[..., Run], actor: Member) -> None:
    run, _ = at_work(launch, "hang")
    assert cancel_run(actor=actor, run=run)
    wait_until(lambda: status(run) == "cancelled", "the run to stop")
    wait_until(lambda: run.children.filter(status="cancelled").exists(), "the sub-team to stop")
    assert problems(run) == []


def test_a_killed_worker_loses_no_sub_team(launch: Callable[..., Run], fleet: Fleet) -> None:
    run = launch("latency=300")
    wait_until(lambda: run.children.filter(seq__gt=2).exists(), "the sub-team to be at work")
    fleet.kill("w1")
    fleet.worker("w2")
    wait_until(lambda: status(run) in Run.ENDED, "the run to end")
    assert run.status == "done", run.error
    assert run.children.count() == 1
    assert problems(run) == [] == problems(run.children.get())


def test_a_sub_team_never_spends_more_than_is_left_of_its_parents_budget(launch: Callable[..., Run]) -> None:
    run = launch(limits=RunLimits(cost_usd="0.5", model_calls=20))
    wait_until(lambda: status(run) in Run.ENDED, "the run to end")
    child = run.children.get()
    assert child.cost_limit is not None
    assert child.cost_limit <= Decimal("0.5")


def test_a_team_that_would_run_itself_is_refused(actor: Member) -> None:
    inner = published(actor, PinnedTeam.model_validate(dump(INNER) | {"name": "Inner"}))
    made = published(actor, outer(inner))
    node = {"id": "sub", "kind": "team", "config": {"team": "Outer"}}
    edges = [
        {"id": "e1", "source": "input", "target": "sub"},
        {"id": "e2", "source": "sub", "target": "output"},
    ]
    nodes = [{"id": "input", "kind": "input"}, node, {"id": "output", "kind": "output"}]
    inner.draft = {"nodes": nodes, "edges": edges}
    inner.save()
    assert [problem.message for problem in problems_of(inner) if problem.code == "team.circle"] == [
        "Outer runs this team in turn."
    ]
    made.draft = {"nodes": nodes, "edges": edges}
    made.save()
    assert "team.circle" in {problem.code for problem in problems_of(made)}
    node["config"] = {"team": "Nowhere"}
    made.draft = {"nodes": nodes, "edges": edges}
    assert "team.unknown" in {problem.code for problem in problems_of(made)}


def test_publishing_pins_the_sub_teams_version(actor: Member) -> None:
    inner = published(actor, PinnedTeam.model_validate(dump(INNER) | {"name": "Inner"}))
    other = published(actor, outer(inner))
    node = {"id": "sub", "kind": "team", "config": {"team": "Inner"}}
    other.draft = {
        "nodes": [{"id": "input", "kind": "input"}, node, {"id": "output", "kind": "output"}],
        "edges": [
            {"id": "e1", "source": "input", "target": "sub"},
            {"id": "e2", "source": "sub", "target": "output"},
        ],
    }
    pinned = pin(other).teams["Inner"]
    assert pinned.version == str(inner.current_id)
    assert pinned.input_schema["required"] == ["topic"]


def test_a_circle_that_only_a_later_version_closes_is_refused(actor: Member) -> None:
    """Each version is fine by itself; what counts is what the other team runs now."""

    def version(named: Team, *within: str) -> None:
        nodes = ["input", *within, "output"]
        named.draft = {
            "nodes": [
                {"id": one.lower(), "kind": "team", "config": {"team": one}}
                if one in within
                else {"id": one, "kind": one}
                for one in nodes
            ],
            "edges": [
                {"id": f"e{at}", "source": first.lower(), "target": second.lower()}
                for at, (first, second) in enumerate(pairwise(nodes))
            ],
        }
        named.save()
        publish(actor=actor, team=named)
        named.refresh_from_db()

    plain = team({"input": IN, "output": OUT}, ["input>output"])
    first = published(actor, PinnedTeam.model_validate(dump(plain) | {"name": "First"}))
    second = published(actor, PinnedTeam.model_validate(dump(plain) | {"name": "Second"}))
    third = published(actor, PinnedTeam.model_validate(dump(plain) | {"name": "Third"}))
    version(second, "Third")
    version(first, "Second")
    for named, within in ((first, "First"), (second, "First"), (third, "First"), (third, "Second")):
        with pytest.raises(TeamRefused, match="this team"):
            version(named, within)
    version(first)  # runs nobody any more, so that Third may run it
    version(third, "First")
    version(first, "Second")  # whose version runs a Third from before
    with pytest.raises(TeamRefused, match="First runs this team in turn"):
        version(second, "First")
