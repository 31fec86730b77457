"""The scenarios of the crash matrix: together they produce every event type.

A new pattern is a few lines in a file beside this one: a graph, what its people do, what goes wrong.
"""

from __future__ import annotations

from tests.crash.basics import BASIC
from tests.crash.guarded import GUARDED
from tests.crash.patterns import PATTERNS
from tests.crash.related import RELATED
from tests.crash.scenario import Scenario, with_company

COMPANIONS = (
    "variables",
    "two people",
    "two people, one changes it",
    "reminded and escalated",
    "sub-team, then a gate",
    "sub-team whose limits are raised",
    "tool node that asks",
    "an output given",
    "held back by its endpoint",
    "slower than meant",
    "asks before it pays",
    "two tools at once, one refused",
    "two tools at once, one fails",
    "never answered",
    "rejected",
    "nobody decides",
    "by rule",
    "rate limited",
    "no such tool",
    "first of two",
)
ALONE: tuple[Scenario, ...] = (*BASIC, *PATTERNS, *GUARDED, *RELATED)
SCENARIOS: tuple[Scenario, ...] = (*ALONE, *(with_company(one) for one in ALONE if one.name in COMPANIONS))
