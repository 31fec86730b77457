"""What a serving engine can reuse: consecutive calls share their beginning, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise, takewhile
from typing import Any

import pytest

from runs.engine import events as ev
from runs.engine.dialects import DIALECTS
from runs.engine.dialects.base import NO_MORE, Prompt
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
    """Each call's node, and what is sent that models read: its tools, then its messages."""
    said: dict[str, list[str]] = {}
    for event in engine.log:
        if isinstance(event, ev.ModelCallStarted):
            said.setdefault(event.path, []).extend(event.append)
            tools = json.dumps(options(engine, event).get("tools"))
            messages = [engine.content.texts[digest] for digest in said[event.path]]
            yield event.path, "\n".join([tools, *messages]).encode()
        elif isinstance(event, ev.ModelCallCompleted):
            said[event.path].append(event.message)


def options(engine: Engine, event: ev.ModelCallStarted) -> dict[str, Any]:
    return DIALECTS[event.dialect].options(engine.prompts[event.call])


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


ABLE: dict[str, dict[str, bool]] = {
    "native": {},
    "schema": {"tools": False},
    "plain": {"tools": False, "json_schema": False},
}


@pytest.mark.parametrize("dialect", ABLE)
def test_tools_that_are_used_up_stay_where_they_were(dialect: str) -> None:
    def model(prompt: Prompt, attempt: int) -> Says:
        if prompt.must_answer:
            return Says("enough" if dialect == "native" else '{"answer": "enough"}')
        if dialect == "native":
            return Says(tools=[("look", {"amount": 1})])
        return Says('{"tool": "look", "arguments": {"amount": 1}}')

    nodes = {"in": IN, "lead": agent("lead"), "out": OUT}
    limited = {"lead": AGENTS["lead"] | {"limits": {"max_tool_rounds": 2}}}
    pinned = team(nodes, ["in>lead", "lead>out"], agents=limited, tools={"look": tool()})
    run = Engine(pinned, model, tools={"look": lambda arguments: {"found": 1}}, capabilities=ABLE[dialect])
    run.start().go()
    sent = [request for _, request in requests(run)]
    assert len(sent) == 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(sent))
    assert run.output == "enough"
    last = [event for event in run.log if isinstance(event, ev.ModelCallStarted)][-1]
    allowed = options(run, last)
    if dialect == "native":
        assert allowed["tool_choice"] == "none"
    else:
        assert sent[-1].decode().endswith(f'\\n\\n{NO_MORE}","role":"user"}}')
    if dialect == "schema":
        assert list(allowed["response_format"]["json_schema"]["schema"]["properties"]) == ["answer"]


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
