"""What a serving engine can reuse: consecutive calls share their beginning, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import pytest

from runs.engine import events as ev
from runs.engine.dialects.base import Prompt
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, team, tool

AGENTS: dict[str, dict[str, Any]] = {
    "lead": {"tools": ["look"], "instructions": "Be thorough. " * 40},
    "alice": {"instructions": "Be brief. " * 40},
}


def answers(prompt: Prompt, attempt: int) -> Says:
    """The lead looks something up, asks a colleague twice, and answers."""
    if prompt.agent == "alice":
        return Says("done")
    if not prompt.replies:
        return Says(tools=[("look", {"amount": 1})])
    asked = [reply for reply in prompt.replies if "done" in reply.text]
    worker = next(offer.name for offer in prompt.tools if offer.name.startswith("delegate"))
    arguments = {"task": "count"} if worker != "delegate" else {"to": "alice", "task": "count"}
    return Says("answer") if asked else Says(tools=[(worker, arguments), (worker, arguments)])


def requests(engine: Engine) -> Iterator[tuple[str, bytes]]:
    """Each call's node, and its messages as they are sent."""
    said: dict[str, list[str]] = {}
    for event in engine.log:
        if isinstance(event, ev.ModelCallStarted):
            said.setdefault(event.path, []).extend(event.append)
            yield event.path, "\n".join(engine.content.texts[digest] for digest in said[event.path]).encode()
        elif isinstance(event, ev.ModelCallCompleted):
            said[event.path].append(event.message)


@pytest.fixture
def engine() -> Engine:
    nodes = {"in": IN, "lead": agent("lead", "About {{ input.topic }}"), "alice": agent("alice"), "out": OUT}
    pinned = team(nodes, ["in>lead", "lead>out", "lead:alice"], agents=AGENTS, tools={"look": tool()})
    return Engine(pinned, answers, tools={"look": lambda arguments: {"found": "much"}}).start().go()


def test_each_call_of_a_conversation_begins_with_the_whole_of_the_one_before(engine: Engine) -> None:
    before: dict[str, bytes] = {}
    compared = 0
    for path, sent in requests(engine):
        if path in before:
            assert sent.startswith(before[path])
            compared += 1
        before[path] = sent
    assert compared == 2
    assert engine.output == "answer"


def test_two_instances_of_one_agent_share_everything_up_to_their_material(engine: Engine) -> None:
    first, second = (sent for path, sent in requests(engine) if path.endswith("/alice"))
    assert first == second, "the same task, the same bytes"
    system = engine.content.texts[_opening(engine, "alice")[0]].encode()
    assert len(shared(first, second)) >= len(system)


def test_what_changes_comes_after_what_is_the_same_for_every_run(engine: Engine) -> None:
    other = Engine(engine.team, answers, tools=engine.tools).start({"topic": "coffee"}).go()
    mine, theirs = next(requests(engine))[1], next(requests(other))[1]
    beginning = shared(mine, theirs)
    assert mine != theirs
    assert b"Be thorough." in beginning
    assert beginning.endswith(b"About ")


def shared(first: bytes, second: bytes) -> bytes:
    """How far both are the same."""
    return bytes(
        one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
    )


def _opening(engine: Engine, node: str) -> tuple[str, ...]:
    return next(
        event.append for event in engine.log if isinstance(event, ev.ModelCallStarted) and node in event.path
    )
