"""A run's page: its figures are the ledger's, its data the log's; people can stop it or raise its limits."""

from __future__ import annotations

import json
from decimal import Decimal
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from runs.engine import events as ev
from runs.engine.content import digest_of
from runs.figures.totals import total
from runs.models import Blob, Event, Run
from studio.web.figures import money
from studio.workspaces.models import Workspace
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, signed_in


@pytest.fixture
def page(world: World) -> Client:
    return signed_in(world.operator)


def script_of(world: World, **more: Any) -> Script:
    return Script(world.workspace, world.owner.user, **more)


def at(run: Run, what: str = "") -> str:
    return f"/w/acme/runs/{run.pk}/{what}"


def html(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:500]
    return answer.content.decode()


# ── the head ────────────────────────────────────────────────────────────────────────────────────────
def test_every_figure_is_the_ledgers(world: World, page: Client) -> None:
    run = scenes.done(script_of(world)).commit()
    sums = total(run.ledger.all())
    text = html(page, at(run))
    assert sums.real > 0
    assert money(sums.real) in text
    for count in (
        sums.tokens,
        sums.fresh_input_tokens,
        sums.cached_tokens,
        sums.answer_tokens,
        sums.reasoning_tokens,
    ):
        assert f"{count:,}" in text
    assert "of $0.02 budget" in text
    assert "8 model · 2 tool · 1 retried" in text


def test_what_is_reserved_is_told_apart_until_the_call_is_settled(world: World, page: Client) -> None:
    script = script_of(world)
    run = scenes.running(script).commit()
    assert "+ $0.0040 reserved" in html(page, at(run, "live/"))
    run = script.answer("history", "history/m2", "One ticket.").commit()
    assert "$0.0040 reserved" not in html(page, at(run, "live/"))


def test_only_the_newest_attempt_of_a_call_is_reserved(world: World, page: Client) -> None:
    script = scenes.opening(script_of(world)).node("policy")
    call = script.ask("policy", script.prompt("policy"))
    failed = ev.ModelCallFailed(path="policy", call=call, code="http_500", message="500", retryable=True)
    script.add(failed).ask("policy", attempt=2)
    assert "+ $0.0040 reserved" in html(page, at(script.commit(), "live/"))


def test_an_unknown_price_is_unknown_and_never_nothing(world: World, page: Client) -> None:
    run = scenes.unknown_price(script_of(world)).commit()
    text = html(page, at(run))
    assert "+ 1 unknown" in text
    assert "no limit" in text


def test_a_rehearsal_costs_nothing_and_says_what_it_would(world: World, page: Client) -> None:
    run = scenes.done(script_of(world, mode="simulated")).commit()
    text = html(page, at(run))
    assert "would cost" in text
    assert money(total(run.ledger.all()).simulated_cost) in text
    assert "Rehearsal" in text


def test_a_live_run_on_simulated_models_says_that_no_money_moves(world: World, page: Client) -> None:
    run = scenes.done(script_of(world, mode="simulated")).commit()
    Run.objects.filter(pk=run.pk).update(mode=Run.Mode.LIVE)
    text = html(page, at(run))
    assert "Simulated" in text
    assert f"simulated, would cost {money(total(run.ledger.all()).simulated_cost)}" in text


def test_a_failed_run_says_why_and_offers_to_run_it_again(world: World, page: Client) -> None:
    run = scenes.failed(script_of(world)).commit()
    text = html(page, at(run))
    assert run.error in unescape(text)
    assert f"/teams/{run.team_version.team_id}/launch/?from={run.pk}" in text


def test_a_run_that_waits_for_a_worker_says_so(world: World, page: Client) -> None:
    run = script_of(world).run
    assert "waits for a worker" in html(page, at(run))


@pytest.mark.parametrize("name", [*scenes.SCENES, "oddities"])
def test_every_state_has_a_page(world: World, page: Client, name: str) -> None:
    scene = scenes.SCENES.get(name, scenes.oddities)
    run = scene(script_of(world)).commit()
    text = html(page, at(run))
    assert run.short_id in text
    assert ("Stop this run?" in text) is not run.has_ended


def test_the_page_of_a_long_run_needs_no_more_queries(
    world: World, page: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    run = scenes.long(script_of(world), events=1_000).commit()
    page.get(at(run))
    with django_assert_max_num_queries(19):
        page.get(at(run))


def test_a_viewer_sees_the_run_and_cannot_stop_it(world: World) -> None:
    run = scenes.running(script_of(world)).commit()
    client = signed_in(world.viewer)
    assert "Stop this run?" not in html(client, at(run))
    assert client.post(at(run, "cancel/")).status_code == 403


# ── what waits for a person ─────────────────────────────────────────────────────────────────────────
def test_what_waits_is_a_card_to_decide_in_place(world: World, page: Client) -> None:
    run = scenes.at_the_gate(script_of(world)).commit()
    asked = run.approvals.get(status="pending")
    text = html(page, at(run))
    assert f'id="approval-{asked.id}"' in text
    assert f'action="/w/acme/approvals/{asked.id}/decide/"' in text
    assert asked.digest in text


def test_stopping_asks_the_log_for_it(world: World, page: Client) -> None:
    run = scenes.running(script_of(world)).commit()
    assert page.post(at(run, "cancel/"), {"reason": "Wrong ticket"}).status_code == 302
    newest = Event.objects.filter(run=run).latest("seq")
    assert json.loads(newest.body)["reason"] == "Wrong ticket"
    page.post(at(run, "cancel/"))
    assert Event.objects.filter(run=run, type="CancelRequested").count() == 1
    assert page.get(at(run, "cancel/")).status_code == 405


def test_a_run_at_its_limit_goes_on_when_it_is_raised(world: World, page: Client) -> None:
    run = scenes.out_of_budget(script_of(world)).commit()
    text = html(page, at(run))
    assert "Stopped at a limit" in text
    assert 'value="0.0150"' in text
    assert page.post(at(run, "limits/"), {"cost": "0.05"}).status_code == 302
    run.refresh_from_db()
    assert run.cost_limit == Decimal("0.05")
    raised = json.loads(Event.objects.get(run=run, type="LimitsRaised").body)
    assert raised["cost_limit"] == "0.05"
    assert "call_limit" not in raised
    assert "Stopped at a limit" not in html(page, at(run, "live/"))


def test_a_limit_that_makes_no_sense_is_said_and_nothing_is_changed(world: World, page: Client) -> None:
    run = scenes.out_of_budget(script_of(world)).commit()
    answer = page.post(at(run, "limits/"), {"cost": "-1"})
    assert answer.status_code == 422
    assert "greater than or equal to" in answer.content.decode()
    assert not Event.objects.filter(run=run, type="LimitsRaised").exists()


def test_the_limits_of_an_ended_run_stay(world: World, page: Client) -> None:
    run = scenes.done(script_of(world)).commit()
    answer = page.post(at(run, "limits/"), {"cost": "5"}, follow=True)
    assert "This run has ended" in answer.content.decode()


# ── data for the island ─────────────────────────────────────────────────────────────────────────────
def test_the_page_carries_the_pinned_team_as_data_that_cannot_run(world: World, page: Client) -> None:
    run = scenes.running(script_of(world)).commit()
    text = html(page, at(run))
    data = text.split('<script id="run-trace-data" type="application/json">')[1].split("</script>")[0]
    trace = json.loads(data)
    assert [node["id"] for node in trace["graph"]["nodes"]][:2] == ["input", "triage"]
    assert {kind["name"] for kind in trace["kinds"]} == {
        "input",
        "router",
        "agent",
        "join",
        "approval",
        "output",
    }
    assert trace["urls"]["socket"] == f"/ws/runs/{run.pk}/"


def test_events_come_in_pages_and_are_the_stored_ones(
    world: World, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.views.run_data.PAGE", 10)
    run = scenes.done(script_of(world)).commit()
    heard: list[dict[str, Any]] = []
    while len(heard) < run.seq:
        answer = page.get(at(run, f"events/?after={len(heard)}")).json()
        assert answer["head"] == run.seq
        heard += answer["events"]
    stored = Event.objects.filter(run=run).order_by("seq").values_list("seq", "body")
    assert heard == [{"seq": seq, **json.loads(body)} for seq, body in stored]


@pytest.mark.parametrize("after", ["", "x", "-1", "99999999999999999999", "1e3"])
def test_a_cursor_that_makes_no_sense_begins_anew(world: World, page: Client, after: str) -> None:
    run = scenes.failed(script_of(world)).commit()
    assert len(page.get(at(run, f"events/?after={after}")).json()["events"]) == run.seq


def test_content_is_given_out_by_the_run_that_refers_to_it_only(world: World, page: Client) -> None:
    script = script_of(world)
    run = scenes.done(script).commit()
    other = Script(world.workspace, world.owner.user).start({"ticket": "Another one"}).commit()
    answer = page.get(at(run, f"content/{run.output_digest}/"))
    assert answer.json() == scenes.REPLY
    assert answer["Content-Type"] == "application/json"
    assert "immutable" in answer["Cache-Control"]
    assert page.get(at(other, f"content/{run.output_digest}/")).status_code == 404
    stray = '"nobody refers to this"'
    Blob.objects.create(workspace=world.workspace, digest=digest_of(stray), content=stray)
    assert page.get(at(run, f"content/{digest_of(stray)}/")).status_code == 404
    assert page.get(at(run, "content/nonsense/")).status_code == 404


def test_hostile_content_is_json_and_never_a_page(world: World, page: Client) -> None:
    script = script_of(world)
    evil = "</script><script>alert(1)</script>"
    run = script.start({"ticket": evil}).commit()
    answer = page.get(at(run, f"content/{run.input_digest}/"))
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.json() == {"ticket": evil}


def test_runs_of_other_workspaces_are_not_there(world: World, page: Client) -> None:
    elsewhere = Workspace.objects.get(slug="elsewhere")
    run = scenes.done(Script(elsewhere, world.stranger.user)).commit()
    for what in ("", "live/", "events/", f"content/{run.output_digest}/", "cost/"):
        assert page.get(at(run, what)).status_code == 404, what
    assert page.get(f"/w/acme/runs/{uuid4()}/").status_code == 404


def test_costs_add_up_to_the_last_digit(world: World, page: Client) -> None:
    run = scenes.done(script_of(world)).commit()
    costs = page.get(at(run, "cost/")).json()
    exact = sum((row.cost for row in run.ledger.all() if row.cost is not None), Decimal(0))
    assert Decimal(costs["total"]["cost"]) == exact
    for groups in ("agents", "models", "nodes"):
        assert sum(Decimal(group["cost"]) for group in costs[groups]) == exact, groups
        assert sum(group["calls"] for group in costs[groups]) == run.ledger.count()
    assert costs["reserved"] == "0"
    assert costs["agents"][0]["key"][1] == "Reply writer"
