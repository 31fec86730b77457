"""One run of the soak: driven through the JSON API by somebody who tries again when a connection breaks."""

from __future__ import annotations

import random
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID

import orjson
import psycopg
from django.db import Error, connections

from agents.topology.graph import PinnedTeam
from runs.engine import events as ev
from runs.models import Approval, Event
from studio.workspaces.actions import create_token
from tests.crash import checks, people
from tests.crash.bed import Bed
from tests.crash.case import ACTS, Case, Played
from tests.crash.scenario import Scenario
from tests.crash.scenarios import SCENARIOS

T = TypeVar("T")
with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = int(free.getsockname()[1])
TROUBLE = "latency=200,fail_rate=0.1,hang_rate=0.01"
LIMITS = {"timeout_s": 4, "retries": 6}
PATIENCE_S = 240.0  # for a run to end, whatever breaks meanwhile
TRIES_S = 90.0
AGAIN_S = 0.3


@dataclass
class Ran:
    scenario: str
    run: str
    outcome: str
    wrong: list[str] = field(default_factory=list)
    calls: int = 0
    asked: int = 0
    used: int = 0
    done: int = 0


def suitable() -> list[Scenario]:
    """Those that bring no trouble of their own; here there is enough for all."""
    plain = [one for one in SCENARIOS if not (one.dies_first or one.greedy or one.endpoint)]
    return [
        replace(one, trouble=TROUBLE)
        for one in plain
        if "error" not in one.trouble and "hang" not in one.trouble and "rate_limit" not in one.trouble
    ]


def mixed(count: int, dice: random.Random) -> list[Scenario]:
    """So many scenarios in any order, none of them again before all others were taken."""
    found: list[Scenario] = []
    while len(found) < count:
        known = suitable()
        found += dice.sample(known, len(known))
    return found[:count]


class SoakCase(Case):
    def __init__(self, bed: Bed, scenario: Scenario, number: int) -> None:
        value = {**scenario.value, "topic": f"{scenario.value['topic']}, part {number}"}
        super().__init__(bed, replace(scenario, value=value))
        self.token = ""

    def ran(self) -> Ran:
        """Play it; a defect of this test is a violation, too."""
        try:
            return _ran(self.play())
        except Exception:
            return Ran(self.scenario.name, str(self.run_id), "error", [traceback.format_exc(limit=-4)])

    # ── a database that may be away ─────────────────────────────────────────────────────────────────
    def _prepare(self) -> None:
        _persist(super()._prepare)
        made = _persist(lambda: create_token(actor=self.actor, name="soak", role=self.actor.role))
        self.token = made[1]

    def _begin(self) -> None:
        """A fork begins behind an event of a run that may as well have failed before it came to that."""
        kind, path = self.scenario.fork_after
        if not kind:
            return super()._begin()
        self._act("RunStarted", {"run": str(self.run_id), "value": self.scenario.value, "limits": None})
        self._until_it_ends()
        found = Event.objects.filter(run=self.run_id, type=kind, path=path).order_by("seq")
        at = _persist(lambda: found.values_list("seq", flat=True).first())
        if at is not None:
            effects, value = self.scenario.fork.get("effects", "live"), self.scenario.fork.get("value")
            body = {"at": at, "effects": effects} | ({"input": value} if value else {})
            self.run_id = UUID(self._post(f"runs/{self.run_id}/fork", body, key=f"fork {self.run_id}")["id"])

    def _until_it_ends(self, until: float | None = None) -> None:
        until, wait = time.monotonic() + PATIENCE_S, super()._until_it_ends
        _persist(lambda: wait(until))

    def _played(self) -> Played:
        return _persist(super()._played)

    def _pinned(self, made: PinnedTeam, name: str) -> PinnedTeam:
        """Agents that give up late."""
        whole = super()._pinned(made, name).model_dump(mode="json", by_alias=True)
        for agent in whole["agents"].values():
            agent["spec"]["limits"] |= LIMITS
        return PinnedTeam.model_validate(whole)

    # ── people, through the API ─────────────────────────────────────────────────────────────────────
    def _act(self, event_type: str, about: dict[str, Any], who: int = 0) -> None:
        requests: dict[str, Callable[[], Any]] = {
            "RunStarted": lambda: self._start(about),
            "ApprovalDecided": lambda: self._decide(about),
            "CancelRequested": lambda: self._post(f"runs/{self.run_id}/cancel", {}),
        }
        if event_type in requests and who == 0:
            requests[event_type]()
        else:
            _persist(lambda: people.act(people.member(self.people[who]), ACTS[event_type], about))

    def _start(self, about: dict[str, Any]) -> None:
        body = {"input": about["value"]}
        if about["limits"]:
            body["limits"] = {name: value for name, value in about["limits"].items() if value is not None}
        made = self._post(f"teams/{self.team.pk}/runs", body, key=about["run"])
        self.run_id = UUID(made["id"])

    def _decide(self, about: dict[str, Any]) -> None:
        asked = _persist(lambda: Approval.objects.get(run_id=about["run"], key=about["key"]))
        said = ("decision", "digest", "comment", "edited")
        body: dict[str, Any] = {name: about[name] for name in said if name in about}
        self._post(f"approvals/{asked.id}/decide", body)

    def _post(self, path: str, body: dict[str, Any], key: str = "") -> Any:
        """Again and again until there is an answer; 409 means that somebody was faster."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        url, until = f"http://127.0.0.1:{PORT}/api/v1/{path}", time.monotonic() + TRIES_S
        while True:
            try:
                request = Request(url, orjson.dumps(body), headers, method="POST")
                with urlopen(request, timeout=15) as answer:
                    return orjson.loads(answer.read())
            except HTTPError as error:
                if error.code == 409:
                    return {}
                if error.code < 500 and error.code != 429:
                    raise AssertionError(f"{path}: {error.code} {error.read()[:500]!r}") from error
                problem: Exception = error
            except OSError as error:
                problem = error
            if time.monotonic() > until:
                raise problem
            time.sleep(AGAIN_S)


def _persist(action: Callable[[], T]) -> T:
    """Until the database answers."""
    until = time.monotonic() + TRIES_S
    while True:
        try:
            return action()
        except (Error, psycopg.Error):  # a connection that breaks while it is closed speaks for itself
            if time.monotonic() > until:
                raise
            connections.close_all()
            time.sleep(AGAIN_S)


def _sent(played: Played) -> Iterator[ev.ModelCallStarted | ev.ToolCallStarted]:
    """Calls that went out, as the logs have it: not those whose answer was used again."""
    for log in checks.logs(played):
        completed = [e for e in log if isinstance(e, ev.ModelCallCompleted | ev.ToolCallCompleted)]
        reused = {(e.call, e.attempt) for e in completed if e.reused is not None}
        starts = [e for e in log if isinstance(e, ev.ModelCallStarted | ev.ToolCallStarted)]
        yield from (e for e in starts if (e.call, e.attempt) not in reused)


def _ran(played: Played) -> Ran:
    sent = list(_sent(played))
    keys = {e.idempotency_key for e in sent if isinstance(e, ev.ToolCallStarted) and e.effect != "reads"}
    ended, wrong = played.run.has_ended, checks.wrong(played)
    wrong = [one for one in wrong if not one.startswith(("it ended as", "lost: it is"))]
    if not ended:
        waits = played.run.activity or "nothing it could name"
        wrong.append(f"lost: {played.run.status} after {PATIENCE_S:g} s, it waits for {waits}")
    return Ran(
        played.scenario.name,
        str(played.run.pk),
        played.run.status if ended else "not over",
        wrong,
        calls=sum(isinstance(e, ev.ModelCallStarted) and not e.simulated for e in sent),
        asked=sum(ledger["totals"]["started"] for ledger in played.asked),
        used=len(keys),
        done=len({entry["key"] for entry in played.effects if entry["key"]}),
    )
