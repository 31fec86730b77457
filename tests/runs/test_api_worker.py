"""A program drives a run through the API alone, on a real worker and a real endpoint."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runs.models import LedgerEntry
from tests.engine.teams import IN, OUT, agent, team
from tests.rehearsal import RehearsalServer
from tests.runs.live_team import endpoint, owner, published
from tests.runs.test_api_runs import Caller
from tests.workers import Fleet, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.worker,
    pytest.mark.xdist_group("worker"),
]
GATED = team(
    {"input": IN, "a": agent(), "gate": ("approval", {}), "output": OUT}, ["input>a", "a>gate", "gate>output"]
)


def log_of(caller: Caller, run: str) -> list[dict[str, Any]]:
    """All events, page by page, until the run has ended."""
    seen: list[dict[str, Any]] = []
    after = 0

    def more() -> bool:
        nonlocal after
        page = caller.get(f"/runs/{run}/events", after=after, limit=3).json()
        seen.extend(page["items"])
        after = page["next"]
        return bool(page["ended"])

    wait_until(more, "the log to end")
    return seen


def test_a_run_is_started_decided_and_read_to_its_end(
    rehearsal: RehearsalServer, own_profile: str, fleet: Fleet
) -> None:
    actor = owner()
    endpoint(actor, rehearsal.url(own_profile))
    made, caller = published(actor, GATED), Caller(actor)
    fleet.sweeper()
    fleet.worker("w1")
    body = {"input": {"topic": "tea"}, "limits": {"cost_usd": "0.50"}}
    run = caller.post(f"/teams/{made.pk}/runs", body, **{"Idempotency-Key": "tea"}).json()["id"]

    def waiting() -> Any:
        return caller.get("/approvals", status="pending", run=run).json()["items"]

    asked = wait_until(waiting, "the gate to ask")[0]
    assert caller.get(f"/runs/{run}").json()["status"] == "waiting"
    shown = caller.get(f"/approvals/{asked['id']}").json()
    changed = f"{shown['subject']['value']}\n\nWith love."
    decision = {"decision": "edit", "digest": shown["digest"], "edited": changed}
    assert caller.post(f"/approvals/{asked['id']}/decide", decision).json()["status"] == "edited"
    events = log_of(caller, run)
    done = caller.get(f"/runs/{run}").json()
    assert (done["status"], done["output"], done["approvals"]) == ("done", changed, [])
    assert [event["seq"] for event in events] == list(range(1, done["seq"] + 1))
    assert events[-1]["type"] == "RunCompleted"
    spent = sum(entry.cost or Decimal(0) for entry in LedgerEntry.objects.filter(run=run))
    assert Decimal(done["totals"]["cost"]) == spent > 0
    again = caller.post(f"/teams/{made.pk}/runs", body, **{"Idempotency-Key": "tea"})
    assert (again.status_code, again.json()["id"]) == (200, run)
