"""Home shows facts: what needs this person, what runs, what today cost, and the first steps of a newcomer."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.test import Client

from runs.engine import events as ev
from runs.home.at_work import at_work, lately
from runs.home.get_started import get_started
from runs.home.needs import needs_of, saw
from runs.home.spend_today import spend_today
from runs.models import LedgerEntry, Run
from studio.workspaces import seen
from studio.workspaces.access import Member
from tests.runs import scenes
from tests.runs.factory import Script, charge
from tests.world import World, signed_in

pytestmark = pytest.mark.django_db


def scene(world: World, name: str, by: Member | None = None, **given: object) -> Run:
    script = Script(world.workspace, (by or world.owner).user, **given)  # type: ignore[arg-type]
    scenes.SCENES[name](script)
    return script.commit()


def page(member: Member) -> str:
    return signed_in(member).get(f"/w/{member.workspace.slug}/").content.decode()


# ── what needs this person ──────────────────────────────────────────────────────────────────────────
def test_decisions_come_soonest_deadline_first_then_limits_and_failures(world: World) -> None:
    for name in ("failed", "budget", "gate", "running"):
        scene(world, name)
    needs = needs_of(world.operator)
    assert [need.key.split("-")[0] for need in needs.rows] == ["approval", "approval", "limit", "failed"]
    assert needs.rows[0].deadline is not None
    assert needs.rows[1].title == "Send this reply to the customer?"
    assert needs.count == 4
    assert "The cost limit is reached" in needs.rows[2].title


def test_a_call_in_doubt_says_so(world: World) -> None:
    scene(world, "doubt")
    (need,) = needs_of(world.operator).rows
    assert (need.tone, need.verb) == ("doubt", "Resolve")
    assert "issue_refund may or may not have happened" in page(world.operator)


def test_what_somebody_may_not_decide_does_not_need_them(world: World) -> None:
    scene(world, "gate")
    assert needs_of(world.viewer).rows == []
    assert "You are here to look" in page(world.viewer)


def test_a_run_whose_limit_was_raised_needs_nobody(world: World) -> None:
    script = Script(world.workspace, world.owner.user)
    scenes.out_of_budget(script)
    script.commit()
    script.add(ev.LimitsRaised(by=str(world.owner.user.pk), by_name="Olga", cost_limit="5")).commit()
    assert needs_of(world.operator).count == 0


def test_a_failure_needs_a_person_until_they_opened_the_run(world: World) -> None:
    run = scene(world, "failed")
    assert needs_of(world.operator).count == 1
    signed_in(world.operator).get(f"/w/{world.workspace.slug}/runs/{run.pk}/")
    assert needs_of(world.operator).count == 0
    assert needs_of(world.admin).count == 1


def test_a_failure_of_the_day_before_is_no_news(world: World) -> None:
    run = scene(world, "failed")
    Run.objects.filter(pk=run.pk).update(ended_at=datetime.now(UTC) - timedelta(hours=25))
    assert needs_of(world.operator).count == 0


def test_many_are_counted_and_the_first_shown(world: World) -> None:
    for _ in range(7):
        scene(world, "gate")
        scene(world, "failed")
    needs = needs_of(world.operator)
    assert (needs.count, len(needs.rows)) == (14, 9)
    assert (needs.more_decisions, needs.more_failures) == (1, 4)
    client = signed_in(world.operator)
    assert "4 more failures" in client.get(f"/w/{world.workspace.slug}/").content.decode()
    client.post(f"/w/{world.workspace.slug}/failures/seen/")
    assert needs_of(world.operator).count == 7


# ── what runs, and what ran ─────────────────────────────────────────────────────────────────────────
def test_live_runs_say_how_far_they_are(world: World) -> None:
    scene(world, "running")
    scene(world, "done")
    work = at_work(world.viewer)
    (live,) = work.rows
    assert (live.done, live.steps) == (4, 10)  # triage, how-to (skipped), clerk, policy
    assert work.totals.real == live.row.cost
    assert "4 of 10 steps" in page(world.viewer)


def test_the_sum_of_live_runs_counts_those_not_shown(world: World) -> None:
    for _ in range(10):
        scene(world, "running")
    work = at_work(world.viewer)
    assert (work.count, work.more) == (10, 2)
    assert work.totals.real == LedgerEntry.objects.aggregate(sum=Sum("cost"))["sum"]


def test_what_ended_last_comes_first(world: World) -> None:
    first, second = scene(world, "done", ago_s=5_000), scene(world, "cancelled")
    assert [row.run.pk for row in lately(world.viewer)] == [second.pk, first.pk]
    assert "Cancelled" in page(world.viewer)


def test_a_new_workspace_teaches_instead(world: World) -> None:
    words = page(world.owner)
    for taught in ("Nothing needs you", "Nothing is running", "Nothing has run yet", "Get started"):
        assert taught in words


# ── today's spend ───────────────────────────────────────────────────────────────────────────────────
NOON = datetime(2026, 11, 18, 12, 20, tzinfo=UTC)


def spent(world: World, run: Run, at: datetime, cost: str | None, **more: object) -> LedgerEntry:
    number = LedgerEntry.objects.count()
    return LedgerEntry.objects.create(
        run=run,
        call=f"x/m{number}",
        attempt=1,
        workspace=world.workspace,
        path="x",
        endpoint="e",
        model="m",
        status="settled",
        cost=cost and Decimal(cost),
        at=at,
        **more,
    )


@pytest.fixture
def run(world: World) -> Run:
    run = scene(world, "done")
    LedgerEntry.objects.all().delete()
    return run


def test_today_yesterday_and_the_month_are_sums_of_the_ledger(world: World, run: Run) -> None:
    spent(world, run, NOON, "0.25")
    spent(world, run, NOON.replace(hour=0, minute=0), "0.125")
    spent(world, run, NOON - timedelta(hours=12, minutes=21), "1")  # 23:59 of the day before
    spent(world, run, NOON.replace(day=1), "3")
    spent(world, run, NOON - timedelta(days=30), "100")
    spend = spend_today(world.viewer, NOON)
    assert spend.today.real == Decimal("0.375")
    assert spend.yesterday.real == Decimal(1)
    assert spend.month.real == Decimal("4.375")


def test_simulated_calls_are_kept_out_and_unknown_ones_counted(world: World, run: Run) -> None:
    now = datetime.now(UTC)
    spent(world, run, now, "0.5", simulated=True)
    spent(world, run, now, None)
    spend = spend_today(world.viewer)
    assert (spend.today.real, spend.today.simulated, spend.today.unknown) == (Decimal(0), 1, 1)
    words = re.sub(r"\s+", " ", page(world.viewer))
    assert "1 call has no known price and is not in this sum." in words
    assert "1 simulated call today cost nothing and is not counted." in words


def test_a_usual_day_needs_some_days(world: World, run: Run) -> None:
    for days in (1, 2):
        spent(world, run, NOON - timedelta(days=days), "1")
    assert spend_today(world.viewer, NOON).usual_path == ""
    spent(world, run, NOON - timedelta(days=3), "4")
    spend = spend_today(world.viewer, NOON)
    assert spend.usual_path.startswith("M0.0 100.0L")
    assert spend.usual_path.endswith("L328.0 18.0")  # it is what the scale is made for


def test_others_money_is_not_mine(world: World, run: Run) -> None:
    spent(world, run, datetime.now(UTC), "7")
    assert spend_today(world.stranger).today.calls == 0


# ── first steps ─────────────────────────────────────────────────────────────────────────────────────
def done(member: Member) -> list[bool]:
    return [step.done for step in get_started(member)]


def test_steps_are_ticked_by_facts(world: World) -> None:
    assert done(world.operator) == [False] * 4
    signed_in(world.operator).get(f"/w/{world.workspace.slug}/teams/{world.team().pk}/")
    assert done(world.operator) == [True, False, False, False]
    script = Script(world.workspace, world.operator.user)
    scenes.done(script)
    run = script.commit()  # its gate and its refund were decided by whom started it
    assert done(world.operator) == [True, True, True, False]
    saw(world.operator, run)
    assert get_started(world.operator) == []


def test_only_the_next_step_has_a_button(world: World) -> None:
    seen.mark(world.operator, seen.A_TEAM)
    assert [step.is_next for step in get_started(world.operator)] == [False, True, False, False]


def test_a_viewer_is_asked_only_to_look(world: World) -> None:
    assert [step.title for step in get_started(world.viewer)] == [
        "Open an example team",
        "Open the finished run",
    ]


def test_the_list_stays_away_once_it_is_put_away(world: World) -> None:
    client = signed_in(world.viewer)
    client.post(f"/w/{world.workspace.slug}/get-started/dismiss/")
    assert "Get started" not in page(world.viewer)
    assert "Get started" in page(world.owner)


def test_the_page_and_its_live_part_show_the_same(world: World) -> None:
    scene(world, "gate")
    client = Client()
    client.force_login(world.owner.user)
    whole = client.get(f"/w/{world.workspace.slug}/").content.decode()
    live = client.get(f"/w/{world.workspace.slug}/live/").content.decode()
    headings = re.compile(r"<h2[^>]*>([^<]+)</h2>")
    assert set(headings.findall(live)) <= set(headings.findall(whole))
    assert "Needs you" in live
    assert "<html" not in live


def test_a_settled_call_shows_its_exact_cost(world: World) -> None:
    script = Script(world.workspace, world.owner.user)
    scenes.opening(script).node("policy")
    call = script.ask("policy", script.prompt("policy"))
    script.answer("policy", call, "Yes.", charge=charge(1_000_000, 0)).commit()
    total = LedgerEntry.objects.aggregate(sum=Sum("cost"))["sum"]
    assert at_work(world.viewer).totals.real == total
    assert f"${total.normalize():f}" in page(world.viewer)
