"""What differs between two versions of an agent, field by field, as a person reads it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Literal

from agents.topology.graph import AgentSpec

Op = Literal["same", "out", "in"]
AROUND = 3  # lines of a schema that are shown around a change
MANY = 3_000  # words; longer texts are compared line by line
WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    op: Op
    text: str


@dataclass(frozen=True)
class Change:
    """A text or a schema that changed comes in pieces, everything else as old and new."""

    label: str
    before: str = ""
    after: str = ""
    pieces: list[Piece] = field(default_factory=list)
    is_code: bool = False


PROSE = (
    ("name", "Name"),
    ("role", "Role"),
    ("goal", "Goal"),
    ("backstory", "Backstory"),
    ("instructions", "Instructions"),
)
VALUES = (
    ("parameters.temperature", "Temperature"),
    ("parameters.top_p", "Top p"),
    ("parameters.max_tokens", "Most tokens"),
    ("parameters.seed", "Seed"),
    ("parameters.stop", "Stop at"),
    ("output.kind", "Output"),
    ("limits.timeout_s", "Time-out"),
    ("limits.retries", "Retries"),
    ("limits.max_tool_rounds", "Tool rounds"),
    ("limits.corrective_turns", "Corrective turns"),
    ("limits.latency_s", "Latency budget"),
)


def changes(before: AgentSpec, after: AgentSpec) -> list[Change]:
    """Every field that differs, in the order of the editor."""
    return list(_changes(before, after))


def _changes(before: AgentSpec, after: AgentSpec) -> Iterator[Change]:
    for name, label in PROSE:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Change(label, pieces=pieces(old, new))
    old_model, new_model = (f"{spec.model.model} at {spec.model.endpoint}" for spec in (before, after))
    if old_model != new_model:
        yield Change("Model", old_model, new_model)
    old_chain, new_chain = (
        ", then ".join(f"{ref.model} at {ref.endpoint}" for ref in spec.fallbacks) for spec in (before, after)
    )
    if old_chain != new_chain:
        yield Change("If it fails, ask", old_chain or "nobody", new_chain or "nobody")
    gone = [name for name in before.tools if name not in after.tools]
    new_tools = [name for name in after.tools if name not in before.tools]
    if gone or new_tools:
        yield Change("Tools", ", ".join(gone), ", ".join(new_tools))
    for path, label in VALUES:
        old, new = _at(before, path), _at(after, path)
        if old != new:
            yield Change(label, _words(old), _words(new))
    old_schema, new_schema = (_pretty(spec.output.json_schema) for spec in (before, after))
    if old_schema != new_schema:
        lines = _compared(old_schema.splitlines(True), new_schema.splitlines(True))
        yield Change("Output schema", pieces=[_shortened(piece) for piece in lines], is_code=True)


def pieces(old: str, new: str) -> list[Piece]:
    """Two texts as one, with what went out and what came in."""
    a, b = WORD.findall(old), WORD.findall(new)
    if len(a) + len(b) > MANY:
        a, b = old.splitlines(True), new.splitlines(True)
    return _compared(a, b)


def _compared(a: list[str], b: list[str]) -> list[Piece]:
    found: list[Piece] = []
    for op, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if op == "equal":
            found.append(Piece("same", "".join(a[a1:a2])))
        else:
            found += [Piece("out", "".join(a[a1:a2]))] if a2 > a1 else []
            found += [Piece("in", "".join(b[b1:b2]))] if b2 > b1 else []
    return found


def _shortened(piece: Piece) -> Piece:
    """Lines that stayed the same are left out but for three at either end."""
    lines = piece.text.splitlines(True)
    if piece.op != "same" or len(lines) <= 2 * AROUND + 1:
        return piece
    return Piece("same", "".join([*lines[:AROUND], "  …\n", *lines[-AROUND:]]))


def _at(spec: AgentSpec, path: str) -> Any:
    value: Any = spec
    for part in path.split("."):
        value = getattr(value, part)
    return value


def _words(value: Any) -> str:
    if value is None or value == []:
        return "not set"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _pretty(schema: Any) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n" if schema else ""
