"""The invariants of the engine, over random teams and whatever order things may happen in.

A state machine plays the world: calls end in any order, workers die, people decide, stop and pause, clocks
run. After every step all invariants hold; in the end every run has ended.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runs.engine import events as ev
from runs.engine.decide import decide, status
from tests.engine.harness import Engine
from tests.engine.invariants import readable, violations
from tests.engine.random_teams import DONE, answer, teams

PAUSE = ev.PauseRequested(by="someone", by_name="Someone")
RESUME = ev.ResumeRequested(by="someone", by_name="Someone")
CRASHES = 4


class World(RuleBasedStateMachine):
    run: Engine

    @initialize(team=teams(), calls=st.sampled_from((None, None, None, 1, 3)))
    def start(self, team: Any, calls: int | None) -> None:
        self.run = Engine(team, answer, DONE).start({"topic": "tea"}, call_limit=calls)
        self.crashes = 0
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
        self.decide(at, data.draw(st.sampled_from(choices(self.run.state.pending_approvals()[at].kind))))
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

    def open_questions(self) -> list[int]:
        """Which may still be decided: by the database's clock, the deadline has not passed."""
        return [
            place
            for place, asked in enumerate(self.run.state.pending_approvals())
            if asked.deadline_at is None or asked.deadline_at >= self.run.now
        ]

    def decide(self, at: int, decision: str) -> None:
        edited = {"paid": 500} if decision == "done" else None
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
        else:
            return self.run.step()
        return True


def choices(kind: str) -> tuple[str, ...]:
    return ("done", "retry", "abort") if kind == "doubt" else ("approve", "reject")


World.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestAnyTeamInAnyOrder = World.TestCase
