"""A run of 20,000 events: how soon a worker has it folded, and how soon its page has all of it."""

from __future__ import annotations

import asyncio
import json
import time
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

from django.conf import settings
from django.test import Client
from django.urls import reverse

from bench import teams
from bench.report import Figure
from bench.world import World
from runs.engine.fold import replay
from runs.execute.store import Store
from runs.models import Run

TITLE = "A run of 20,000 events"
ABOUT = (
    "100 agents at once, each going round with a tool 50 times, make a run of 20,000 events and more. What a "
    "worker does to take it over (read, decode, fold), and what a browser fetches to open its page: the page "
    "itself, then the log page by page, and the costs. Medians."
)
WIDTH, EVENTS = 100, 20_000


def measure(world: World, rounds: int) -> list[Figure]:
    team = teams.loops(world.actor, WIDTH, world.url("loop_tools"))
    began = time.monotonic()
    run = world.finished(team)
    made_s = time.monotonic() - began
    run.refresh_from_db()
    times = max(rounds, 3)
    loads, folds = zip(*(asyncio.run(_load_and_fold(run)) for _ in range(times)), strict=True)
    world.stack.start_web()
    visitor = Visitor(world, run)
    visitor.page()
    pages = [_timed(visitor.page) for _ in range(times)]
    logs = [_timed(visitor.log) for _ in range(times)]
    costs = [_timed(visitor.costs) for _ in range(times)]
    return [
        Figure("events", run.seq, "", EVENTS, "high"),
        Figure("events a second while it was made", run.seq / made_s, "/s"),
        Figure("read and decode", median(loads), "s"),
        Figure("fold", median(folds), "s"),
        Figure("read, decode and fold", median(map(sum, zip(loads, folds, strict=True))), "s", 0.5),
        Figure("the page itself", median(pages), "s"),
        Figure("all events, as the page fetches them", median(logs), "s"),
        Figure("its costs", median(costs), "s"),
        Figure("open: page, events and costs", sum(map(median, (pages, logs, costs))), "s", 1.5),
    ]


async def _load_and_fold(run: Run) -> tuple[float, float]:
    store = Store()
    await store.open()
    try:
        began = time.perf_counter()
        events = await store.events(run.pk)
        read = time.perf_counter()
        state = replay(events)
        folded = time.perf_counter()
    finally:
        await store.close()
    if state.ended != "done":
        raise SystemExit("The run's log does not fold to its end.")
    return read - began, folded - read


def _timed(act: Any) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


class Visitor:
    """Somebody signed in, who opens one run over HTTP."""

    def __init__(self, world: World, run: Run) -> None:
        client = Client()
        client.force_login(world.actor.user)
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        self.web, self.run, self.slug = world.stack.web, run, world.actor.workspace.slug

    def page(self) -> None:
        self._get("run")

    def costs(self) -> None:
        json.loads(self._get("run_cost"))

    def log(self) -> None:
        """Page by page, as static/islands/run-trace does it."""
        seen, head = 0, 1
        while seen < head:
            found = json.loads(self._get("run_events", f"?after={seen}"))
            seen, head = found["events"][-1]["seq"], found["head"]
        if seen < self.run.seq:
            raise SystemExit(f"The page got {seen} of {self.run.seq} events.")

    def _get(self, view: str, query: str = "") -> bytes:
        path = reverse(view, args=[self.slug, self.run.pk])
        with urlopen(Request(self.web + path + query, headers={"Cookie": self.cookie})) as answer:
            found: bytes = answer.read()
        return found
