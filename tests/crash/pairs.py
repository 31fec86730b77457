"""Which failpoints there are: every event type × every moment, but for those that cannot happen, and why.

The set is made from `runs.engine.events.TYPES`: a new event is in it at once, and must be reached or excused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runs.engine import events as ev
from runs.execute.failpoints import MOMENTS

Pair = tuple[str, str]  # event type, moment
TYPES = tuple(str(one.__struct_config__.tag) for one in ev.TYPES)
PAIRS: tuple[Pair, ...] = tuple((name, moment) for name in TYPES for moment in MOMENTS)

RESULTS = frozenset(
    {
        "ModelCallCompleted",
        "ModelCallFailed",
        "ToolCallCompleted",
        "ToolCallFailed",
        "ToolCallInDoubt",
        "CallAbandoned",
        "BudgetOverrun",
    }
)
ENDS = frozenset({"RunCompleted", "RunFailed", "RunCancelled"})
ENDED = "the append that ends a run gives the lease up"
SETTLED = "the run ends or goes on in the same append"


def _impossible() -> dict[Pair, str]:
    found: dict[Pair, str] = {
        (name, "before the result's commit"): "it is not what a call results in"
        for name in TYPES
        if name not in RESULTS
    }
    for name in ENDS:
        found[name, "after dispatch"] = "nothing is sent once a run has ended"
        found[name, "during renew"] = ENDED
    found["CancelRequested", "after dispatch"] = "nothing is sent once a run is to stop"
    return found


IMPOSSIBLE: dict[Pair, str] = _impossible()


@dataclass(frozen=True)
class Triple:
    """A failpoint in a scenario that reaches it `times` times when nothing crashes."""

    type: str
    moment: str
    scenario: str
    family: str
    times: int = 1

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        return (self.type, self.moment), (self.family, self.type), (self.family, self.moment)


def cover(reachable: Iterable[Triple]) -> list[Triple]:
    """Few triples in which every reachable pair of type, moment and family occurs: a greedy choice."""
    left = sorted(reachable, key=lambda one: (one.type, one.moment, one.scenario))
    missing = {pair for one in left for pair in one.pairs}
    chosen = []
    while missing:
        best = max(left, key=lambda one: sum(pair in missing for pair in one.pairs))
        chosen.append(best)
        left.remove(best)
        missing.difference_update(best.pairs)
    return chosen


def neither(reached: Iterable[Pair]) -> list[Pair]:
    """Pairs that no scenario reaches and nobody excused."""
    return [pair for pair in PAIRS if pair not in set(reached) and pair not in IMPOSSIBLE]


def refuted(reached: Iterable[Pair]) -> list[Pair]:
    """Pairs said to be impossible that were reached all the same."""
    return sorted(set(reached) & set(IMPOSSIBLE))
