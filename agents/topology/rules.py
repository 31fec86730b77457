"""CEL rules: bounded when they are saved, and never trusted to finish when they are run.

CEL (https://cel.dev) has no host access, no loops but comprehensions, and no cost limit in the library
we use; so the length is bounded, nested comprehensions are refused, and what a rule reads is bounded too.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

MAX_LENGTH = 1_000
COMPREHENSION = re.compile(r"\.\s*(map|filter|all|exists|exists_one)\s*\(")


class RuleError(ValueError):
    """A rule that cannot be saved or did not evaluate; the text is for people."""


@lru_cache(maxsize=1024)
def compile_rule(source: str) -> Any:
    """The compiled rule. Raises RuleError with a sentence when it cannot be accepted."""
    if len(source) > MAX_LENGTH:
        raise RuleError(f"The rule is {len(source)} characters long; at most {MAX_LENGTH} are allowed.")
    if _nests(source):
        raise RuleError(
            "The rule nests map, filter, all or exists inside another; only one level is allowed."
        )
    import cel  # here, because it brings a command line along: 0.3 s at the start of every process

    try:
        return cel.compile(source)
    except ValueError as error:
        detail = str(error).split("ERROR:", 1)[-1].splitlines()[0].strip()
        raise RuleError(f"The rule is not valid CEL: {detail}.") from error


def _nests(source: str) -> bool:
    """Whether a comprehension begins inside the parentheses of another."""
    for match in COMPREHENSION.finditer(source):
        depth, at = 1, match.end()
        while at < len(source) and depth:
            depth += {"(": 1, ")": -1}.get(source[at], 0)
            at += 1
        if COMPREHENSION.search(source, match.end(), at):
            return True
    return False


def evaluate(source: str, context: dict[str, Any]) -> bool:
    """True or False. Raises RuleError when the rule fails or yields anything else."""
    result = value_of(source, context)
    if not isinstance(result, bool):
        raise RuleError(f"The rule gave {type(result).__name__} instead of true or false.")
    return result


def value_of(source: str, context: dict[str, Any]) -> Any:
    """Whatever the expression yields that JSON can hold. Raises RuleError when it fails."""
    program = compile_rule(source)
    try:
        return _plain(program.execute(context))
    except RuleError:
        raise
    except KeyError as error:
        raise RuleError(f"The rule reads {error}, which is not there.") from error
    except Exception as error:  # the library maps CEL's errors onto many Python types
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise RuleError(f"The rule failed: {said[:300]}") from error


def _plain(value: Any) -> Any:
    """CEL's own types as JSON has them."""
    match value:
        case dict():
            return {
                key if isinstance(key, str) else json.dumps(key): _plain(item) for key, item in value.items()
            }
        case list():
            return [_plain(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
    if hasattr(value, "isoformat"):  # a timestamp
        return value.isoformat()
    kind = {"bytes": "bytes", "timedelta": "a duration"}.get(type(value).__name__, type(value).__name__)
    raise RuleError(f"The rule gave {kind}, which JSON cannot hold; write string(…) around it.")


def problem_with(source: str) -> str:
    """The sentence that says why `source` cannot be saved, or an empty string."""
    try:
        compile_rule(source)
    except RuleError as error:
        return str(error)
    return ""
