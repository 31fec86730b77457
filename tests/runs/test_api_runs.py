"""The run-time API: start, list, read, page the log, stop, raise limits; nothing of other workspaces."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.test import Client

from agents.models import Team
from runs import api, api_rate
from runs.models import Event, LedgerEntry, Run
from studio.audit import AuditEntry
from studio.workspaces.access import Member, Role
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, bearer

pytestmark = pytest.mark.django_db
API = "/api/v1"
INPUT = {"topic": "Tea", "audience": "Readers"}


class Caller:
    """A program with the token of a member."""

    def __init__(self, member: Member, role: Role | None = None) -> None:
        self.client = Client()
        self.headers = bearer(member, role)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(API + path, data=query, headers=self.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(
            API + path,
            data=json.dumps({} if body is None else body),
            content_type="application/json",
            headers=self.headers | headers,
        )


@pytest.fixture
def operator(world: World) -> Caller:
    return Caller(world.operator)


def started(caller: Caller, team: Team, body: Any = None, key: str = "") -> Any:
    extra = {"Idempotency-Key": key} if key else {}
    return caller.post(f"/teams/{team.pk}/runs", body or {"input": INPUT}, **extra)


def scene(world: World, name: str = "gate") -> Run:
    script = Script(world.workspace, world.operator.user)
    scenes.SCENES[name](script)
    return script.commit()


def problems(response: Any) -> dict[str, str]:
    return {one["field"]: one["message"] for one in response.json()["error"]["problems"]}


# ── starting ────────────────────────────────────────────────────────────────────────────────────────
def test_a_run_is_started_and_described(world: World, operator: Caller) -> None:
    response = started(operator, world.team())
    assert response.status_code == 201
    run = response.json()
    assert (run["status"], run["mode"], run["input"], run["output"]) == ("queued", "live", INPUT, None)
    assert run["team"] == {"id": str(world.team().pk), "name": "Blog pipeline", "version": 1}
    assert run["limits"]["cost_usd"] == "0.50"
    assert run["totals"]["cost"] == "0"
    assert run["started_via"] == "token test"
    assert AuditEntry.objects.filter(verb="run.started", object_id=run["id"]).count() == 1


def test_the_same_key_starts_one_run_and_says_so(world: World, operator: Caller) -> None:
    first = started(operator, world.team(), key="k1")
    again = started(operator, world.team(), key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Run.objects.filter(workspace=world.workspace).count() == 1


def test_the_same_key_with_another_input_is_a_conflict(world: World, operator: Caller) -> None:
    started(operator, world.team(), key="k1")
    response = started(operator, world.team(), {"input": {**INPUT, "topic": "Coffee"}}, key="k1")
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "idempotency_conflict"
    assert Run.objects.filter(workspace=world.workspace).count() == 1


def test_limits_that_are_left_out_stay_the_teams(world: World, operator: Caller) -> None:
    body = {"input": INPUT, "mode": "simulated", "limits": {"cost_usd": 0.1, "tokens": 900}}
    run = started(operator, world.team(), body).json()
    assert run["mode"] == "simulated"
    limits = run["limits"]
    assert (limits["cost_usd"], limits["tokens"], limits["model_calls"]) == ("0.1", 900, 20)
    none = started(operator, world.team(), {"input": INPUT, "limits": {"cost_usd": None}}).json()
    assert none["limits"]["cost_usd"] is None


def test_every_problem_of_the_input_has_its_place(world: World, operator: Caller) -> None:
    body = {"input": {"topic": "Te", "audience": ["me"], "more": 1}}
    response = started(operator, world.team(), body)
    assert response.status_code == 422
    assert problems(response) == {
        "input.topic": "At least 3 characters.",
        "input.audience": "This must be text.",
        "input.more": "There is no field of this name.",
    }
    assert started(operator, world.team(), {"input": {}}).status_code == 422
    assert not Run.objects.filter(workspace=world.workspace).exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": INPUT, "mode": "dry"}, "mode"),
        ({"input": INPUT, "limits": {"cost_usd": -1}}, "limits.cost_usd"),
        ({"input": INPUT, "limits": {"cost": "1"}}, "limits.cost"),
        ({"input": INPUT, "mod": "live"}, "mod"),
        ({"input": INPUT, "version": 0}, "version"),
    ],
)
def test_a_body_that_does_not_fit_says_where(world: World, operator: Caller, body: Any, field: str) -> None:
    response = operator.post(f"/teams/{world.team().pk}/runs", body)
    assert response.status_code == 422
    assert field in problems(response)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"", b"[]"])
def test_a_body_that_is_no_json_is_refused_and_bounded(world: World, operator: Caller, body: bytes) -> None:
    response = operator.client.post(
        f"{API}/teams/{world.team().pk}/runs",
        data=body,
        content_type="application/json",
        headers=operator.headers,
    )
    assert response.status_code in (400, 422)
    assert response.json()["error"]["message"]


def test_what_no_database_can_keep_is_kept_as_an_escape(world: World, operator: Caller) -> None:
    run = started(operator, world.team(), {"input": {**INPUT, "topic": "a\x00b \ud800"}})
    assert run.status_code == 201
    assert run.json()["input"]["topic"] == "a\\u0000b \\ud800"


def test_what_is_too_large_is_refused(world: World, operator: Caller) -> None:
    large = started(operator, world.team(), {"input": {**INPUT, "topic": "x" * 3_000_000}})
    assert large.status_code == 413


def test_a_version_can_be_chosen_and_must_exist(world: World, operator: Caller) -> None:
    assert started(operator, world.team(), {"input": INPUT, "version": 1}).status_code == 201
    assert started(operator, world.team(), {"input": INPUT, "version": 9}).status_code == 404


def test_a_team_without_a_version_cannot_be_run(world: World, operator: Caller) -> None:
    Team.objects.filter(pk=world.team().pk).update(current=None)
    response = started(operator, Team.objects.get(pk=world.team().pk))
    assert response.status_code == 409
    assert "Publish it first" in response.json()["error"]["message"]


def test_viewers_may_not_start_and_strangers_find_nothing(world: World) -> None:
    assert started(Caller(world.viewer), world.team()).status_code == 403
    assert started(Caller(world.owner, Role.VIEWER), world.team()).status_code == 403
    assert started(Caller(world.stranger), world.team()).status_code == 404


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────
def test_totals_are_the_sums_of_the_ledger(world: World, operator: Caller) -> None:
    run = scene(world, "done")
    totals = operator.get(f"/runs/{run.pk}").json()["totals"]
    entries = list(LedgerEntry.objects.filter(run=run))
    assert Decimal(totals["cost"]) == sum(entry.cost or 0 for entry in entries) > 0
    assert totals["cost"] == totals["known_cost"]
    assert totals["calls"] == len(entries)
    assert totals["tokens"] == {
        "input": sum(entry.input_tokens for entry in entries),
        "cached": sum(entry.cached_tokens for entry in entries),
        "output": sum(entry.output_tokens for entry in entries),
        "reasoning": sum(entry.reasoning_tokens for entry in entries),
    }


def test_an_unknown_price_makes_the_cost_null_and_never_zero(world: World, operator: Caller) -> None:
    totals = operator.get(f"/runs/{scene(world, 'unknown').pk}").json()["totals"]
    assert totals["cost"] is None
    assert totals["unknown_calls"] == 1
    assert Decimal(totals["known_cost"]) > 0


def test_a_finished_run_gives_its_output(world: World, operator: Caller) -> None:
    run = operator.get(f"/runs/{scene(world, 'done').pk}").json()
    assert (run["status"], run["output"], run["input"]) == ("done", scenes.REPLY, scenes.TICKET)
    assert run["approvals"] == []


def test_a_waiting_run_says_what_it_waits_for(world: World, operator: Caller) -> None:
    run = operator.get(f"/runs/{scene(world).pk}").json()
    assert (run["status"], run["waiting"]) == ("waiting", 1)
    asked = run["approvals"][0]
    assert (asked["kind"], asked["may_decide"]) == ("gate", True)
    assert asked["decisions"] == ["approve", "edit", "reject"]


def test_a_failed_run_says_why(world: World, operator: Caller) -> None:
    assert "key was refused" in operator.get(f"/runs/{scene(world, 'failed').pk}").json()["error"]


def test_runs_are_listed_newest_first_filtered_and_paged(world: World, operator: Caller) -> None:
    runs = [scene(world, name) for name in ("done", "gate", "failed")]
    everything = operator.get("/runs").json()
    assert [one["id"] for one in everything["items"]] == [str(run.pk) for run in reversed(runs)]
    assert everything["total"] == 3
    assert [one["id"] for one in operator.get("/runs", status="waiting").json()["items"]] == [str(runs[1].pk)]
    assert operator.get("/runs", mode="simulated").json()["total"] == 0
    assert operator.get("/runs", team=runs[0].team_version.team_id).json()["total"] == 3
    assert operator.get("/runs", team=uuid4()).json()["total"] == 0
    assert operator.get("/runs", q=runs[2].short_id).json()["items"][0]["id"] == str(runs[2].pk)
    page = operator.get("/runs", limit=1, offset=1).json()
    assert ([one["id"] for one in page["items"]], page["total"]) == ([str(runs[1].pk)], 3)


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 201}, {"offset": -1}, {"status": "odd"}, {"team": "x"}]
)
def test_a_filter_that_makes_no_sense_is_refused(operator: Caller, query: dict[str, Any]) -> None:
    assert operator.get("/runs", **query).status_code == 422


def test_the_list_of_runs_takes_the_same_queries_however_long(
    world: World, operator: Caller, django_assert_max_num_queries: Any
) -> None:
    for _ in range(4):
        scene(world)
    with django_assert_max_num_queries(12):
        operator.get("/runs")


# ── the log ─────────────────────────────────────────────────────────────────────────────────────────
def test_the_log_pages_in_order_to_its_end(world: World, operator: Caller) -> None:
    run = scene(world, "done")
    seen, after, ended = [], 0, False
    while not ended:
        page = operator.get(f"/runs/{run.pk}/events", after=after, limit=7).json()
        assert page["head"] == run.seq
        seen += page["items"]
        after, ended = page["next"], page["ended"]
    assert [event["seq"] for event in seen] == list(range(1, run.seq + 1))
    stored = Event.objects.filter(run=run).order_by("seq").values_list("type", flat=True)
    assert [event["type"] for event in seen] == list(stored)


def test_a_run_that_goes_on_is_not_ended(world: World, operator: Caller) -> None:
    run = scene(world, "running")
    page = operator.get(f"/runs/{run.pk}/events", after=run.seq).json()
    assert page == {"items": [], "next": run.seq, "head": run.seq, "ended": False}


def test_content_is_given_for_digests_of_this_run_only(world: World, operator: Caller) -> None:
    run, other = scene(world, "done"), scene(world, "failed")
    found = operator.get(f"/runs/{run.pk}/content/{run.output_digest}")
    assert (found.json(), found["Content-Type"]) == (scenes.REPLY, "application/json")
    assert operator.get(f"/runs/{other.pk}/content/{run.output_digest}").status_code == 404
    assert operator.get(f"/runs/{run.pk}/content/{'0' * 64}").status_code == 404
    assert operator.get(f"/runs/{run.pk}/content/abc").status_code in (404, 422)


@pytest.mark.parametrize("path", ["", "/events", "/content/" + "0" * 64])
def test_strangers_find_no_run(world: World, path: str) -> None:
    run = scene(world)
    assert Caller(world.stranger).get(f"/runs/{run.pk}{path}").status_code == 404
    assert Caller(world.stranger).get("/runs").json() == {"items": [], "total": 0}


# ── stopping, raising limits ────────────────────────────────────────────────────────────────────────
def test_a_run_is_cancelled_once_and_asking_again_changes_nothing(world: World, operator: Caller) -> None:
    run = scene(world, "running")
    assert operator.post(f"/runs/{run.pk}/cancel", {"reason": "Wrong ticket"}).status_code == 200
    assert operator.post(f"/runs/{run.pk}/cancel").status_code == 200
    assert Event.objects.filter(run=run, type="CancelRequested").count() == 1


def test_cancelling_needs_no_body(world: World, operator: Caller) -> None:
    run = scene(world, "running")
    path = f"{API}/runs/{run.pk}/cancel"
    response = operator.client.post(path, b"", content_type="application/json", headers=operator.headers)
    assert response.status_code == 200


def test_raising_a_limit_keeps_the_others(world: World, operator: Caller) -> None:
    run = scene(world, "budget")
    before = operator.get(f"/runs/{run.pk}").json()["limits"]
    assert (before["stopped_by"], before["cost_usd"]) == ("cost", "0.0075")
    after = operator.post(f"/runs/{run.pk}/limits", {"cost_usd": "0.02", "model_calls": 70}).json()["limits"]
    assert (after["stopped_by"], after["cost_usd"], after["model_calls"]) == (None, "0.02", 70)
    assert after["tokens"] == before["tokens"]
    assert operator.post(f"/runs/{run.pk}/limits", {"unknown_prices_allowed": True}).status_code == 200
    assert operator.get(f"/runs/{run.pk}").json()["limits"]["cost_usd"] == "0.02"


def test_the_limits_of_an_ended_run_cannot_be_raised(world: World, operator: Caller) -> None:
    response = operator.post(f"/runs/{scene(world, 'done').pk}/limits", {"cost_usd": "1"})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "ended")


@pytest.mark.parametrize("verb", ["cancel", "limits"])
def test_viewers_may_change_nothing(world: World, verb: str) -> None:
    run = scene(world, "running")
    assert Caller(world.viewer).post(f"/runs/{run.pk}/{verb}").status_code == 403
    assert Caller(world.stranger).post(f"/runs/{run.pk}/{verb}").status_code == 404


def test_too_many_requests_are_told_when_to_come_back(
    world: World, operator: Caller, monkeypatch: pytest.MonkeyPatch, redis_client: redis.Redis
) -> None:
    monkeypatch.setattr(api.READS[0], "most", 2)
    monkeypatch.setattr(api.READS[0], "now", lambda: 1_000_040.0)
    assert [operator.get("/runs").status_code for _ in range(3)] == [200, 200, 429]
    refused = operator.get("/runs").json()["error"]
    assert refused["code"] == "too_many_requests"
    assert refused["message"] == "Too many requests; try again in 40 s."
    assert Caller(world.viewer).get("/runs").status_code == 200  # others are not held up
    monkeypatch.setattr(api.READS[0], "now", lambda: 1_000_081.0)
    assert operator.get("/runs").status_code == 200


def test_an_unreachable_redis_does_not_close_the_api(
    operator: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settings, "REDIS", "unix:///nowhere.sock")
    api_rate._client.cache_clear()
    monkeypatch.setattr(api_rate, "_client", api_rate._client.__wrapped__)
    assert operator.get("/runs").status_code == 200
    assert "not counted" in caplog.text
