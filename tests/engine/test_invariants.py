"""The invariants of the engine, over random teams and whatever order things may happen in.

A state machine plays the world: calls end in any order, workers die, people decide, stop and pause, clocks
run. After every step all invariants hold; in the end every run has ended.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agents.topology.check import Catalog, blocking, check
from runs.engine import events as ev
from runs.engine.child_events import CHILD, CHILD_ENDED
from runs.engine.commands import Record
from runs.engine.completion import consequences
from runs.engine.decide import AWAITS, decide, status
from runs.engine.fold_steering import SIGNAL
from runs.engine.kind import node_of
from runs.engine.state import NodeStatus
from runs.engine.taken_up import begun_anew
from tests.engine.harness import Engine
from tests.engine.invariants import readable, violations
from tests.engine.random_teams import DONE, answer, teams

PAUSE = ev.PauseRequested(by="someone", by_name="Someone")
RESUME = ev.ResumeRequested(by="someone", by_name="Someone")
BY: dict[str, Any] = {"by": "someone", "by_name": "Someone"}
CRASHES = 4
TAKEN_UP = 2  # how often in a run


class World(RuleBasedStateMachine):
    run: Engine

    @initialize(team=teams(), calls=st.sampled_from((None, None, None, 1, 3)))
    def start(self, team: Any, calls: int | None) -> None:
        catalog = Catalog({key: agent.spec for key, agent in team.agents.items()}, _specs(team))
        wrong = blocking(check(team.graph, catalog))
        assert not wrong, f"{wrong}\n{team.graph}"
        self.run = Engine(team, answer, DONE).start({"topic": "tea"}, call_limit=calls)
        self.crashes = self.taken_up = 0
        self.stopped = False
        self.sent_when_stopped = 0
        self.run.think()

    @property
    def going(self) -> bool:
        return not self.run.state.ended

    # ── what the world does ─────────────────────────────────────────────────────────────────────────
    @precondition(lambda self: self.run.inflight)
    @rule(data=st.data())
    def a_call_ends(self, data: st.DataObject) -> None:
        self.run.settle(data.draw(st.sampled_from(sorted(self.run.inflight))))
        self.run.think()

    @precondition(lambda self: self.run.inflight)
    @rule(data=st.data())
    def several_end_before_anybody_thinks(self, data: st.DataObject) -> None:
        for key in data.draw(st.permutations(sorted(self.run.inflight))):
            if key in self.run.inflight:
                self.run.settle(key)
        self.run.think()

    @precondition(lambda self: self.going and self.run.state.open_timers())
    @rule(fires=st.booleans())
    def time_passes(self, fires: bool) -> None:
        """Up to the next timer; who notices that it is due may be late."""
        self.run.now = max(self.run.now, min(timer.due_at for timer in self.run.state.open_timers()))
        if fires:
            self.run.fire_due()
            self.run.think()

    @precondition(lambda self: self.going and self.crashes < CRASHES)
    @rule(thinks=st.booleans())
    def the_worker_dies(self, thinks: bool) -> None:
        self.crashes += 1
        self.run.crash()
        if thinks:
            self.run.think()

    @rule()
    def a_message_comes_twice(self) -> None:
        length = len(self.run.log)
        self.run.think()
        self.run.think()
        if not self.run.inflight:
            assert len(self.run.log) >= length

    # ── what people do ──────────────────────────────────────────────────────────────────────────────
    @precondition(lambda self: self.going and self.open_questions())
    @rule(data=st.data())
    def somebody_decides(self, data: st.DataObject) -> None:
        at = data.draw(st.sampled_from(self.open_questions()))
        asked = self.run.state.pending_approvals()[at]
        self.decide(at, data.draw(st.sampled_from(choices(asked.kind, back=asked.may_send_back))))
        self.run.think()

    @precondition(lambda self: self.going and not self.stopped)
    @rule(dies=st.booleans())
    def somebody_stops_it(self, dies: bool) -> None:
        self.stopped = True
        self.run.cancel()
        self.sent_when_stopped = len(self.run.sent)
        if dies and self.crashes < CRASHES:
            self.the_worker_dies(True)
        self.run.think()

    @precondition(lambda self: self.going and not self.run.state.paused_by and not self.stopped)
    @rule()
    def somebody_pauses_it(self) -> None:
        self.run.add(PAUSE)
        sent = len(self.run.sent)
        self.run.think()
        assert len(self.run.sent) == sent, "something was sent although the run is paused"

    @precondition(lambda self: self.going and self.run.state.paused_by)
    @rule()
    def somebody_resumes_it(self) -> None:
        self.run.add(RESUME)
        self.run.think()

    @precondition(lambda self: self.going and self.run.state.budget.blocked)
    @rule(more=st.integers(1, 5))
    def somebody_raises_the_limit(self, more: int) -> None:
        more += self.run.state.budget.calls
        self.run.add(ev.LimitsRaised(by="someone", by_name="Someone", call_limit=more))
        self.run.think()

    @precondition(lambda self: self.going and self.sub_teams())
    @rule(data=st.data(), done=st.booleans())
    def a_sub_team_ends(self, data: st.DataObject, done: bool) -> None:
        self.end_sub_team(data.draw(st.sampled_from(self.sub_teams())), "done" if done else "failed")
        self.run.think()

    @precondition(lambda self: self.going and self.webhooks())
    @rule(data=st.data())
    def a_webhook_is_called(self, data: st.DataObject) -> None:
        self.call_webhook(data.draw(st.sampled_from(self.webhooks())))
        self.run.think()

    @precondition(lambda self: self.taken_up < TAKEN_UP and self.failed())
    @rule(data=st.data(), gives=st.booleans())
    def somebody_takes_it_up(self, data: st.DataObject, gives: bool) -> None:
        """A node that failed is run again, or its output is given; also after the run had failed."""
        self.taken_up += 1
        path = data.draw(st.sampled_from(self.failed()))
        nodes = begun_anew(self.run.state, self.run.plan, path)
        given = self.given(path) if gives and not self.run.plan.kind(path).chooses else None
        if given is not None:
            self.run.add(ev.OutputGiven(path=path, nodes=nodes, **given, **BY))
        else:
            self.run.add(ev.NodeRetried(path=path, nodes=(node_of(path), *nodes), **BY))
        self.run.think()

    def given(self, path: str) -> dict[str, Any] | None:
        """What follows from an output that a person gives; None when the node could not give it."""
        run = self.run
        completed = Record(ev.NodeCompleted(path=path, output=run.content.put("given")))
        *written, last = consequences(completed, run.plan, run.state, run.content)
        if isinstance(last, ev.NodeFailed):
            return None
        writes = [{"writes": one.writes, "order": one.order} for one in written]  # type: ignore[attr-defined]
        return {"output": last.output, "chosen": last.chosen} | (writes[0] if writes else {})  # type: ignore[attr-defined]

    # ── what can be done ────────────────────────────────────────────────────────────────────────────
    def sub_teams(self) -> list[str]:
        nodes = [self.run.node(path) for path in self.run.state.running]
        return [node.path for node in nodes if CHILD in node.notes and CHILD_ENDED not in node.notes]

    def end_sub_team(self, path: str, how: Any) -> None:
        output = self.run.content.put("what they found") if how == "done" else ""
        budget = self.run.state.budget
        calls = 2 if budget.call_limit is None else min(2, budget.reserved[path, 0][2])
        self.run.add(
            ev.ChildRunEnded(path=path, child="c", status=how, output=output, cost="0.01", calls=calls)
        )

    def webhooks(self) -> list[str]:
        plan, nodes = self.run.plan, [self.run.node(path) for path in self.run.state.running]
        waits = [node for node in nodes if AWAITS in node.notes and SIGNAL not in node.notes]
        return [node.path for node in waits if plan.config(node.path).wait_for == "webhook"]

    def call_webhook(self, path: str) -> None:
        self.run.add(ev.SignalReceived(path=path, payload=self.run.content.put({"called": True})))

    def failed(self) -> list[str]:
        """Nodes of the graph itself that may be taken up."""
        state = self.run.state
        if self.stopped or state.ended in ("done", "cancelled"):
            return []
        paths = [state.instance(node_id) for node_id in self.run.plan.order]
        return [path for path in paths if self.run.node(path).status is NodeStatus.FAILED]

    def open_questions(self) -> list[int]:
        """Which may still be decided: by the database's clock, the deadline has not passed."""
        return [
            place
            for place, asked in enumerate(self.run.state.pending_approvals())
            if asked.deadline_at is None or asked.deadline_at >= self.run.now
        ]

    def decide(self, at: int, decision: str) -> None:
        edited = {"paid": 500} if decision in ("done", "answer") else None
        self.run.decide(decision, at=at, edited=edited, comment="Because.")

    # ── what must hold ──────────────────────────────────────────────────────────────────────────────
    @invariant()
    def everything_that_must_be_true_is(self) -> None:
        found = violations(self.run.log)
        assert not found, f"{found}\n{readable(self.run.log)}"

    @invariant()
    def nothing_is_sent_after_a_stop(self) -> None:
        if self.stopped:
            assert len(self.run.sent) == self.sent_when_stopped

    @invariant()
    def what_is_in_flight_was_committed(self) -> None:
        started = {
            (e.call, e.attempt)
            for e in self.run.log
            if isinstance(e, ev.ModelCallStarted | ev.ToolCallStarted)
        }
        assert set(self.run.sent) <= started

    def teardown(self) -> None:
        """Whatever happened: it ends, and nothing that writes happened twice unless somebody said so."""
        if not hasattr(self, "run"):
            return
        for _ in range(300):
            self.run.think()
            if not self.go_on():
                break
        assert self.run.state.ended, f"{status(self.run.state)}\n{readable(self.run.log)}"
        self.everything_that_must_be_true_is()
        assert decide(self.run.state, self.run.plan) == []

    def go_on(self) -> bool:
        """The next thing that is needed for the run to end; False when there is none."""
        state = self.run.state
        if state.ended:
            return False
        if state.paused_by:
            self.run.add(RESUME)
        elif state.budget.blocked:
            self.run.add(ev.LimitsRaised(by="someone", by_name="Someone"))
        elif questions := self.open_questions():
            self.decide(questions[0], choices(state.pending_approvals()[questions[0]].kind)[0])
        elif sub_teams := self.sub_teams():
            self.end_sub_team(sub_teams[0], "done")
        elif webhooks := self.webhooks():
            self.call_webhook(webhooks[0])
        else:
            return self.run.step()
        return True


def choices(kind: str, *, back: bool = False) -> tuple[str, ...]:
    known = {"doubt": ("done", "retry", "abort"), "question": ("answer", "reject")}
    return known.get(kind, ("approve", "reject", "send_back") if back else ("approve", "reject"))


def _specs(team: Any) -> dict[str, Any]:
    return {key: tool.spec for key, tool in team.tools.items()}


World.TestCase.settings = settings(
    max_examples=int(os.environ.get("EXAMPLES", "60")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAnyTeamInAnyOrder = World.TestCase
