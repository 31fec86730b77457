"""An approval rule tried on sample arguments: what a call with them would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from agents.tool_facts import EFFECTS, ToolFacts
from agents.toolbox.arguments import BadArguments, validate_arguments
from agents.topology import rules


@dataclass(frozen=True)
class Trial:
    """`state` is the tone: done, waiting (for a person), failed or warning."""

    state: Literal["done", "waiting", "failed", "warning"]
    title: str
    lines: list[str] = field(default_factory=list)


def try_rule(facts: ToolFacts, arguments: str) -> Trial:
    """As the engine would take it: arguments first, then the rule; one that fails asks a person."""
    rule = facts.spec.approval
    if wrong := rules.problem_with(rule) if rule else "":
        return Trial("failed", "This rule cannot be saved", [wrong])
    try:
        checked = validate_arguments(facts.schema, arguments)
    except BadArguments as error:
        return Trial("failed", "These arguments would be refused before the rule is asked", [*error.problems])
    if not rule:
        return _unasked(facts)
    try:
        asks = rules.evaluate(rule, {"args": checked})
    except rules.RuleError as error:
        return Trial("waiting", "Asks a person, because the rule fails", [str(error)])
    return Trial("waiting", "Asks a person") if asks else Trial("done", "Runs without asking")


def _unasked(facts: ToolFacts) -> Trial:
    if facts.effect is EFFECTS["writes"]:
        return Trial("warning", "Runs without asking", ["It writes, and there is no rule."])
    return Trial("done", "Runs without asking", ["There is no rule."])
