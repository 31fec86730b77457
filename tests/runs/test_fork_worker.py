"""Forks and reused answers on a real worker: the endpoint's own ledger says what was asked of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Team
from agents.topology.changes import AgentChange, Changes
from agents.topology.graph import PinnedTeam
from runs.actions import decide_approval, start_run
from runs.actions.fork import Wanted, fork_run
from runs.engine import events as ev
from runs.models import Approval, CachedAnswer, Event, LogEvent, Run
from runs.verify import problems
from studio.workspaces.access import Member
from tests.engine.teams import IN, OUT, agent, team
from tests.rehearsal import RehearsalServer
from tests.runs.live_team import endpoint, owner, published
from tests.runs.test_worker import reaches
from tests.workers import Fleet, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.worker,
    pytest.mark.xdist_group("worker"),
]

PIPELINE = team(
    {"input": IN, "a": agent("ann"), "b": agent("bob"), "c": agent("cid"), "output": OUT},
    ["input>a", "a>b", "b>c", "c>output"],
    agents={"ann": {}, "bob": {}, "cid": {}},
)
CALCULATOR = {
    "effect": "reads",
    "parameters": {
        "type": "object",
        "properties": {"expression": {"type": "string"}},
        "required": ["expression"],
    },
    "spec": {"kind": "calculator"},
}


@pytest.fixture
def actor() -> Member:
    return owner()


@pytest.fixture
def asked(rehearsal: RehearsalServer, own_profile: str) -> Callable[[], int]:
    """How many requests the endpoint has had."""
    return lambda: int(rehearsal.ledger(own_profile)["totals"]["started"])


@pytest.fixture
def ran(
    actor: Member, rehearsal: RehearsalServer, own_profile: str, fleet: Fleet
) -> Callable[[PinnedTeam], Run]:
    """A run of this team that is done."""

    def run(pinned: PinnedTeam) -> Run:
        endpoint(actor, rehearsal.url(own_profile))
        made: Team = published(actor, pinned)
        fleet.sweeper()
        fleet.worker()
        started = start_run(actor=actor, team=made, value={"topic": "tea"})
        reaches(started, "done", fleet)
        return started

    return run


def fork(actor: Member, run: Run, at: int, **wanted: Any) -> Run:
    return fork_run(actor=actor, run=run, wanted=Wanted(at=at, **({"effects": "live"} | wanted)))


def started_at(run: Run, path: str) -> int:
    found = LogEvent.objects.filter(run_id=run.pk, type="NodeStarted", path=path).order_by("seq").first()
    assert found is not None
    return found.seq


def calls(run: Run) -> list[str]:
    started = Event.objects.filter(run=run, type="ModelCallStarted").order_by("seq")
    return list(started.values_list("call", flat=True))


def snapshot(run: Run) -> list[Any]:
    return [
        Run.objects.filter(pk=run.pk).values().get(),
        list(Event.objects.filter(run=run).order_by("seq").values()),
        list(run.ledger.order_by("call").values()),
        list(run.spans.order_by("key").values()),
    ]


def test_a_fork_with_another_prompt_asks_again_only_from_there_on(
    ran: Callable[..., Run], actor: Member, fleet: Fleet, asked: Callable[[], int]
) -> None:
    parent = ran(PIPELINE)
    before, requests = snapshot(parent), asked()
    changes = Changes(agents={"bob": AgentChange(instructions="Write in verse.")})
    made = fork(actor, parent, started_at(parent, "b") - 1, changes=changes)
    reaches(made, "done", fleet)
    assert calls(made) == ["b/m1", "c/m1"]
    assert asked() == requests + 2
    assert made.ledger.count() == 2
    assert problems(made) == problems(parent) == []
    assert snapshot(parent) == before


def test_a_recorded_fork_asks_its_endpoint_nothing(
    ran: Callable[..., Run], actor: Member, fleet: Fleet, asked: Callable[[], int]
) -> None:
    parent = ran(PIPELINE)
    before, requests = snapshot(parent), asked()
    made = fork(actor, parent, 1, effects="recorded")
    reaches(made, "done", fleet)
    parent.refresh_from_db()
    assert calls(made) == ["a/m1", "b/m1", "c/m1"]
    assert made.output_digest == parent.output_digest
    assert asked() == requests
    rows = list(made.ledger.values_list("status", "cost", "input_tokens"))
    assert rows == [("reused", Decimal(0), 0)] * 3
    assert problems(made) == []
    assert snapshot(parent) == before


def test_a_call_that_was_never_recorded_waits_for_a_person(
    ran: Callable[..., Run], actor: Member, fleet: Fleet, asked: Callable[[], int]
) -> None:
    parent = ran(PIPELINE)
    requests = asked()
    changes = Changes(agents={"bob": AgentChange(goal="Say it in one line.")})
    made = fork(actor, parent, 1, effects="recorded", changes=changes)
    reaches(made, "waiting", fleet)
    assert calls(made) == ["a/m1"]
    assert asked() == requests
    question = Approval.objects.get(run=made)
    assert (question.kind, question.path, question.call) == ("miss", "b", "b/m1")
    decide_approval(actor=actor, approval=question, decision="approve", digest=question.digest)
    reaches(made, "waiting", fleet)
    after = Approval.objects.get(run=made, status="pending")
    assert after.call == "c/m1", "what follows from another answer was not recorded either"
    assert asked() == requests + 1
    decide_approval(actor=actor, approval=after, decision="reject", digest=after.digest, comment="Enough.")
    reaches(made, "failed", fleet)
    assert "Enough." in made.error
    assert problems(made) == []


def test_a_simulated_fork_of_a_live_run_asks_only_the_rehearsal(
    ran: Callable[..., Run], actor: Member, fleet: Fleet, asked: Callable[[], int]
) -> None:
    parent = ran(PIPELINE)
    requests = asked()
    made = fork(actor, parent, started_at(parent, "b") - 1, effects="simulated")
    reaches(made, "done", fleet)
    assert asked() == requests
    assert set(made.ledger.values_list("simulated", flat=True)) == {True}
    assert problems(made) == []


def cached(pinned: PinnedTeam, seconds: float = 3_600) -> PinnedTeam:
    """The same team, whose agents may answer equal requests from earlier answers."""
    made = pinned.model_copy(deep=True)
    for node in made.graph.nodes:
        if node.kind == "agent":
            node.config["cache_s"] = seconds
    return made


def kept(run: Run, answers: int) -> Run:
    """The same run, once its answers are in the cache: they are put there after the commit that ends it."""
    rows = CachedAnswer.objects.filter(run=run)
    wait_until(lambda: rows.count() == answers, f"{answers} answers of {run.short_id} to be kept")
    return run


def test_equal_requests_of_later_runs_are_answered_from_the_cache(
    ran: Callable[..., Run], actor: Member, fleet: Fleet, asked: Callable[[], int]
) -> None:
    first = kept(ran(cached(PIPELINE)), 3)
    assert asked() == 3
    assert CachedAnswer.objects.filter(workspace=actor.workspace).count() == 3
    second = start_run(actor=actor, team=first.team_version.team, value={"topic": "tea"})
    reaches(second, "done", fleet)
    first.refresh_from_db()
    assert asked() == 3
    assert second.output_digest == first.output_digest
    assert list(second.ledger.values_list("status", "cost")) == [("reused", Decimal(0))] * 3
    reused = Event.objects.filter(run=second, type="ModelCallCompleted", body__contains=f'"{first.pk}"')
    assert reused.count() == 3
    other = start_run(actor=actor, team=first.team_version.team, value={"topic": "coffee"})
    reaches(other, "done", fleet)
    assert asked() == 6
    assert problems(second) == problems(other) == []


def test_an_answer_that_is_too_old_is_asked_for_again(
    ran: Callable[..., Run], actor: Member, fleet: Fleet, asked: Callable[[], int]
) -> None:
    first = kept(ran(cached(PIPELINE, seconds=60)), 3)
    CachedAnswer.objects.update(at=timezone.now() - timedelta(seconds=61))
    second = start_run(actor=actor, team=first.team_version.team, value={"topic": "tea"})
    reaches(second, "done", fleet)
    assert asked() == 6
    assert not second.ledger.filter(status="reused").exists()


def test_answers_never_cross_workspaces_nor_go_from_rehearsals_to_live_runs(
    ran: Callable[..., Run],
    actor: Member,
    fleet: Fleet,
    rehearsal: RehearsalServer,
    own_profile: str,
    asked: Callable[[], int],
) -> None:
    team_ = cached(PIPELINE)
    first = kept(ran(team_), 3)
    stranger = owner("elsewhere")
    endpoint(stranger, rehearsal.url(own_profile))
    theirs = start_run(actor=stranger, team=published(stranger, team_), value={"topic": "tea"})
    reaches(theirs, "done", fleet)
    assert asked() == 6
    rehearsed = start_run(
        actor=actor, team=first.team_version.team, value={"topic": "coffee"}, mode="simulated"
    )
    reaches(rehearsed, "done", fleet)
    kept(rehearsed, 3)
    live = start_run(actor=actor, team=first.team_version.team, value={"topic": "coffee"})
    reaches(live, "done", fleet)
    assert asked() == 9
    assert set(live.ledger.values_list("status", flat=True)) == {"settled"}


COUNTING = team(
    {"input": IN, "a": agent("ann"), "output": OUT},
    ["input>a", "a>output"],
    agents={"ann": {"tools": ["calculator"]}},
    tools={"calculator": CALCULATOR | {"spec": {"kind": "calculator", "cache_s": 600}}},
)


def tool_results(run: Run) -> list[ev.ToolCallCompleted]:
    rows = LogEvent.objects.filter(run_id=run.pk, type="ToolCallCompleted").order_by("seq")
    events = [ev.decode(body) for body in rows.values_list("body", flat=True)]
    return [event for event in events if isinstance(event, ev.ToolCallCompleted)]


def test_a_tool_that_reads_is_not_called_twice_for_the_same(
    ran: Callable[..., Run], actor: Member, fleet: Fleet
) -> None:
    first = kept(ran(COUNTING), 1)
    (asked,) = tool_results(first)
    assert asked.reused is None
    second = start_run(actor=actor, team=first.team_version.team, value={"topic": "tea"})
    reaches(second, "done", fleet)
    (answered,) = tool_results(second)
    assert answered.reused is not None
    assert (answered.reused.source, answered.reused.run) == ("cache", str(first.pk))
    assert answered.result == asked.result
    assert second.tool_effects.get().status == "reused"
    rehearsed = start_run(actor=actor, team=first.team_version.team, value={"topic": "tea"}, mode="simulated")
    reaches(rehearsed, "done", fleet)
    assert [result.reused for result in tool_results(rehearsed)] == [None]
    assert problems(first) == problems(second) == problems(rehearsed) == []


def test_a_recorded_fork_calls_no_tool(ran: Callable[..., Run], actor: Member, fleet: Fleet) -> None:
    parent = kept(ran(COUNTING), 1)
    CachedAnswer.objects.all().delete()
    made = fork(actor, parent, 1, effects="recorded")
    reaches(made, "done", fleet)
    (answered,) = tool_results(made)
    assert answered.reused is not None
    assert (answered.reused.source, answered.reused.run) == ("recorded", str(parent.pk))
    parent.refresh_from_db()
    assert made.output_digest == parent.output_digest
