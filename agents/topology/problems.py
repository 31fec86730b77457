"""A problem in a team: where, what is wrong, and the way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

KEY_LENGTH = 48
KEY_PATTERN = rf"^[a-z][a-z0-9_]{{0,{KEY_LENGTH - 1}}}$"  # what nodes, agents and tools are called


@dataclass(frozen=True)
class Problem:
    code: str
    message: str
    fix: str = ""
    node: str | None = None
    edge: str | None = None
    field: str = ""
    severity: Literal["error", "warning"] = "error"
    line: int | None = None  # where it stands in an imported file, from 1
    column: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Refused(Exception):
    """Something that was not done, with every reason; nothing of it was saved."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(problem.message for problem in self.problems))


def from_validation_error(
    error: ValidationError, *, node: str | None = None, prefix: str = ""
) -> list[Problem]:
    """One problem a pydantic error, with the path of the field as a person would write it."""
    return [
        Problem(
            code=f"schema.{item['type']}",
            message=_sentence(item),
            fix="",
            node=node,
            field=path_of(item["loc"], prefix),
        )
        for item in error.errors(include_url=False, include_input=False)
    ]


def path_of(loc: Iterable[int | str], prefix: str = "") -> str:
    """`graph.nodes[2].config.agent`, as a person would write it."""
    path = prefix
    for part in loc:
        if part != "[key]":  # pydantic's word for "the key itself"
            path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _sentence(item: ErrorDetails) -> str:
    match item["type"]:
        case "missing":
            return "This is missing."
        case "extra_forbidden":
            return f"There is no field called {item['loc'][-1]}."
        case "string_pattern_mismatch" if item.get("ctx", {}).get("pattern") == KEY_PATTERN:
            return "Use lower-case letters, digits and underscores, a letter first, at most 48 characters."
        case "string_too_short":
            return "This must not be empty."
    message = item["msg"].removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."
