"""A problem in a team: where, what is wrong, and the way out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import ValidationError


@dataclass(frozen=True)
class Problem:
    code: str
    message: str
    fix: str = ""
    node: str | None = None
    edge: str | None = None
    field: str = ""
    severity: Literal["error", "warning"] = "error"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def from_validation_error(
    error: ValidationError, *, node: str | None = None, prefix: str = ""
) -> list[Problem]:
    """One problem a pydantic error, with the path of the field as a person would write it."""
    return [
        Problem(
            code=f"schema.{item['type']}",
            message=_sentence(item["msg"]),
            fix="",
            node=node,
            field=_path(prefix, item["loc"]),
        )
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _path(prefix: str, loc: tuple[int | str, ...]) -> str:
    path = prefix
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."
