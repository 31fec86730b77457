"""The last test of a connection as a page shows it: what it amounts to, and the way out of each failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.models import Endpoint
from agents.probe import CAPABILITY, TITLES

MISSING = {"stream": "streaming", "schema": "schemas", "tool": "tools"}
FIXES = {
    "name": "Check the spelling of the host. In a container, localhost is the container itself.",
    "connect": "Start the server, or correct the address: it ends in /v1 with most servers.",
    "key": "Set another key. It is stored encrypted and never shown again.",
    "models": "Nothing is lost: add its models by their ids, and choose one to ask.",
    "answer": "Try another model, or look at the server's own log.",
    "stream": "Nothing has to be done: the whole answer is read at once instead.",
    "schema": "Nothing has to be done: JSON is asked for in words, checked, and asked for again.",
    "tool": "Nothing has to be done: tools are offered through a JSON Schema instead.",
}
VLLM = "--enable-auto-tool-choice\n--tool-call-parser hermes"


@dataclass(frozen=True)
class CheckupStep:
    name: str
    title: str
    state: str
    sentence: str
    ms: int | None
    fix: str = ""
    command: str = ""  # to copy
    affected: list[str] = field(default_factory=list)  # agents

    @property
    def seconds(self) -> float | None:
        return None if self.ms is None else self.ms / 1000


@dataclass(frozen=True)
class Checkup:
    verdict: str
    state: str  # of the whole: done, warning or failed
    counts: str
    model: str
    steps: list[CheckupStep]

    @classmethod
    def of(cls, endpoint: Endpoint, agents_with_tools: list[str]) -> Checkup | None:
        """None when it has never been tested."""
        found = endpoint.probe.get("steps")
        if not isinstance(found, list) or not found:
            return None
        steps = [_step(step, agents_with_tools) for step in found]
        verdict, state = _verdict(steps, bool(endpoint.probe.get("ok")))
        return cls(verdict, state, _counts(steps), str(endpoint.probe.get("model", "")), steps)


def _step(found: dict[str, Any], agents_with_tools: list[str]) -> CheckupStep:
    name, failed = found["name"], found["state"] == "failed"
    vllm = failed and name == "tool" and "enable-auto-tool-choice" in found["sentence"]
    return CheckupStep(
        name=name,
        title=found.get("title", TITLES.get(name, name)),
        state=found["state"],
        sentence=found["sentence"],
        ms=found.get("ms"),
        fix="Start the server with these options; until then, tools are offered through a JSON Schema."
        if vllm
        else FIXES.get(name, "")
        if failed
        else "",
        command=VLLM if vllm else "",
        affected=agents_with_tools if failed and name == "tool" else [],
    )


def _verdict(steps: list[CheckupStep], ok: bool) -> tuple[str, str]:
    failed = [step for step in steps if step.state == "failed"]
    missing = [MISSING[step.name] for step in failed if step.name in CAPABILITY]
    if not ok:
        return (f"Fails at “{failed[0].title}”", "failed") if failed else ("Could not be tested", "warning")
    if missing:
        return f"Works, except for {' and '.join(missing)}", "warning"
    return "Works", "done"


def _counts(steps: list[CheckupStep]) -> str:
    def count(state: str) -> int:
        return sum(step.state == state for step in steps)

    said = [f"{count('ok')} of {len(steps)} passed"]
    said += [
        f"{n} {word}"
        for state, word in (("failed", "failed"), ("not_tried", "not tried"))
        if (n := count(state))
    ]
    return ", ".join(said)
