"""One run of a scenario, from its start to its end, with deaths where they were arranged."""

from __future__ import annotations

import os
import signal
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import connections, transaction

from agents.subteams import Subteams
from agents.topology.graph import PinnedTeam, dump
from runs.actions.budgets import set_budget
from runs.budgets.models import Budget
from runs.engine import events as ev
from runs.engine.kind import node_of
from runs.models import Approval, Blob, Event, LedgerEntry, LogEvent, Run
from runs.verify import problems
from studio.workspaces.access import Role
from studio.workspaces.models import Membership, User
from tests.crash import people
from tests.crash.bed import LEASE_S, Bed
from tests.crash.scenario import Death, Nodes, Scenario
from tests.engine.teams import IN, OUT, agent, team
from tests.runs.live_team import endpoint, owner, published

DECIDED = frozenset({"ApprovalVoted", "ApprovalEdited", "ApprovalDecided"})
TOPIC = {"topic": "{{ input.topic }}"}
SUBTEAMS: dict[str, tuple[Nodes, list[str]]] = {  # published in this order where a scenario runs sub-teams
    "Inner": ({"input": IN, "inner": agent(), "output": OUT}, ["input>inner", "inner>output"]),
    "Middle": (
        {"input": IN, "within": ("team", {"team": "Inner", "input": TOPIC}), "last": agent(), "output": OUT},
        ["input>within", "within>last", "last>output"],
    ),
}
WEB_MOMENTS = ("before commit", "after commit", "before publish")
ACTS = {  # what a request may append, and how it is made
    "RunStarted": "start",
    "RunForked": "fork",
    "ApprovalDecided": "decide",
    "ApprovalVoted": "decide",
    "ApprovalEdited": "decide",
    "CancelRequested": "cancel",
    "PauseRequested": "pause",
    "ResumeRequested": "resume",
    "NodeRetried": "retry",
    "OutputGiven": "give",
    "SignalReceived": "signal",
    "LimitsRaised": "raise",
    "ChildLimitsRaised": "raise sub-team",
    "BudgetReopened": "lift",
}
PATIENCE_S = 60.0
LOOK_S = 0.1
LINGER_S = 0.6  # a bell is rung a little after the commit it tells of


@dataclass
class Fall:
    """A process that reached an armed failpoint."""

    death: Death
    pid: int
    at: float
    epoch: int
    resumed: bool = False


@dataclass
class Played:
    """What is known of a run when it is over."""

    scenario: Scenario
    deaths: tuple[Death, ...]
    run: Run
    log: list[ev.AnyEvent]
    others: list[ev.AnyEvent]  # of the runs it belongs with: children, or what it was forked from
    content: dict[str, Any]
    asked: list[dict[str, Any]]  # the model endpoints' ledgers
    effects: list[dict[str, Any]]
    verified: list[str]
    ledger: list[LedgerEntry]
    falls: list[Fall] = field(default_factory=list)
    waits: str = ""  # not over: what it waits for, or nothing
    unended: list[str] = field(default_factory=list)  # runs it belongs with that are not over

    @property
    def missed(self) -> list[Death]:
        """Failpoints that were armed and never reached."""
        return [death for death in self.deaths if death not in [fall.death for fall in self.falls]]


class Case:
    """Drives one run: starts it, answers for its people, wakes the zombies, waits for the end."""

    def __init__(self, bed: Bed, scenario: Scenario, deaths: tuple[Death, ...] = ()) -> None:
        self.bed = bed
        self.scenario = scenario
        self.deaths = (*scenario.dies_first, *deaths)
        self.run_id = uuid.uuid4()
        self.name = f"c{self.run_id.hex[:12]}"
        self.falls: list[Fall] = []
        self.waits = ""
        self.steps_done = 0

    def play(self) -> Played:
        try:
            self._prepare()
            for death in self.deaths:
                self.bed.arm(self._failpoint(death), death.how, death.nth)
            self._begin()
            self._until_it_ends()
            return self._played()
        finally:
            for death in self.deaths:
                self.bed.disarm(self._failpoint(death))
            self._notice(0)  # whoever stopped just before that
            self._wake(lambda fall: True)
            connections.close_all()

    def _failpoint(self, death: Death) -> str:
        return f"{self.run_id} {death.type} {death.moment}"

    def _prepare(self) -> None:
        with transaction.atomic():
            self._furnish()

    def _furnish(self) -> None:
        """A workspace of its own, whose endpoints have ledgers of their own."""
        scenario = self.scenario
        self.actor = owner(self.name)
        self.actor.user.name = "Pat"  # what people are called is told to models: it must be the twin's
        self.actor.user.save()
        self.people = [Membership.objects.get(user=self.actor.user).pk]
        if scenario.quorum:
            self.people.append(self._colleague())
        profile = f"name={self.name},{scenario.trouble}"
        spare = f"name={self.name},latency=250"  # longer than from one heartbeat to the next
        self.profiles = [] if scenario.greedy else [profile, spare]
        address = f"{self.bed.outside}/greedy/v1" if scenario.greedy else self._model(profile)
        endpoint(self.actor, address, **scenario.endpoint)
        endpoint(self.actor, self._model(spare), name="spare")
        if any(kind == "team" for kind, _ in scenario.nodes.values()):
            for name, (nodes, edges) in SUBTEAMS.items():
                published(self.actor, self._pinned(team(nodes, edges), name))
        made = team(
            dict(scenario.nodes),
            scenario.edges,
            agents=dict(scenario.agents) or None,
            tools=dict(scenario.tools) or None,
            **scenario.team,
        )
        self.team = published(self.actor, self._pinned(made, "Outer"))
        if scenario.budget:
            set_budget(actor=self.actor, budget=Budget(**scenario.budget))

    def _model(self, profile: str) -> str:
        return f"{self.bed.rehearsal}/p/{profile}/v1"

    def _colleague(self) -> int:
        user = User.objects.create_user(f"{self.name}-sam@example.org", name="Sam")
        return Membership.objects.create(workspace=self.actor.workspace, user=user, role=Role.OWNER).pk

    def _pinned(self, made: PinnedTeam, name: str) -> PinnedTeam:
        """With the addresses of this case, and the teams that it refers to."""
        text = orjson.dumps(made.model_dump(mode="json", by_alias=True)).decode()
        text = text.replace("TOOLS", self.bed.outside).replace('"CASE"', f'"{self.name}"')
        whole = {**orjson.loads(text), "name": name}
        known, nodes = Subteams(self.actor.workspace), whole["graph"]["nodes"]
        wanted = {node["config"]["team"] for node in nodes if node["kind"] == "team"}
        whole["teams"] = {one: dump(known[one]) for one in sorted(wanted)}
        return PinnedTeam.model_validate(whole)

    def _begin(self) -> None:
        """The run: a new one, or a fork of one that has run through by itself."""
        scenario = self.scenario
        wanted = people.NO_LIMITS.model_dump() | scenario.limits if scenario.limits else None
        start = {"team": str(self.team.pk), "value": scenario.value, "limits": wanted}
        if not scenario.fork_after[0]:
            return self._act("RunStarted", {"run": str(self.run_id), **start})
        fork, self.run_id = self.run_id, uuid.uuid4()
        people.act(self.actor, "start", {"run": str(self.run_id), **start})
        deaths, self.deaths = self.deaths, ()
        self._until_it_ends()
        kind, path = scenario.fork_after
        at = Event.objects.filter(run=self.run_id, type=kind, path=path).values_list("seq", flat=True)[0]
        parent, self.run_id, self.deaths = self.run_id, fork, deaths
        about = {"parent": str(parent), "at": at, "fork": dict(scenario.fork)}
        self._act("RunForked", {"run": str(fork), **about})

    # ── what people do ──────────────────────────────────────────────────────────────────────────────
    def _act(self, event_type: str, about: dict[str, Any], who: int = 0) -> None:
        """A request; where a death is arranged for it, in a process that dies, and then once more."""
        action = ACTS[event_type]
        may_append = [name for name, does in ACTS.items() if does == action]
        armed = [d for d in self.deaths if d.type in may_append and d.moment in WEB_MOMENTS]
        if any(self.bed.fallen(self._failpoint(death)) is None for death in armed):
            self.bed.web(action, self.people[who], about)
            self._notice(0)
        people.act(people.member(self.people[who]), action, about)

    def _until_it_ends(self, until: float | None = None) -> None:
        seen, over, until = -1, 0.0, until or time.monotonic() + PATIENCE_S
        while True:
            found = Run.objects.filter(pk=self.run_id).values_list("seq", "epoch", "ended_at", "status").get()
            seq, epoch, ended, status = found
            self._notice(epoch)
            self._wake(lambda fall, e=epoch, over=bool(ended): over or e > fall.epoch or _long_ago(fall))
            done = self._all_done() or (ended and self._has_no_need(status))
            over = (over or time.monotonic()) if ended and done and self._family_ended() else 0
            asleep = any(fall.death.how == "stop" and not fall.resumed for fall in self.falls)
            if over and not asleep and (self._all_fell() or time.monotonic() > over + LINGER_S):
                return
            if time.monotonic() > until:
                if status in ("waiting", "doubt"):
                    self.waits = Run.objects.get(pk=self.run_id).activity
                return
            if seq != seen or not self._all_done():
                seen = seq
                self._answer(status)
            time.sleep(LOOK_S)

    def _has_no_need(self, status: str) -> bool:
        """Whether it has come to its end without what people would have acted on."""
        kind, path = self.scenario.steps[self.steps_done].after
        there = Event.objects.filter(run=self.run_id, type=kind, path=path).exists()
        return status == self.scenario.outcome and not there

    def _all_fell(self) -> bool:
        return len(self.falls) == len(self.deaths)

    def _family_ended(self) -> bool:
        """Runs of sub-teams end with the run that wanted them, by a message of its own."""
        return not Run.objects.filter(workspace=self.actor.workspace, ended_at=None).exists()

    def _all_done(self) -> bool:
        return self.steps_done == len(self.scenario.steps)

    def _notice(self, epoch: int) -> None:
        known = [fall.death for fall in self.falls]
        for death in self.deaths:
            if death not in known and (found := self.bed.fallen(self._failpoint(death))):
                self.falls.append(Fall(death, found[0], found[1], epoch))

    def _wake(self, is_time: Any) -> None:
        """Zombies wake once somebody else has taken over, and must find themselves fenced."""
        for fall in self.falls:
            if fall.death.how == "stop" and not fall.resumed and is_time(fall):
                fall.resumed = True
                with suppress(ProcessLookupError):
                    os.kill(fall.pid, signal.SIGCONT)

    def _answer(self, status: str) -> None:
        log = Event.objects.filter(run=self.run_id).order_by("seq")
        types = list(log.values_list("type", "path"))
        if not self._all_done():
            self._step(types)
        stopped = [kind for kind, _ in types if kind in ("BudgetExceeded", "LimitsRaised", "BudgetReopened")]
        if stopped and stopped[-1] == "BudgetExceeded" and status == "waiting":
            if self.scenario.budget:
                tried = stopped.count("BudgetReopened")
                self._act("BudgetReopened", {"run": str(self.run_id), "tried": tried})
            else:
                self._act("LimitsRaised", self._raise(stopped.count("LimitsRaised")))
        for approval in Approval.objects.filter(run=self.run_id, status="pending"):
            node = node_of(approval.path)
            said = sum(kind in DECIDED and node_of(path) == node for kind, path in types)
            answer = self._decision(approval, said)
            if answer is not None:
                about = {"run": str(self.run_id), "key": approval.key, "digest": approval.digest, **answer}
                self._act("ApprovalDecided", about, who=said % len(self.people))

    def _step(self, types: list[tuple[str, str]]) -> None:
        step = self.scenario.steps[self.steps_done]
        if step.after not in types or not self._first_have_died():
            return
        if step.parked and Run.objects.get(pk=self.run_id).lease_until is not None:
            return
        self._act(step.does, {"run": str(self.run_id), "path": step.path})
        self.steps_done += 1

    def _raise(self, times: int) -> dict[str, Any]:
        steps = self.scenario.raised_to
        to = people.NO_LIMITS.model_dump() | (steps[times] if times < len(steps) else {})
        return {"run": str(self.run_id), "limits": to}

    def _first_have_died(self) -> bool:
        """Where a worker is lost first, people act only then."""
        first = self.scenario.dies_first
        return all(self.bed.fallen(self._failpoint(death)) for death in first)

    def _decision(self, approval: Approval, said: int) -> dict[str, Any] | None:
        answers = self.scenario.answers
        if approval.kind == "doubt":
            return self._look_what_happened(approval)
        answer = answers.get(node_of(approval.path), answers.get(approval.kind, {"decision": "approve"}))
        return answer[min(said, len(answer) - 1)] if isinstance(answer, tuple) else answer

    def _look_what_happened(self, approval: Approval) -> dict[str, Any]:
        """What a careful person does: look into the other system before saying anything."""
        subject = orjson.loads(
            Blob.objects.get(workspace=self.actor.workspace, digest=approval.digest).content
        )
        key, tool = subject["idempotency_key"], subject["tool"]
        if any(entry["key"] == key for entry in self.bed.effects(self.name)):
            did = {"did": tool.removeprefix("ask_")}
            return {"decision": "done", "edited": {"status": 200, "type": "application/json", "body": did}}
        return {"decision": "retry"}

    # ── what came of it ─────────────────────────────────────────────────────────────────────────────
    def _played(self) -> Played:
        if any(fall.death.how == "stop" for fall in self.falls):
            time.sleep(LEASE_S / 2)  # a zombie that is not fenced would act now
        run = Run.objects.get(pk=self.run_id)
        family = list(Run.objects.filter(workspace=run.workspace))
        rows = list(LogEvent.objects.filter(run_id=run.pk).order_by("seq").values_list("body", flat=True))
        others = Event.objects.filter(run__workspace=run.workspace).exclude(run=run)
        return Played(
            scenario=self.scenario,
            deaths=self.deaths,
            run=run,
            log=[ev.decode(body) for body in rows],
            others=[ev.decode(body) for body in others.order_by("run", "seq").values_list("body", flat=True)],
            content={b.digest: orjson.loads(b.content) for b in Blob.objects.filter(workspace=run.workspace)},
            asked=[self.bed.model_ledger(profile) for profile in self.profiles],
            effects=self.bed.effects(self.name),
            verified=[sentence for one in family for sentence in problems(one)],
            ledger=list(LedgerEntry.objects.filter(run__workspace=run.workspace)),
            falls=self.falls,
            waits=self.waits,
            unended=[str(one.pk) for one in family if one != run and not one.has_ended],
        )


def _long_ago(fall: Fall) -> bool:
    return time.time() - fall.at > 3 * LEASE_S
