"""Forking: what a fork shares with its parent, what it asks and waits for again, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents.topology.changes import AgentChange, Changes
from runs.actions.errors import BadInput, Refused
from runs.actions.fork import Answer, Wanted, fork_run
from runs.approvals import inbox
from runs.engine import events as ev
from runs.engine.fold import replay
from runs.models import Approval, Event, LedgerEntry, LogEvent, Run, Span, Timer
from runs.verify import problems
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World

CHANGED = Changes(agents={"writer": AgentChange(instructions="Write in verse.")})


@pytest.fixture
def script(world: World) -> Script:
    return Script(world.workspace, world.owner.user)


def fork(world: World, run: Run, at: int, **wanted: Any) -> Run:
    return fork_run(actor=world.owner, run=run, wanted=Wanted(at=at, **({"effects": "live"} | wanted)))


def seq_of(run: Run, kind: str, path: str = "") -> int:
    found = LogEvent.objects.filter(run_id=run.pk, type=kind, path=path).order_by("seq").first()
    assert found is not None, f"{kind} {path} never happened"
    return found.seq


def bodies(run: Run) -> list[str]:
    return list(LogEvent.objects.filter(run_id=run.pk).order_by("seq").values_list("body", flat=True))


def own(run: Run) -> list[ev.AnyEvent]:
    rows = Event.objects.filter(run=run).order_by("seq").values_list("body", flat=True)
    return [ev.decode(body) for body in rows]


def test_a_fork_begins_with_its_parents_log_and_goes_on_from_its_hash(world: World, script: Script) -> None:
    parent = scenes.done(script).commit()
    before = (
        bodies(parent),
        parent.seq,
        bytes(parent.head_hash),
        LedgerEntry.objects.filter(run=parent).count(),
    )
    at = seq_of(parent, "NodeStarted", "writer") - 1
    made = fork(world, parent, at)
    assert bodies(made)[:at] == bodies(parent)[:at]
    assert Event.objects.filter(run=made).order_by("seq")[0].seq == at + 1
    (first,) = own(made)
    assert isinstance(first, ev.RunForked)
    assert (first.parent, first.parent_seq) == (str(parent.pk), at)
    assert problems(made) == []
    assert problems(parent) == []
    parent.refresh_from_db()
    after = (
        bodies(parent),
        parent.seq,
        bytes(parent.head_hash),
        LedgerEntry.objects.filter(run=parent).count(),
    )
    assert after == before


def test_what_is_inherited_is_neither_billed_nor_shown_as_work_of_the_fork(
    world: World, script: Script
) -> None:
    parent = scenes.done(script).commit()
    made = fork(world, parent, seq_of(parent, "NodeStarted", "writer") - 1)
    assert not LedgerEntry.objects.filter(run=made).exists()
    assert not Span.objects.filter(run=made).exists()
    assert not Approval.objects.filter(run=made).exists()
    state = replay(ev.decode(body) for body in bodies(made))
    assert (str(state.budget.spent_cost), state.budget.spent_tokens, state.budget.calls) == ("0", 0, 0)


def test_a_fork_of_a_fork_reads_through_both(world: World, script: Script) -> None:
    parent = scenes.done(script).commit()
    child = fork(world, parent, seq_of(parent, "NodeStarted", "writer") - 1)
    within = fork(world, child, 12)
    beyond = fork(world, child, child.seq)
    assert bodies(within)[:12] == bodies(parent)[:12]
    assert bodies(beyond)[: child.seq] == bodies(child)
    assert problems(within) == problems(beyond) == []
    assert beyond.forked_from == child


def test_what_is_asked_at_the_cut_is_asked_again(world: World, script: Script) -> None:
    parent = scenes.at_the_gate(script).commit()
    made = fork(world, parent, parent.seq)
    theirs = Approval.objects.get(run=parent, status="pending")
    mine = Approval.objects.get(run=made, status="pending")
    assert (mine.key, mine.digest, mine.title) == (theirs.key, theirs.digest, theirs.title)
    assert mine.id != theirs.id
    assert made.status == "waiting"
    assert problems(made) == []


def test_the_inbox_says_of_a_forks_call_what_it_says_of_its_parents(world: World, script: Script) -> None:
    parent = scenes.running(script).commit()
    made = fork(world, parent, parent.seq)
    asked = Approval.objects.filter(run__in=[parent, made], status="pending").order_by("requested_at")
    theirs, mine = inbox.lines(asked)
    assert mine.brief
    assert (mine.brief, mine.writes) == (theirs.brief, theirs.writes)


def test_calls_in_flight_and_timers_at_the_cut_belong_to_the_parent(world: World, script: Script) -> None:
    scenes.policy(scenes.opening(script))
    script.node("refund")
    script.ask("refund", script.prompt("refund"))
    key = "refund/m1/retry1"
    script.add(ev.TimerSet(path="refund", key=key, after_s=30, purpose="retry"))
    parent = script.commit()
    made = fork(world, parent, parent.seq)
    closed = next(event for event in own(made) if isinstance(event, ev.CallAbandoned))
    assert (closed.call, closed.charge) == ("refund/m1", None)
    timer = Timer.objects.get(run=made)
    assert timer.due_at > made.created_at
    state = replay(ev.decode(body) for body in bodies(made))
    assert state.open_calls() == []
    assert problems(made) == []


def test_a_call_that_may_have_happened_is_in_doubt_only_where_effects_are_live(
    world: World, script: Script
) -> None:
    scenes.policy(scenes.opening(script))
    scenes.refund_asks(script)
    script.add(
        ev.ApprovalDecided(
            path="refund",
            key="refund/m2/t0/ask",
            decision="approve",
            subject=script.state.node("refund").approvals["refund/m2/t0/ask"].subject,
            by=str(script.user.pk),
            by_name="Olga",
        )
    )
    script.run_tool("refund", "refund/m2/t0", "issue_refund", scenes.REFUND)
    parent = script.commit()
    live, rehearsed = fork(world, parent, parent.seq), fork(world, parent, parent.seq, effects="simulated")
    assert any(isinstance(event, ev.ToolCallInDoubt) for event in own(live))
    assert not any(isinstance(event, ev.ToolCallInDoubt) for event in own(rehearsed))
    assert (live.mode, rehearsed.mode) == ("live", "simulated")
    assert problems(live) == problems(rehearsed) == []


def test_a_rehearsed_fork_need_not_know_what_became_of_a_real_call(world: World, script: Script) -> None:
    parent = scenes.in_doubt(script).commit()
    assert fork(world, parent, parent.seq).status == "doubt"
    rehearsed = fork(world, parent, parent.seq, effects="simulated")
    assert rehearsed.status == "running"
    assert problems(rehearsed) == []


def test_changes_make_a_version_for_the_fork_alone(world: World, script: Script) -> None:
    parent = scenes.done(script).commit()
    team = parent.team_version.team
    made = fork(world, parent, 5, changes=CHANGED)
    assert made.team_version.parsed().agents["writer"].spec.instructions == "Write in verse."
    assert made.team_version.variant_of == parent.team_version
    assert list(team.versions.published()) == [parent.team_version]
    team.refresh_from_db()
    assert team.current == parent.team_version
    assert own(made)[0].changed == ("Reply writer: instructions",)  # type: ignore[union-attr]
    again = fork(world, parent, 5, changes=CHANGED)
    assert again.team_version == made.team_version
    assert problems(made) == []


def test_a_node_that_was_changed_under_way_begins_anew_and_others_go_on(world: World, script: Script) -> None:
    parent = scenes.running(script).commit()
    changes = Changes(agents={"history": AgentChange(goal="Be brief.")})
    made = fork(world, parent, parent.seq, changes=changes)
    state = replay(ev.decode(body) for body in bodies(made))
    anew = state.node("history")
    assert (anew.status, anew.transcript, anew.calls) == ("running", [], {})
    assert state.node("refund").status == "running"
    assert state.node("policy").output


def test_parameters_may_change_in_the_middle_of_a_conversation(world: World, script: Script) -> None:
    parent = scenes.running(script).commit()
    changes = Changes(agents={"history": AgentChange(parameters={"temperature": 0})})
    made = fork(world, parent, parent.seq, changes=changes)
    assert replay(ev.decode(body) for body in bodies(made)).node("history").status == "running"
    assert made.team_version.parsed().agents["history"].spec.parameters.temperature == 0


def test_another_input_reaches_what_is_still_to_come(world: World, script: Script) -> None:
    parent = scenes.at_the_gate(script).commit()
    value = {"topic": "Where is my parcel?"}
    made = fork(world, parent, 4, value=value)
    state = replay(ev.decode(body) for body in bodies(made))
    assert state.input == made.input_digest != parent.input_digest
    assert state.node("input").status == "running"
    assert state.node("triage").status == "running"


def test_an_answer_can_be_given_with_the_fork(world: World, script: Script) -> None:
    parent = scenes.done(script).commit()
    at = seq_of(parent, "ApprovalDecided", "gate") - 1
    answer = Answer(node="gate", decision="reject", comment="Too curt.")
    made = fork(world, parent, at, answers=[answer])
    approval = Approval.objects.get(run=made)
    assert (approval.status, approval.comment) == ("rejected", "Too curt.")
    assert Approval.objects.get(run=parent, path="gate").status == "approved"
    with pytest.raises(BadInput, match="asks nothing"):
        fork(world, parent, 5, answers=[answer])


@pytest.mark.parametrize("at", [0, -1, 10_000])
def test_an_event_that_is_not_there_is_refused(world: World, script: Script, at: int) -> None:
    parent = scenes.done(script).commit()
    with pytest.raises(Refused, match=f"has the events 1 to {parent.seq}; there is no {at}"):
        fork(world, parent, at)


def test_what_has_ended_or_was_stopped_has_nothing_to_go_on_with(world: World, script: Script) -> None:
    parent = scenes.done(script).commit()
    with pytest.raises(Refused, match=f"ended with event {parent.seq}"):
        fork(world, parent, parent.seq)
    with pytest.raises(Refused, match="could only end"):
        fork(world, parent, parent.seq - 1)
    stopped = scenes.cancelled(Script(world.workspace, world.owner.user)).commit()
    with pytest.raises(Refused, match="had stopped the run"):
        fork(world, stopped, seq_of(stopped, "CancelRequested"))
    assert Run.objects.filter(forked_from__isnull=False).count() == 0


def test_changes_that_do_not_fit_are_refused_with_their_reasons(world: World, script: Script) -> None:
    parent = scenes.done(script).commit()
    wrong = [
        (Changes(agents={"nobody": AgentChange(goal="x")}), "no agent nobody"),
        (Changes(nodes={"nowhere": {"task": {}}}), "no node nowhere"),
        (Changes(agents={"writer": AgentChange(parameters={"temperature": 9})}), "less than or equal to 2"),
        (Changes(nodes={"writer": {"agent": "nobody"}}), "nobody"),
        (Changes(nodes={"writer": {"task": {"description": "{{ nodes.nowhere.output }}"}}}), "nowhere"),
    ]
    for changes, reason in wrong:
        with pytest.raises(BadInput, match=reason):
            fork(world, parent, 5, changes=changes)
    with pytest.raises(BadInput, match="topic"):
        fork(world, parent, 1, value={"nonsense": 1})


def test_operators_may_fork_and_designers_may_change_what_agents_are_told(
    world: World, script: Script
) -> None:
    parent = scenes.done(script).commit()
    plain, changed = Wanted(at=5, effects="live"), Wanted(at=5, effects="live", changes=CHANGED)
    assert fork_run(actor=world.operator, run=parent, wanted=plain).started_by == world.operator.user
    with pytest.raises(PermissionDenied):
        fork_run(actor=world.operator, run=parent, wanted=changed)
    with pytest.raises(PermissionDenied):
        fork_run(actor=world.viewer, run=parent, wanted=plain)


def test_the_same_key_forks_once(world: World, script: Script) -> None:
    parent = scenes.done(script).commit()
    wanted = Wanted(at=5, effects="live")
    made = [fork_run(actor=world.owner, run=parent, wanted=wanted, idempotency_key="k") for _ in range(2)]
    assert made[0] == made[1]
    for other in (
        Wanted(at=6, effects="live"),
        Wanted(at=5, effects="simulated"),
        Wanted(at=5, effects="live", changes=CHANGED),
        Wanted(at=5, effects="live", value={"topic": "another"}),
    ):
        with pytest.raises(Refused, match="another fork"):
            fork_run(actor=world.owner, run=parent, wanted=other, idempotency_key="k")
