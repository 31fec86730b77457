"""The launch page: its form, what it starts, and that it says only what is true."""

from __future__ import annotations

import json
import re
import shlex
from decimal import Decimal
from html import unescape
from typing import Any
from uuid import uuid4

import pytest

from agents.models import Endpoint, ModelPrice, Team, TeamVersion
from runs.engine import events as ev
from runs.launching.facts import facts_of, past_of
from runs.models import Blob, Event, Run
from studio.workspaces.access import Member
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
INPUT = {"topic": "Tea at work", "audience": "Readers"}


class Launcher:
    """A browser in which a member launches the example team."""

    def __init__(self, member: Member, team: Team) -> None:
        self.client = signed_in(member)
        self.path = f"/w/{member.workspace.slug}/teams/{team.pk}/launch/"

    def page(self, query: str = "") -> str:
        response = self.client.get(self.path + query)
        assert response.status_code == 200
        return response.content.decode()

    def send(self, path: str = "", *, htmx: bool = False, **changes: str) -> Any:
        fields = {
            "input-topic": INPUT["topic"],
            "input-audience": INPUT["audience"],
            "mode": "live",
            "cost": "0.50",
            "tokens": "",
            "version": "1",
            "key": str(uuid4()),
        }
        fields |= {name.replace("__", "-"): value for name, value in changes.items()}
        return self.client.post(self.path + path, fields, headers=HTMX if htmx else {})


@pytest.fixture
def launcher(world: World) -> Launcher:
    return Launcher(world.operator, world.team())


def only(world: World) -> Run:
    return Run.objects.get(workspace=world.workspace)


def first_event(run: Run) -> ev.RunStarted:
    event = ev.decode(Event.objects.get(run=run, seq=1).body)
    assert isinstance(event, ev.RunStarted)
    return event


# ── the form ────────────────────────────────────────────────────────────────────────────────────────
def test_the_form_is_made_from_the_teams_input(launcher: Launcher) -> None:
    page = launcher.page()
    assert "Topic</label>" in page
    assert "text, up to 300" in page
    assert "Why small teams benefit from writing decisions down" in page  # the default
    assert 'name="cost" value="0.50"' in page
    assert "20 model calls" in page


def test_launching_starts_a_run_and_leads_to_it(world: World, launcher: Launcher) -> None:
    response = launcher.send()
    run = only(world)
    assert response["Location"] == f"/w/{world.workspace.slug}/runs/{run.pk}/"
    stored = Blob.objects.get(workspace=world.workspace, digest=run.input_digest).content
    assert (run.mode, run.started_by, json.loads(stored)) == ("live", world.operator.user, INPUT)
    started = first_event(run)
    assert (started.cost_limit, started.token_limit, started.call_limit) == ("0.50", None, 20)


def test_a_budget_of_ones_own_takes_the_place_of_the_teams(world: World, launcher: Launcher) -> None:
    launcher.send(cost="", tokens="5000")
    started = first_event(only(world))
    assert (started.cost_limit, started.token_limit) == (None, 5_000)


@pytest.mark.parametrize(("field", "value"), [("mode", "simulated"), ("rehearse", "1")])
def test_a_rehearsal_is_chosen_either_way(world: World, launcher: Launcher, field: str, value: str) -> None:
    launcher.send("", htmx=False, **{field: value})
    assert only(world).mode == "simulated"


def test_every_problem_is_told_at_once_and_nothing_typed_is_lost(world: World, launcher: Launcher) -> None:
    response = launcher.send(input__topic="Te", input__audience="Aunt <Ada>", cost="-1", tokens="many")
    page = response.content.decode()
    assert response.status_code == 422
    assert "At least 3 characters." in page
    assert "3 fields to correct" in page
    assert "Te</textarea>" in page
    assert "Aunt &lt;Ada&gt;" in page
    assert 'value="many"' in page
    assert not Run.objects.filter(workspace=world.workspace).exists()


def test_two_clicks_start_one_run(world: World, launcher: Launcher) -> None:
    key = str(uuid4())
    first, again = (launcher.send(key=key)["Location"] for _ in range(2))
    assert first == again
    only(world)


def test_the_same_form_with_something_else_in_it_starts_another(world: World, launcher: Launcher) -> None:
    key = str(uuid4())
    launcher.send(key=key)
    launcher.send(key=key, input__topic="Coffee")
    launcher.send(key=key, mode="simulated")
    assert Run.objects.filter(workspace=world.workspace).count() == 3


def test_a_version_published_meanwhile_is_not_run_unseen(world: World, launcher: Launcher) -> None:
    team = world.team()
    assert team.current
    TeamVersion.objects.filter(pk=team.current.pk).update(number=2)
    response = launcher.send(version="1")
    assert response.status_code == 422
    page = response.content.decode()
    assert "Version 2 was published while you filled this in." in page
    assert 'name="version" value="2"' in page
    assert launcher.send(version="2").status_code == 302


@pytest.mark.parametrize("field", ["key", "version", "mode"])
def test_a_form_that_lacks_its_hidden_parts_starts_nothing(
    world: World, launcher: Launcher, field: str
) -> None:
    assert launcher.send("", htmx=False, **{field: "<x>"}).status_code == 422
    assert not Run.objects.filter(workspace=world.workspace).exists()


def test_an_earlier_runs_input_can_be_used_again(world: World, launcher: Launcher) -> None:
    launcher.send(input__topic="Tea for two")
    run = only(world)
    page = launcher.page(f"?from={run.pk}")
    assert "Tea for two</textarea>" in page
    assert "Filled in with what <a" in page
    assert f"?from={run.pk}" in launcher.page()  # it is offered
    assert launcher.client.get(f"{launcher.path}?from={uuid4()}").status_code == 404
    assert launcher.client.get(f"{launcher.path}?from=x").status_code == 404


def test_another_workspaces_run_gives_no_input(world: World, launcher: Launcher) -> None:
    other = scenes.opening(Script(world.stranger.workspace, world.stranger.user)).commit()
    assert launcher.client.get(f"{launcher.path}?from={other.pk}").status_code == 404


def test_a_team_without_a_version_says_what_to_do(world: World, launcher: Launcher) -> None:
    Team.objects.filter(pk=world.team().pk).update(current=None)
    assert "Nothing is published yet" in launcher.page()
    assert "Nothing is published yet" in launcher.send().content.decode()


def test_viewers_do_not_launch_and_strangers_find_nothing(world: World) -> None:
    assert Launcher(world.viewer, world.team()).send().status_code == 403
    stranger = Launcher(world.stranger, world.team())
    assert stranger.client.get(stranger.path).status_code == 404


# ── as a call of the API ────────────────────────────────────────────────────────────────────────────
def test_the_call_that_is_copied_starts_the_same_run(world: World, launcher: Launcher) -> None:
    page = launcher.send("call/", input__topic='It\'s "tea" & <more>', mode="simulated").content.decode()
    text = unescape(re.search(r'<pre id="launch-call-text"[^>]*>(.*?)</pre>', page, re.DOTALL).group(1))  # type: ignore[union-attr]
    words = shlex.split(text.replace("\\\n", " "))
    address, body = words[3], json.loads(words[words.index("-d") + 1])
    assert address == f"http://127.0.0.1:8000/api/v1/teams/{world.team().pk}/runs"
    assert body["input"]["topic"] == 'It\'s "tea" & <more>'
    assert (body["mode"], body["limits"]["cost_usd"]) == ("simulated", "0.50")
    assert not Run.objects.filter(workspace=world.workspace).exists()


def test_a_wrong_form_makes_no_call(launcher: Launcher) -> None:
    response = launcher.send("call/", input__topic="")
    assert response.status_code == 422
    assert "This is needed." in response.content.decode()


def test_htmx_gets_the_form_with_the_call_open(launcher: Launcher) -> None:
    page = launcher.send("call/", htmx=True).content.decode()
    assert "<html" not in page
    assert 'id="launch-call" class="dialog dialog-wide" data-open' in page


# ── what is known before ────────────────────────────────────────────────────────────────────────────
def finished(world: World, cost: str | None, seconds: float = 4, version: TeamVersion | None = None) -> Run:
    """A run of the support desk that cost so much."""
    script = Script(world.workspace, world.owner.user, version)
    script.start(scenes.TICKET).node("clerk")
    call = script.ask("clerk", script.prompt("clerk"))
    billed = ev.Charge(status="settled", usage=ev.Usage(input_tokens=900, output_tokens=100), cost=cost)
    script.answer("clerk", call, "x", seconds, charge=billed)
    script.done("clerk", "x").wait(3600)  # a person's wait is no work
    return script.finish("x").commit()


def test_a_team_that_never_ran_promises_nothing(launcher: Launcher) -> None:
    page = launcher.page()
    assert "nothing is known of its cost and time" in page
    assert "figure-big" not in page


def test_few_runs_show_their_whole_span(world: World) -> None:
    runs = [finished(world, cost, seconds) for cost, seconds in (("0.01", 2), ("0.03", 9), ("0.02", 4))]
    past = past_of(runs[0].team_version.team)
    assert past.is_span
    assert (past.runs, past.cost) == (3, (Decimal("0.01"), Decimal("0.03")))
    assert past.seconds == pytest.approx((2, 9), abs=0.1)
    assert past.tokens == (1_000, 1_000)


def test_many_runs_show_eight_in_ten_and_their_spread(world: World) -> None:
    costs = [f"0.0{number}" for number in range(1, 10)] + ["0.5"]
    runs = [finished(world, cost) for cost in costs]
    past = past_of(runs[0].team_version.team)
    assert not past.is_span
    assert past.cost == (Decimal("0.02"), Decimal("0.09"))
    assert sum(past.bars) == 10
    assert past.bars[-1] == 1
    page = Launcher(world.operator, runs[0].team_version.team).page()
    assert "$0.02–$0.09" in page
    assert "10 live runs of v7" in page


def test_a_run_of_unknown_cost_is_in_no_figure_of_cost(world: World) -> None:
    runs = [finished(world, cost) for cost in ("0.01", None)]
    past = past_of(runs[0].team_version.team)
    assert (past.runs, past.unpriced, past.cost) == (2, 1, (Decimal("0.01"), Decimal("0.01")))
    page = Launcher(world.operator, runs[0].team_version.team).page()
    assert "1 more had calls of unknown price" in page


def test_only_live_runs_that_finished_count(world: World) -> None:
    run = finished(world, "0.01")
    for name in ("failed", "running", "cancelled"):
        scenes.SCENES[name](script := Script(world.workspace, world.owner.user))
        script.commit()
    rehearsal = Script(world.workspace, world.owner.user, mode="simulated")
    scenes.done(rehearsal).commit()
    past = past_of(run.team_version.team)
    assert (past.runs, past.rehearsals) == (1, 1)


def test_gates_rules_and_prices_are_told_beforehand(world: World) -> None:
    run = finished(world, "0.01")
    team = run.team_version.team
    facts = facts_of(team, run.team_version)
    assert [(gate.title, gate.who) for gate in facts.gates] == [("Send the reply?", "Operators and above")]
    assert [(rule.tool, rule.rule) for rule in facts.rules] == [("issue_refund", "args.amount > 100")]
    assert facts.missing == ["gpt-5-mini at OpenAI"]
    page = Launcher(world.operator, team).page()
    for part in (
        "It stops for a person at Send the reply?",
        "issue_refund",
        "is not set up here",
        "7 agents",
    ):
        assert part in page


def test_a_model_without_a_price_is_named(world: World, launcher: Launcher) -> None:
    assert "is unknown</b>" not in launcher.page()
    model = Endpoint.objects.get(workspace=world.workspace, name="rehearsal").models.get(name="rehearsal")
    ModelPrice.objects.filter(model=model).delete()
    page = launcher.page()
    assert f"The price of {model.name} is unknown</b>" in page
    assert "Under a money limit the run waits at its first call" in page


def test_changes_that_would_not_run_are_told(world: World, launcher: Launcher) -> None:
    assert "The draft has changes" not in launcher.page()
    team = world.team()
    Team.objects.filter(pk=team.pk).update(draft=team.draft | {"limits": {"model_calls": 9}})
    assert "The draft has changes that this does not run." in launcher.page()
