"""Plays the runs of a soak, so many at once, on threads that nobody has to wait for at the end."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress

from django.db import Error, connection

from runs.models import Run
from tests.crash.bed import Bed
from tests.crash.scenario import Scenario
from tests.crash.soak.case import PATIENCE_S, Ran, SoakCase

STUCK_S = 2 * PATIENCE_S  # a case that takes longer than that is not waited for


class Crew:
    def __init__(self, bed: Bed, scenarios: list[Scenario], at_once: int) -> None:
        self.bed = bed
        self.total = len(scenarios)
        self.left = deque(enumerate(scenarios))
        self.under_way: dict[int, tuple[SoakCase, float]] = {}  # with the moment it began
        self.ran: list[Ran] = []
        for _ in range(at_once):
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                number, scenario = self.left.popleft()
            except IndexError:
                return
            case = SoakCase(self.bed, scenario, number)
            self.under_way[number] = (case, time.monotonic())
            self.ran.append(case.ran())
            del self.under_way[number]

    def is_at_work(self) -> bool:
        now = time.monotonic()
        stuck = sum(now - began > STUCK_S for _, began in list(self.under_way.values()))
        return len(self.ran) + stuck < self.total

    def so_far(self) -> str:
        wrong = sum(bool(one.wrong) for one in list(self.ran))
        begun = len(self.ran) + len(self.under_way)
        return f"{begun} started, {len(self.ran)} ended{_waiting()}, {wrong} with a violation"

    def all_ran(self) -> list[Ran]:
        """What came of each; those that are still under way are lost."""
        stuck = [
            Ran(case.scenario.name, str(case.run_id), "not over", [f"lost: not over after {STUCK_S:g} s"])
            for case, _ in list(self.under_way.values())
        ]
        return [*self.ran, *stuck]


def _waiting() -> str:
    """How many runs wait for somebody, while there is a database to ask."""
    with suppress(Error):
        return f", {Run.objects.filter(status__in=('waiting', 'doubt'), ended_at=None).count()} waiting"
    connection.close()
    return ""
