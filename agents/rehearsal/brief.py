"""Reads from a prompt's ordinary wording what it asks for: role, goal, task, expected output, data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from agents.rehearsal.request import ChatRequest, text_of

LABELS = {
    "role": ("role", "your role"),
    "goal": ("goal", "your goal", "your personal goal is", "personal goal", "objective"),
    "backstory": ("backstory", "background story", "about you"),
    "task": ("task", "your task", "current task", "the task", "what to do", "question", "request"),
    "expected": (
        "expected output",
        "expected result",
        "expected answer",
        "what is expected",
        "deliverable",
        "output format",
        "this is the expected criteria for your final answer",
    ),
    "material": (
        "input",
        "inputs",
        "context",
        "data",
        "material",
        "materials",
        "results so far",
        "work so far",
        "conversation so far",
        "from earlier steps",
        "this is the context you're working with",
    ),
}
MEANING = {label: meaning for meaning, labels in LABELS.items() for label in labels}
HEADING = re.compile(
    r"^\s*(#{1,6}\s+|\*\*)?([A-Za-z][\w '’/()-]{1,70}?)\s*(?:\*\*)?\s*(:|$)\s*(?:\*\*)?\s*(.*)$"
)
TAG = re.compile(r"^\s*<(/?)([A-Za-z][\w -]{0,60})[^>]*>\s*(.*?)(?:</\2>)?\s*$")
YOU_ARE = re.compile(r"\byou are (?:an? |the )?([^.\n:;]{2,120})", re.I)
YOUR_GOAL = re.compile(r"\byour (?:personal |main )?goal (?:is|:)(?: to|:)?\s*([^\n]{2,300})", re.I)
LONGEST = 20_000  # characters of one message that are read; what comes after adds nothing to a rehearsal


@dataclass
class Brief:
    role: str = ""
    goal: str = ""
    task: str = ""
    expected: str = ""
    material: list[tuple[str, str]] = field(default_factory=list)  # (where it comes from, text)
    instructions: str = ""  # everything the system messages said

    @property
    def data(self) -> str:
        """What was handed over, or failing that the task: what an answer is about."""
        return "\n".join(text for _, text in self.material) or self.task


def read(request: ChatRequest) -> Brief:
    brief = Brief()
    names: dict[str, str] = {}
    spoken = False
    for message in request.messages:
        role, text = message["role"], text_of(message.get("content"))[:LONGEST]
        if role in ("system", "developer"):
            brief.instructions += text + "\n"
            _read_system(brief, text)
        elif role == "user" and spoken:
            brief.material.append(("feedback", text))
        elif role == "user":
            _read_user(brief, text)
        elif role == "assistant":
            spoken = True
            names |= {str(call.get("id")): _called(call) for call in message.get("tool_calls") or ()}
        else:
            brief.material.append((names.get(str(message.get("tool_call_id")), "tool"), text))
    return brief


def _called(call: dict[str, Any]) -> str:
    return str((call.get("function") or {}).get("name", "tool"))


def _read_system(brief: Brief, text: str) -> None:
    for meaning, _, body in sections(text):
        _take(brief, meaning, body)
    if not brief.role and (found := YOU_ARE.search(text)):
        brief.role = found[1].strip()
    if not brief.goal and (found := YOUR_GOAL.search(text)):
        brief.goal = found[1].strip()


def _read_user(brief: Brief, text: str) -> None:
    loose: list[tuple[str, str]] = []
    for meaning, title, body in sections(text):
        if meaning == "material" or (meaning == "" and title):
            brief.material.append((title, body))
        elif meaning:
            _take(brief, meaning, body)
        else:
            loose.append((title, body))
    for _, body in loose:
        if brief.task:
            brief.material.append(("", body))
        else:
            first, _, rest = body.partition("\n\n")
            brief.task = first.strip()
            if rest.strip():
                brief.material.append(("", rest.strip()))


def _take(brief: Brief, meaning: str, body: str) -> None:
    if meaning in ("role", "goal", "task", "expected") and body:
        before = getattr(brief, meaning)
        setattr(brief, meaning, f"{before}\n{body}" if before else body)


def sections(text: str) -> Iterator[tuple[str, str, str]]:
    """(meaning, title, body) of each part of a text; meaning is empty for titles it does not know."""
    meaning, title, body = "", "", list[str]()
    inside = ""  # a tag that is open: what is in it is taken as it is
    for line in text.splitlines():
        tag = TAG.match(line)
        if inside and not (tag and tag[1] and tag[2].strip() == inside):
            body.append(line)
            continue
        inside = tag[2].strip() if tag and not tag[1] and not line.rstrip().endswith(f"</{tag[2]}>") else ""
        heading = _heading(line)
        if heading is None:
            body.append(line)
            continue
        if title and heading[0] in ("", "material") and not any(body) and tag:
            continue  # `# Input` and then `<data>`: one part, in two ways of marking it
        if joined := "\n".join(body).strip():
            yield meaning, title, joined
        meaning, title, rest = heading
        body = [rest] if rest else []
    if joined := "\n".join(body).strip():
        yield meaning, title, joined


def _heading(line: str) -> tuple[str, str, str] | None:
    if len(line) > 2000:
        return None
    if tag := TAG.match(line):
        closing, name, rest = tag.groups()
        return ("", "", rest) if closing else (MEANING.get(name.strip().lower(), ""), name, rest)
    found = HEADING.match(line)
    if not found:
        return None
    marked, name, colon, rest = found.groups()
    known = MEANING.get(name.strip().lower())
    if known and (marked or colon):
        return known, name.strip(), rest
    if (marked and not rest) or (colon and not rest and line.rstrip().endswith(":")):
        return "", name.strip(), ""
    return None
