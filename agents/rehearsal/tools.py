"""Decides which of the offered tools to call: each fitting one once, delegations together, then an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import orjson

from agents.rehearsal.brief import Brief
from agents.rehearsal.colleagues import colleagues, only, without_material
from agents.rehearsal.combine import Unsatisfiable
from agents.rehearsal.request import ChatRequest, Refused, Tool
from agents.rehearsal.schema import value_for
from agents.rehearsal.topics import stems

HAND_OFF = re.compile(r"^(transfer|hand_?off|hand_?over|escalate)|\bhands? (?:the \w+ )?(?:over|off)\b", re.I)
DELEGATE = re.compile(
    r"^(delegate|ask|assign|consult|worker|subagent|agent|team)(?![a-z])"
    r"|\b(delegat|worker|coworker|colleague|team ?mate)",
    re.I,
)


@dataclass(frozen=True)
class ToolCall:
    id: str
    name: str
    arguments: str  # JSON


def calls_for(request: ChatRequest, brief: Brief, rng: Random, *, one_by_one: bool = False) -> list[ToolCall]:
    """The calls of this turn; none means that it is time to answer. `one_by_one`: a delegation a turn."""
    chosen = _chosen(request, brief, parallel=request.parallel and not one_by_one)
    return [make_call(request, tool, brief, rng, index) for index, tool in enumerate(chosen)]


def make_call(request: ChatRequest, tool: Tool, brief: Brief, rng: Random, index: int = 0) -> ToolCall:
    nothing = colleagues(tool.parameters) and not brief.material
    parameters = without_material(tool.parameters) if nothing else tool.parameters
    try:
        arguments = value_for(parameters, _addressed(brief, tool), rng)
    except Unsatisfiable as error:
        raise Refused(400, f"Invalid schema for function {tool.name!r}: {error}", param="tools") from error
    return ToolCall(f"call_{request.digest[:22]}{index:02d}", tool.name, orjson.dumps(arguments).decode())


def _addressed(brief: Brief, tool: Tool) -> Brief:
    """The brief as this tool sees it: links in its own description (allowed hosts) may be used."""
    return Brief(
        brief.role,
        brief.goal,
        brief.task,
        brief.expected,
        brief.material,
        f"{brief.instructions}\n{tool.description}",
    )


def _chosen(request: ChatRequest, brief: Brief, *, parallel: bool) -> list[Tool]:
    tools, choice = list(request.tools), request.tool_choice
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools") or choice
        names = {(entry.get("function") or entry).get("name") for entry in allowed.get("tools", ())}
        tools, choice = [tool for tool in tools if tool.name in names], allowed.get("mode", "auto")
    if choice == "none" or not tools:
        return []
    if isinstance(choice, dict):
        return [_named(tools, choice)]
    fresh = [tool for tool in tools if tool.name not in request.called]
    chosen = next_tools(tools, request.called, brief, parallel=parallel, said=request.said)
    if choice == "required" and not chosen:
        return [(fresh or tools)[0]]
    return chosen


def _named(tools: list[Tool], choice: dict[str, object]) -> Tool:
    function = choice.get("function")
    name = function.get("name") if isinstance(function, dict) else None
    for tool in tools:
        if tool.name == name:
            return tool
    raise Refused(400, f"'tool_choice' names {name!r}, which is not among the tools.", param="tool_choice")


def next_tools(
    tools: Sequence[Tool],
    called: frozenset[str],
    brief: Brief,
    *,
    parallel: bool = True,
    said: frozenset[str] = frozenset(),
) -> list[Tool]:
    """Ordinary tools one a turn, then every delegation at once, then at most one hand-off; none twice.

    A tool that names several colleagues is one for each of them: `said` tells who was asked.
    """
    fresh = [tool for tool in tools if tool.name not in called and not colleagues(tool.parameters)]
    fresh += [
        replace(tool, parameters=only(tool.parameters, whom))
        for tool in tools
        for whom in colleagues(tool.parameters)
        if whom not in said | called
    ]
    hand_offs = [tool for tool in fresh if HAND_OFF.search(tool.name) or HAND_OFF.search(tool.description)]
    delegates = [tool for tool in fresh if tool not in hand_offs and is_delegation(tool)]
    ordinary = [tool for tool in fresh if tool not in hand_offs and tool not in delegates]
    has_called = any(tool.name in called for tool in tools)
    if fitting := _fitting(ordinary, has_called, brief):
        return fitting[:1]
    if delegates:
        return delegates if parallel else delegates[:1]
    if hand_offs and not any(HAND_OFF.search(name) for name in called):
        return sorted(hand_offs, key=lambda tool: -_fit(tool, brief))[:1]
    return []


def is_delegation(tool: Tool) -> bool:
    return bool(DELEGATE.search(tool.name) or DELEGATE.search(tool.description))


def _fitting(tools: list[Tool], has_called: bool, brief: Brief) -> list[Tool]:
    """Those whose name or description shares words with the work; if none does, one is still tried."""
    fitting = [tool for tool in tools if _fit(tool, brief)]
    if fitting or has_called:
        return fitting
    return tools[:1]


def _fit(tool: Tool, brief: Brief) -> int:
    work = stems(f"{brief.task}\n{brief.goal}\n{brief.role}\n{brief.data}\n{brief.instructions}")
    return len(stems(f"{tool.name} {tool.description}") & work)
