"""The pages of shared budgets, and where else they show: the run, home, the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from runs.actions.budgets import set_budget
from runs.budgets.models import Budget
from runs.engine import events as ev
from runs.models import Event, Run
from studio.audit import AuditEntry
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, bearer, signed_in

LIST = "/w/acme/settings/budgets/"
NEW = f"{LIST}new/"
ENTERED = {"whose": "workspace", "period": "day", "cost": "5", "soft": "80"}


@pytest.fixture
def page(world: World) -> Client:
    return signed_in(world.admin)


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def of_workspace(world: World, **fields: Any) -> Budget:
    return set_budget(actor=world.admin, budget=Budget(**({"cost_limit": Decimal(5)} | fields)))


def stopped(world: World, one: Budget) -> Run:
    script = scenes.opening(Script(world.workspace, world.owner.user), cost_limit=None).node("policy")
    message = "The workspace's budget for today: the next call may cost $0.10; $0.02 of $5.00 is left."
    exceeded = ev.BudgetExceeded(
        path="policy", limit="cost", message=message, scope=str(one.pk), need_cost="0.1", need_tokens=10
    )
    return script.add(exceeded).commit()


def test_an_admin_sets_changes_and_removes_a_budget(world: World, page: Client) -> None:
    assert "No shared budgets yet" in text(page, LIST)
    assert page.post(NEW, ENTERED).status_code == 302
    one = Budget.objects.get()
    assert (one.scope, one.period, one.cost_limit, one.soft_percent) == ("workspace", "day", Decimal(5), 80)
    shown = text(page, LIST)
    assert "<b>$0.00</b> of $5.00 spent today" in shown
    assert "asks at $4.00" in shown
    path = f"{LIST}{one.pk}/"
    assert 'value="5"' in text(page, path)
    assert page.post(path, {"cost": "7.5", "tokens": "1000"}).status_code == 302
    one.refresh_from_db()
    assert (one.cost_limit, one.token_limit, one.soft_percent) == (Decimal("7.5"), 1000, None)
    assert page.post(f"{path}remove/").status_code == 302
    assert not Budget.objects.exists()
    verbs = AuditEntry.objects.filter(verb__startswith="budget.").values_list("verb", flat=True)
    assert sorted(verbs) == ["budget.changed", "budget.removed", "budget.set"]
    assert "set a budget for" in text(page, "/w/acme/settings/audit/")


def test_budgets_of_teams_and_agents(world: World, page: Client) -> None:
    page.post(NEW, {"whose": f"team:{world.team().pk}", "period": "month", "calls": "100"})
    page.post(NEW, {"whose": f"agent:{world.agent().pk}", "period": "total", "tokens": "5000"})
    shown = text(page, LIST)
    assert "Blog pipeline" in shown
    assert "<b>0</b> of 100 spent this month" in shown
    assert "<b>0</b> of 5.0k spent in all" in shown


@pytest.mark.parametrize(
    ("entered", "sentence"),
    [
        ({"cost": ""}, "Set at least one limit"),
        ({"cost": "-1"}, "greater than or equal"),
        ({"soft": "100"}, "less than or equal to 99"),
        ({"whose": "team:nobody"}, "Select a valid choice"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_set(
    world: World, page: Client, entered: dict[str, str], sentence: str
) -> None:
    answer = page.post(NEW, ENTERED | entered)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Budget.objects.exists()


def test_a_second_budget_for_the_same_is_refused(world: World, page: Client) -> None:
    of_workspace(world)
    answer = page.post(NEW, ENTERED)
    assert answer.status_code == 422
    assert "There is a budget of this for this period already." in answer.content.decode()


def test_a_team_of_another_workspace_cannot_be_named(world: World, page: Client) -> None:
    elsewhere = world.stranger.workspace.teams.create(name="Theirs")
    assert page.post(NEW, ENTERED | {"whose": f"team:{elsewhere.pk}"}).status_code == 422
    theirs = Budget.objects.create(workspace=world.stranger.workspace, cost_limit=1)
    assert page.get(f"{LIST}{theirs.pk}/").status_code == 404


def test_viewers_see_budgets_and_cannot_touch_them(world: World) -> None:
    one = of_workspace(world)
    viewer = signed_in(world.viewer)
    shown = text(viewer, LIST)
    assert "of $5.00" in shown
    assert "Set a budget" not in shown
    for path in (NEW, f"{LIST}{one.pk}/", f"{LIST}{one.pk}/remove/"):
        assert viewer.post(path, ENTERED).status_code == 403
    assert Budget.objects.count() == 1


def test_reserved_overrun_and_waiting_runs_are_shown(world: World, page: Client) -> None:
    one = of_workspace(world)
    stopped(world, one)
    Budget.objects.update(spent_cost=Decimal("5.25"), reserved_cost=Decimal("0.5"), unknown_calls=2)
    shown = text(page, LIST)
    assert '<span class="italic">$0.50 reserved</span>' in shown
    assert "$0.25 over" in shown
    assert "1 run waits" in shown
    assert "2 calls of unknown cost today" in shown


# ── elsewhere ───────────────────────────────────────────────────────────────────────────────────────
def test_a_run_before_a_shared_budget_says_so_and_can_try_again(world: World) -> None:
    one = of_workspace(world)
    run = stopped(world, one)
    at = f"/w/acme/runs/{run.pk}/"
    shown = text(signed_in(world.admin), at)
    assert "Stopped by a shared budget" in shown
    assert "$0.02 of $5.00 is left" in shown
    assert f'href="{LIST}{one.pk}/"' in shown
    operator = signed_in(world.operator)
    assert "Raise the budget" not in text(operator, at)
    assert signed_in(world.viewer).post(f"{at}try-again/").status_code == 403
    assert operator.post(f"{at}try-again/").status_code == 302
    again = Event.objects.filter(run=run, type="BudgetReopened")
    assert again.count() == 1
    assert "Stopped by a shared budget" not in text(operator, f"{at}live/")
    assert operator.post(f"{at}try-again/").status_code == 302
    assert again.count() == 1


def test_a_run_whose_shared_budget_was_removed_still_has_a_page(world: World) -> None:
    one = of_workspace(world)
    run = stopped(world, one)
    Budget.objects.all().delete()
    assert "Stopped by a shared budget" in text(signed_in(world.admin), f"/w/acme/runs/{run.pk}/")


def test_a_run_that_took_too_long_is_marked(world: World, page: Client) -> None:
    script = scenes.done(Script(world.workspace, world.owner.user))
    run = script.add(ev.LatencyBudgetExceeded(limit_s=60.0, elapsed_s=60.0)).commit()
    assert "latency budget of 1m 00s" in text(page, f"/w/acme/runs/{run.pk}/")


def test_home_shows_today_against_the_budget_of_the_workspace(world: World, page: Client) -> None:
    assert "home-budget" not in text(page, "/w/acme/")
    of_workspace(world, period="month")
    assert "home-budget" not in text(page, "/w/acme/")
    of_workspace(world)
    shown = text(page, "/w/acme/")
    assert "home-budget" in shown
    assert "of $5.00 a day" in shown


def test_the_api_tells_what_is_reserved_and_which_budget_stops_a_run(world: World, client: Client) -> None:
    running = scenes.running(Script(world.workspace, world.owner.user)).commit()
    answer = client.get(f"/api/v1/runs/{running.pk}", headers=bearer(world.viewer)).json()
    assert answer["totals"]["reserved"] == {"cost": "0.004", "tokens": 4_000, "unpriced_calls": 0}
    one = of_workspace(world)
    run = stopped(world, one)
    limits = client.get(f"/api/v1/runs/{run.pk}", headers=bearer(world.viewer)).json()["limits"]
    assert (limits["stopped_by"], limits["shared_budget"]) == ("cost", str(one.pk))


def test_the_api_sets_a_soft_limit_and_a_latency_budget(world: World, client: Client) -> None:
    body = {
        "input": {"topic": "Tea and time", "audience": "Readers"},
        "limits": {"cost_usd": "2", "soft_percent": 75, "latency_s": 90},
    }
    answer = client.post(
        f"/api/v1/teams/{world.team().pk}/runs", body, "application/json", headers=bearer(world.operator)
    )
    assert answer.status_code == 201
    limits = answer.json()["limits"]
    assert (limits["cost_usd"], limits["soft_percent"], limits["latency_s"]) == ("2", 75, 90.0)
