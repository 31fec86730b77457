"""What every measurement stands on: a workspace in the stack's database; runs started, timed and awaited."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.request import urlopen

import psycopg
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Max

from agents.models import Team
from bench.stack import LAG_S, ROOT, Stack
from runs.actions import appending, start_run
from runs.models import Run
from runs.tasks import advance
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Membership, User, Workspace

PATIENCE_S = 300
TOPIC = "the price of tea"


@dataclass
class World:
    stack: Stack
    actor: Member

    @classmethod
    def create(cls, stack: Stack) -> World:
        with psycopg.connect(stack.postgres.url("postgres"), autocommit=True) as admin:
            if admin.execute("SHOW fsync").fetchone() != ("on",):
                raise SystemExit("PostgreSQL runs without fsync: these figures would mean nothing.")
            for name in ("troupe", "langgraph"):
                admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type, unused-ignore]
        call_command("migrate", verbosity=0)
        user = User.objects.create_user("bench@example.org", name="Bench")
        workspace = Workspace.objects.create(name="Bench", slug="bench")
        Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
        appending.offer = lambda run: None  # type: ignore[assignment]  # clocks start with our own message
        return cls(stack, Member(user, workspace, Role.OWNER))

    # ── runs ────────────────────────────────────────────────────────────────────────────────────────
    def start(self, team: Team, topic: str = TOPIC) -> Run:
        """A run that exists but that no worker has been told of."""
        return start_run(actor=self.actor, team=team, value={"topic": topic})

    def offer(self, runs: Iterable[Run]) -> None:
        for run in runs:
            advance.delay(str(run.pk))

    def timed(self, runs: list[Run]) -> float:
        """Seconds from the first message to the commit of the last completion."""
        began = self.now()
        self.offer(runs)
        self.await_end(runs)
        ended = Run.objects.filter(pk__in=[run.pk for run in runs]).aggregate(at=Max("ended_at"))["at"]
        return float((ended - began) / timedelta(seconds=1))

    def finished(self, team: Team, topic: str = TOPIC) -> Run:
        """A run taken to its end."""
        run = self.start(team, topic)
        self.offer([run])
        self.await_end([run])
        return run

    def await_end(self, runs: list[Run]) -> None:
        """Return once all have ended well; anything else ends the benchmark."""
        ids = [run.pk for run in runs]
        deadline = time.monotonic() + PATIENCE_S
        while left := Run.objects.filter(pk__in=ids, ended_at=None).count():
            if time.monotonic() > deadline:
                raise SystemExit(f"{left} of {len(ids)} runs did not end within {PATIENCE_S} s.")
            time.sleep(LAG_S)
        bad = Run.objects.filter(pk__in=ids).exclude(status="done").first()
        if bad:
            raise SystemExit(f"A run ended as {bad.status}: {bad.error}")

    # ── the ground ──────────────────────────────────────────────────────────────────────────────────
    def now(self) -> datetime:
        """By the database's clock."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            found: datetime = cursor.fetchone()[0]
        return found

    def flush_s(self, times: int = 30) -> float:
        """Seconds of one small durable commit on this PostgreSQL."""
        taken = []
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS bench_flush (n int)")
            for number in range(times):
                began = time.perf_counter()
                with transaction.atomic():
                    cursor.execute("INSERT INTO bench_flush VALUES (%s)", [number])
                taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    def url(self, profile: str = "") -> str:
        """The simulated endpoint, with the trouble or latency the profile asks for."""
        return f"{self.stack.rehearsal}/p/{profile}/v1" if profile else f"{self.stack.rehearsal}/v1"

    def ledger(self, profile: str) -> dict[str, Any]:
        """What the endpoint says it was asked and billed."""
        with urlopen(f"{self.stack.rehearsal}/p/{profile}/ledger") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def bare(self, url: str, runs: int, requests: list[dict[str, Any]]) -> dict[str, float]:
        """The same calls made with nothing around them: wall and processor seconds."""
        done = subprocess.run(
            [sys.executable, "-m", "bench.bare", url, str(runs)],
            cwd=ROOT,
            input=json.dumps(requests),
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, float] = json.loads(done.stdout)
        return found
