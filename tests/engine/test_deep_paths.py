"""What is passed on and on gets a long name: it stays below what can be stored, and its timers stay apart."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from uuid import UUID

from runs.engine import events as ev
from runs.engine.decide import TOO_DEEP
from runs.engine.dialects.base import Prompt
from runs.engine.kind import LONGEST_PATH
from runs.projections import timers
from runs.projections.base import Ref
from tests.engine.harness import RUN, Engine, Says
from tests.engine.teams import IN, OUT, team

LONG = [f"{letter * 47}{number}" for letter, number in zip("abc", "123", strict=True)]


def passing(sign: str, tool: str, arguments: dict[str, Any]) -> Engine:
    """Three agents with the longest names that pass the job round for ever."""

    def model(prompt: Prompt, attempt: int) -> Says:
        to = {offer.name for offer in prompt.tools}
        if tool in to:
            return Says(tools=[(tool, arguments)])
        peers = sorted(name for name in to if name.startswith("transfer_to_"))
        if not peers:
            return Says("done")
        mine = LONG.index(prompt.agent)
        return Says(tools=[(f"transfer_to_{LONG[(mine + 1) % 3]}", {"message": "yours"})])

    nodes: dict[str, Any] = {"in": IN, "out": OUT}
    nodes |= {name: ("agent", {"agent": name, "max_handoffs": 50}) for name in LONG}
    first, second, third = LONG
    ways = [f"{first}{sign}{second}", f"{second}{sign}{third}", f"{third}{sign}{first}"]
    edges = [f"in>{first}", f"{first}>out", *ways]
    agents: dict[str, dict[str, Any]] = {name: {"name": "A"} for name in LONG}
    return Engine(team(nodes, edges, agents=agents), model).start()


def longest(engine: Engine) -> int:
    return max(len(getattr(event, "call", "") or event.path) for event in engine.log)


def test_a_circle_of_hand_overs_ends_before_its_name_is_too_long() -> None:
    engine = passing("~", "", {}).go()
    assert engine.state.ended == "done"
    assert 600 < longest(engine) <= LONGEST_PATH


def test_a_circle_of_delegations_of_an_old_version_ends_too() -> None:
    """The validator refuses it; what was published before it did runs within its caps."""
    first, second, third = LONG
    following = {first: second, second: third, third: first}

    def model(prompt: Prompt, attempt: int) -> Says:
        if not prompt.replies:
            return Says(tools=[("delegate", {"to": following[prompt.agent], "task": "go"})])
        return Says(prompt.replies[0].text)

    engine = passing(":", "", {})
    engine.model = model
    engine.go()
    assert engine.state.ended == "done"
    assert "passed on too often" in engine.output
    assert 600 < longest(engine) <= LONGEST_PATH


def test_the_timers_of_a_node_with_a_long_name_are_told_apart() -> None:
    engine = passing("~", "", {})
    path = "/".join(["x" * 60] * 13)
    ref = Ref(RUN, UUID(int=2), engine.plan)
    names = set()
    for number in range(3):
        event = ev.TimerSet(path=path, key=f"{path}/m1/retry{number}", after_s=1, purpose="retry")
        engine.add(event)
        names |= {row[0] for row in timers.rows(ref, engine.state, event)}
    assert len(names) == 3
    assert max(map(len, names)) <= 1_000
    for fired in [ev.TimerFired(path=path, key=f"{path}/m1/retry{number}") for number in range(3)]:
        engine.add(fired)
        assert {row[0] for row in timers.rows(ref, engine.state, fired)} <= names


def nested(depth: int) -> Engine:
    """Lists of lists, each level taken apart by a map with the longest name."""
    names = [f"{'m' * 44}{number:04}" for number in range(depth)]
    nodes: dict[str, Any] = {"in": IN, "out": OUT, "leaf": ("agent", {"agent": "writer"})}
    nodes |= {name: ("map", {}) for name in names}
    ways = [f"{one}:{other}" for one, other in pairwise([*names, "leaf"])]
    value: Any = "x"
    for _ in names:
        value = [value]
    made = team(nodes, [f"in>{names[0]}", f"{names[0]}>out", *ways])
    return Engine(made, lambda prompt, attempt: Says("done")).start(value)


def test_maps_within_maps_run_as_deep_as_names_can_be_kept() -> None:
    assert nested(12).go().state.ended == "done"


def test_deeper_ones_fail_and_say_so_before_anything_is_called() -> None:
    engine = nested(24).go()
    assert engine.state.ended == "failed"
    failed = [event for event in engine.log if isinstance(event, ev.NodeFailed)]
    first = failed[0]
    assert (first.code, first.message) == ("too_deep", TOO_DEEP)
    assert LONGEST_PATH < len(first.path) < 1_000
    assert longest(engine) == len(first.path), "nothing was begun below it"
    assert "Nest them less deeply." in engine.state.message
    assert not any(isinstance(event, ev.ModelCallStarted) for event in engine.log)
