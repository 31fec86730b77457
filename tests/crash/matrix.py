"""Plays cases, several at once, and tells what came of them."""

from __future__ import annotations

import hashlib
import itertools
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

from runs.engine import events as ev
from tests.crash import checks
from tests.crash.bed import LEASE_S, SWEEP_S, Bed
from tests.crash.case import ACTS, WEB_MOMENTS, Case, Played
from tests.crash.pairs import PAIRS, Pair, Triple, neither
from tests.crash.scenario import Death, Scenario
from tests.crash.scenarios import SCENARIOS
from tests.engine.invariants import readable

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
T = TypeVar("T")
R = TypeVar("R")
MISSED = "not met"  # the outcome of a death that an order of events kept from happening, again and again
TRIES = 3


@dataclass
class Line:
    """One case of the report."""

    scenario: str
    deaths: tuple[Death, ...]
    outcome: str
    recovered_s: float | None
    repeated: int
    wrong: list[str] = field(default_factory=list)
    log: str = ""

    def shown(self) -> str:
        where = ", ".join(f"{d.type} {d.moment} ({d.how})" for d in self.deaths)
        took = "" if self.recovered_s is None else f"{self.recovered_s:.1f} s"
        verdict = "ok" if not self.wrong else "; ".join(self.wrong)
        return f"{where:<58} {self.scenario:<44} {self.outcome:<10} {took:>6} {self.repeated:>3}  {verdict}"


Tell = Callable[[Line], None]


def nothing(line: Line) -> None:
    """Nobody wants to hear of each line."""


class Matrix:
    def __init__(self, bed: Bed, at_once: int) -> None:
        self.bed = bed
        self.at_once = at_once
        self.twins: dict[str, Played] = {}
        self.reach: dict[str, Counter[Pair]] = {}

    def play_twins(self, names: Iterable[str] = BY_NAME, tell: Tell = nothing) -> list[Line]:
        """Every scenario without further deaths; what it reached is what can be armed."""
        lines = self._at_once(lambda name: self._twin(BY_NAME[name], tell), list(names))
        runs = {str(played.run.pk): name for name, played in self.twins.items()}
        known = set(PAIRS)
        for failpoint in self.bed.traced():
            run, _, rest = failpoint.partition(" ")
            name, _, moment = rest.partition(" ")
            if run in runs and (name, moment) in known:
                self.reach.setdefault(runs[run], Counter())[name, moment] += 1
        for name, played in self.twins.items():
            asked = {ev.type_of(event) for event in played.log} & set(ACTS)
            self.reach.setdefault(name, Counter()).update(itertools.product(asked, WEB_MOMENTS))
        return lines

    def fill_holes(self, tell: Tell = nothing) -> None:
        """What no twin happened to reach although it has such events, such as a renewal: play those again."""
        for _ in range(TRIES):
            missing = {name for name, _ in neither(self.reached)}
            names = [
                name for name, played in self.twins.items() if missing & {ev.type_of(e) for e in played.log}
            ]
            if not names:
                return
            self.play_twins(names, tell)

    def _twin(self, scenario: Scenario, tell: Tell) -> Line:
        try:
            played = Case(self.bed, scenario).play()
            self.twins[scenario.name] = played
            line = _line(played, checks.wrong(played))
        except Exception:
            line = Line(scenario.name, (), "error", None, 0, [traceback.format_exc(limit=-4)])
        tell(line)
        return line

    @property
    def reached(self) -> set[Pair]:
        return {pair for counted in self.reach.values() for pair in counted}

    def triples(self) -> list[Triple]:
        return [
            Triple(name, moment, scenario, BY_NAME[scenario].family, times)
            for scenario, counted in self.reach.items()
            for (name, moment), times in counted.items()
            if not any((name, moment) == (d.type, d.moment) for d in BY_NAME[scenario].dies_first)
        ]

    def play(self, triples: Iterable[Triple], tell: Tell = nothing, *, deaths: int = 1) -> list[Line]:
        """Cases of up to `deaths` deaths each; what an earlier death kept from happening is tried again."""
        left, lines = list(triples), []
        for attempt in range(1, TRIES + 1):
            packs = list(_packed(left, deaths if attempt == 1 else 1))
            results = self._at_once(lambda pack: self._case(pack, tell), packs)
            lines += [line for line, _ in results]
            left = [triple for _, missed in results for triple in missed]
        for triple in left:
            lines.append(Line(triple.scenario, (death_of(triple),), MISSED, None, 0))
            tell(lines[-1])
        return lines

    def _case(self, pack: list[Triple], tell: Tell) -> tuple[Line, list[Triple]]:
        name = pack[0].scenario
        armed = {death_of(triple): triple for triple in pack}
        try:
            played = Case(self.bed, BY_NAME[name], tuple(armed)).play()
            line = _line(played, checks.wrong(played, self.twins[name]))
            missed = [armed[death] for death in played.missed if death in armed]
        except Exception:
            line = Line(name, tuple(armed), "error", None, 0, [traceback.format_exc(limit=-4)])
            missed = []
        tell(line)
        return line, missed

    def _at_once(self, function: Callable[[T], R], over: list[T]) -> list[R]:
        with ThreadPoolExecutor(self.at_once) as pool:
            return list(pool.map(function, over))


def death_of(triple: Triple) -> Death:
    """How and at which of its times: a choice that is the same every time, and differs between triples."""
    chance = hashlib.sha256(f"{triple.type} {triple.moment} {triple.scenario}".encode()).digest()
    web = triple.type in ACTS and triple.moment in WEB_MOMENTS
    how = "stop" if chance[0] % 4 == 0 and not web and triple.moment != "before publish" else "kill"
    steady = triple.moment in ("before commit", "after commit", "before the result's commit")
    nth = 1 + chance[1] % triple.times if steady and not web else 1
    return Death(triple.type, triple.moment, how, nth)


def _packed(triples: list[Triple], size: int) -> Iterator[list[Triple]]:
    """Triples of one scenario together, spread over as few runs as `size` deaths allow."""
    by_scenario: dict[str, list[Triple]] = {}
    for triple in triples:
        by_scenario.setdefault(triple.scenario, []).append(triple)
    for together in by_scenario.values():
        count = -(-len(together) // size)
        yield from (together[start::count] for start in range(count))


def _line(played: Played, wrong: list[str]) -> Line:
    return Line(
        played.scenario.name,
        tuple(fall.death for fall in played.falls),
        played.run.status if played.run.has_ended else f"waits: {played.waits}",
        checks.recovery_s(played),
        checks.repeated_finished(played),
        wrong,
        readable(played.log),
    )


def totals(lines: list[Line], deaths: int) -> str:
    """The end of the report."""
    recovered = sorted(line.recovered_s for line in lines if line.recovered_s is not None)
    slow = f"{median(recovered):.1f} / {recovered[-1]:.1f} s" if recovered else "none"
    figures = {
        "runs": len(lines),
        "deaths arranged and met": sum(len(line.deaths) for line in lines if line.outcome != MISSED),
        f"deaths arranged, not met in {TRIES} runs": sum(line.outcome == MISSED for line in lines),
        "worker processes that died": deaths,
        "violations": sum(bool(line.wrong) for line in lines),
        "finished calls repeated": sum(line.repeated for line in lines),
        "lost runs": sum(any(w.startswith("lost") for w in line.wrong) for line in lines),
        f"recovery, median / longest (lease {LEASE_S:g} s + sweep {SWEEP_S:g} s)": slow,
    }
    return "\n".join(f"{name:<56} {value}" for name, value in figures.items())
