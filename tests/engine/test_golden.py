"""Logs as they were written once still fold to what they meant then (invariant 19).

A log is never changed, so the code must go on reading it. `python -m tests.engine.test_golden` records
logs of today's engine that are not there yet; one that is there is never written again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runs.engine import events as ev
from runs.engine.fold import replay
from runs.engine.state import RunState
from tests.engine.harness import Engine
from tests.engine.invariants import violations
from tests.engine.random_teams import AGENTS, DONE, PATIENT, SUBTEAM, TOOLS, answer
from tests.engine.teams import IN, OUT, agent, team
from tests.engine.test_forked import fork, seq_of

GOLDEN = Path(__file__).parent / "golden"
LOGS = sorted(GOLDEN.glob("*.jsonl"))


def meaning(state: RunState) -> dict[str, Any]:
    """What a log says happened, in terms that later versions of the state must still have."""
    return {
        "ended": state.ended,
        "output": state.output,
        "nodes": {
            path: [str(node.status), node.output]
            for path, node in sorted(state.nodes.items())
            if node.status != "pending"
        },
        "calls": {
            call.id: [str(call.status), call.attempt, call.result]
            for node in state.nodes.values()
            for call in node.calls.values()
        },
        "asked": {
            f"{path} {key}": asked.status
            for path, node in state.nodes.items()
            for key, asked in node.approvals.items()
        },
        "spent": [str(state.budget.spent_cost), state.budget.spent_tokens, state.budget.calls],
    }


def test_there_are_logs() -> None:
    assert len(LOGS) >= len(TEAMS)


@pytest.mark.parametrize("file", LOGS, ids=lambda file: file.stem)
def test_an_old_log_folds_to_what_it_meant(file: Path) -> None:
    *lines, meant = file.read_text(encoding="utf-8").splitlines()
    log = [ev.decode(line) for line in lines]
    assert meaning(replay(log)) == json.loads(meant)
    assert violations(log) == []


@pytest.mark.parametrize("file", LOGS, ids=lambda file: file.stem)
def test_an_old_log_is_written_the_same_way_again(file: Path) -> None:
    """Its hashes cover the stored bytes: a field that is written differently would be another event."""
    for line in file.read_text(encoding="utf-8").splitlines()[:-1]:
        assert ev.encode(ev.decode(line)).decode() == line


# ── recording ───────────────────────────────────────────────────────────────────────────────────────
CHAIN = ["input>a", "a>b", "b>output"]
Play = Callable[[Engine], Any]


def to_the_end(engine: Engine) -> None:
    for _ in range(30):
        engine.go()
        if engine.state.pending_approvals():
            engine.decide("done" if engine.state.pending_approvals()[0].kind == "doubt" else "approve")


def dying(engine: Engine) -> None:
    for _ in range(3):
        engine.step()
        engine.think()
        engine.crash()
    to_the_end(engine)


def stopped(engine: Engine) -> None:
    engine.think()
    engine.cancel()
    engine.go()


def over_its_limit(engine: Engine) -> None:
    engine.go()
    engine.add(ev.LimitsRaised(by="u", by_name="Ann"))
    to_the_end(engine)


def forked(engine: Engine) -> Engine:
    """Behind a question that is asked again, while a call is in flight that is closed."""
    to_the_end(engine)
    made = fork(engine, seq_of(engine, ev.ApprovalRequested, "a"))
    to_the_end(made)
    return made


def with_a_child(engine: Engine) -> None:
    engine.go()
    found = engine.content.put("What the others found.")
    engine.add(
        ev.ChildRunEnded(path="a", child="c", status="done", output=found, cost="0.02", tokens=9, calls=2)
    )
    to_the_end(engine)


def with_two_that_share(engine: Engine) -> None:
    """One gets more than its share once the other has ended."""
    engine.think()
    for path, calls in (("a", 2), ("b", 3)):
        found = engine.content.put("What they found.")
        engine.add(ev.ChildLimitsRaised(path=path, child="c", by="u", by_name="Ann", call_limit=5))
        engine.add(ev.ChildRunEnded(path=path, child="c", status="done", output=found, calls=calls))
    to_the_end(engine)


def by_two(engine: Engine) -> None:
    """The first vote is cleared by a change, which the second person has to approve as well."""
    engine.think()
    becomes, edited = engine.content.put({"value": "cheaper"}), engine.content.put("cheaper")
    _say(engine, ev.ApprovalVoted, by="ann", by_name="Ann")
    _say(engine, ev.ApprovalEdited, by="ben", by_name="Ben", becomes=becomes, edited=edited)
    _say(engine, ev.ApprovalDecided, by="ann", by_name="Ann", decision="edit", edited=edited)
    engine.go()


def _say(engine: Engine, event: Callable[..., ev.Event], **said: str) -> None:
    (asked,) = engine.state.pending_approvals()
    engine.add(event(path=asked.path, key=asked.key, subject=asked.subject, **said))
    engine.think()


def crew(kind: str, config: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    return {"a": (kind, config), "b": agent("clerk"), "ann": agent("ann"), "ben": agent("ben")}, [
        *CHAIN, "a:ann", "a:ben",
    ]  # fmt: skip


TEAMS: dict[str, tuple[dict[str, Any], list[Any], Play, dict[str, Any]]] = {
    "agents-tools-and-a-gate": (
        {"a": agent("clerk"), "b": ("approval", {"deadline_s": 3600})}, CHAIN, to_the_end, {},
    ),
    "retries-and-crashes": ({"a": agent("flaky"), "b": agent("clerk")}, CHAIN, dying, {}),
    "stopped": ({"a": agent("clerk"), "b": agent("flaky")}, CHAIN, stopped, {}),
    "over-its-limit": ({"a": agent(), "b": agent("ann")}, CHAIN, over_its_limit, {"call_limit": 1}),
    "debate": (*crew("debate", {"judge": "writer", "rounds": 2}), to_the_end, {}),
    "chat": (*crew("chat", {"max_turns": 3}), to_the_end, {}),
    "loop-and-a-join": (
        {"a": agent(), "b": ("loop", {"max_iterations": 2, "on_repeat": "ignore"}), "c": agent("flaky"),
         "join": ("join", {"policy": "any"})},
        ["input>a", "a>b", "b>a", "b>join", "input>c", "c>join", "join>output"], to_the_end, {},
    ),
    "map-and-a-wait": (
        {"a": ("map", {"over": "[1, 2, 3]", "at_once": 2}), "ann": agent("ann"),
         "b": ("wait", {"wait_for": "time", "seconds": 60})},
        [*CHAIN, "a:ann"], to_the_end, {},
    ),
    "fork": ({"a": agent("clerk"), "b": agent("clerk")}, CHAIN, forked, {}),
    "parent": ({"a": ("team", {"team": "Inner"}), "b": agent()}, CHAIN, with_a_child, {"cost_limit": "1"}),
    "shares": (
        {"a": ("team", {"team": "Inner"}), "b": ("team", {"team": "Inner"}), "join": ("join", {})},
        ["input>a", "input>b", "a>join", "b>join", "join>output"], with_two_that_share, {"call_limit": 8},
    ),
    "child": ({"a": agent(), "b": agent("ann")}, CHAIN, to_the_end, {"parent": "p", "cost_limit": "0.5"}),
    "approved-by-two": ({"a": ("approval", {"quorum": 2}), "b": agent()}, CHAIN, by_two, {}),
    "nobody-decides": (
        {"a": ("approval", PATIENT), "b": agent(), "c": agent("ann")}, [*CHAIN, "a!c", "c>output"],
        Engine.go, {},
    ),
}  # fmt: skip


def record(name: str) -> None:
    nodes, edges, play, limits = TEAMS[name]
    made = team({"input": IN, **nodes, "output": OUT}, edges, agents=AGENTS, tools=TOOLS)
    made = made.model_copy(update={"teams": {"Inner": SUBTEAM}})
    engine = Engine(made, answer, DONE).start({"topic": "tea"}, **limits)
    engine = play(engine) or engine
    lines = [ev.encode(event).decode() for event in engine.log]
    lines.append(msgspec.json.encode(meaning(engine.state), order="deterministic").decode())
    (GOLDEN / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    from agents.topology import registry
    from studio.settings import NODE_KIND_PACKAGE, NODE_KINDS

    registry.load(NODE_KIND_PACKAGE, NODE_KINDS)
    for team_name in TEAMS:
        if not (GOLDEN / f"{team_name}.jsonl").exists():
            record(team_name)
