"""The local model through teams of the gallery: poor answers, but every step of control for real.

A tiny model writes what it likes; what a schema holds it to (delegate or answer, one of the ways, a verdict,
a typed brief) must come out right, within the caps, and on a prompt that its server had cached.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.urls import reverse

from agents.models import Endpoint
from agents.presets.registry import preset
from bench.gallery import answer_all, made, sample
from runs.actions import start_run
from runs.engine import events as ev
from runs.models import Blob, LedgerEntry, LogEvent, Run
from runs.verify import problems
from studio.embedded.local_model import NAME
from studio.embedded.ports import HOST, first_free
from studio.embedded.probe import answers
from tests.workers import ROOT, Fleet, wait_until
from tests.world import World, build, signed_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.worker,
    pytest.mark.xdist_group("worker"),
    pytest.mark.timeout(600),
]
NO_RULE_HOLDS = {"ticket": "Do you also sell gift cards for schools?", "plan": "team"}
WAYS = {"billing", "technical", "general"}


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """A new workspace whose endpoint `local` leads to a model of this test's own."""
    port = first_free(18_600)
    command = [sys.executable, "-m", "studio.embedded.local_model", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(f"http://{HOST}:{port}/health"), "the local model to answer", 120)
        world = build()
        Endpoint.objects.filter(workspace=world.workspace, kind=Endpoint.Kind.LOCAL).update(
            base_url=f"http://{HOST}:{port}/v1"
        )
        yield world
    finally:
        server.terminate()
        server.wait(20)


def test_what_a_schema_holds_the_model_to_comes_out_right(world: World, fleet: Fleet) -> None:
    inputs = {"support_triage": NO_RULE_HOLDS}
    names = ["product_office", "support_triage", "motion_debate", "market_brief"]
    fleet.worker()
    fleet.sweeper()
    teams = made(world.designer, names, NAME)
    runs = {
        name: start_run(actor=world.operator, team=team, value=inputs.get(name) or sample(preset(name)))
        for name, team in teams.items()
    }
    wait_until(lambda: settled(world, runs), "all runs to end", 540)
    assert {name: (run.status, run.error) for name, run in runs.items()} == dict.fromkeys(names, ("done", ""))
    assert {name: problems(run) for name, run in runs.items()} == {name: [] for name in names}
    a_supervisor_delegated_within_its_rounds(runs["product_office"])
    the_model_took_one_of_the_ways(runs["support_triage"])
    the_judge_gave_a_verdict_on_each_round(runs["motion_debate"])
    the_brief_is_typed(runs["market_brief"])
    the_prompt_cache_served_each_later_turn(runs["product_office"])
    the_page_shows_what_was_cached(world, runs["product_office"])


def settled(world: World, runs: dict[str, Run]) -> bool:
    answer_all(world.operator)
    for run in runs.values():
        run.refresh_from_db()
    return all(run.has_ended for run in runs.values())


def log(run: Run) -> list[ev.Event]:
    bodies = LogEvent.objects.filter(run=run).order_by("seq").values_list("body", flat=True)
    return [ev.decode(body) for body in bodies]


def content(run: Run, digest: str) -> Any:
    return json.loads(Blob.objects.get(workspace=run.workspace, digest=digest).content)


def completed(run: Run, path: str) -> ev.NodeCompleted:
    return next(one for one in log(run) if isinstance(one, ev.NodeCompleted) and one.path == path)


def a_supervisor_delegated_within_its_rounds(run: Run) -> None:
    events = log(run)
    asked = [one for one in events if isinstance(one, ev.ModelCallStarted) and one.path == "director"]
    assert {one.dialect for one in asked} == {"schema"}, "this endpoint has no tools of its own"
    assert len(asked) <= 3 + 2, "two rounds and the answer, and at most two corrections"
    workers = [one.path for one in events if isinstance(one, ev.NodeStarted) and one.parent == "director"]
    assert workers, "it is held to a delegation or an answer, and this model always delegates first"
    done = {one.path for one in events if isinstance(one, ev.NodeCompleted)}
    assert set(workers) <= done


def the_model_took_one_of_the_ways(run: Run) -> None:
    chosen = completed(run, "triage")
    assert chosen.note.startswith(f"{NAME} chose ")
    way = chosen.note.removeprefix(f"{NAME} chose ")
    assert way in WAYS
    skipped = {one.path for one in log(run) if isinstance(one, ev.NodeSkipped)}
    assert skipped == WAYS - {way}


def the_judge_gave_a_verdict_on_each_round(run: Run) -> None:
    verdict = content(run, completed(run, "debate").output)
    assert verdict["winner"] in {"Optimist", "Sceptic", "none"}
    assert verdict["verdict"].strip()
    spoke = [one.path for one in log(run) if isinstance(one, ev.NodeCompleted) and "/r" in one.path]
    assert sorted(spoke) == [
        f"debate/r{number}/{who}" for number in range(1, verdict["rounds"] + 1) for who in ("con", "pro")
    ]


def the_brief_is_typed(run: Run) -> None:
    brief = content(run, completed(run, "brief").output)
    assert brief["recommendation"] in {"enter", "wait", "avoid"}
    assert 1 <= len(brief["risks"]) <= 2


def the_prompt_cache_served_each_later_turn(run: Run) -> None:
    rows = list(LedgerEntry.objects.filter(run=run, path="director").order_by("call", "attempt"))
    assert len(rows) >= 2
    for before, row in pairwise(rows):
        assert row.cached_tokens > before.input_tokens / 2, f"{row.call} began as {before.call} did"


def the_page_shows_what_was_cached(world: World, run: Run) -> None:
    cached = sum(row.cached_tokens for row in LedgerEntry.objects.filter(run=run))
    page = signed_in(world.viewer).get(reverse("run", args=[world.workspace.slug, run.pk])).content.decode()
    assert f'<b class="num">{cached:,}</b> cached' in page
