"""What passes between a call and the gate of its endpoint: a place in the line, a permit, or a refusal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from runs.execute.errors import ModelCallError

if TYPE_CHECKING:
    from runs.execute.endpoint_gate import Gate

TOLD_S = 1.0  # a wait longer than this is a fact of the run


@dataclass(frozen=True)
class Closed:
    """Nothing goes out for `after_s` seconds: a break, another call that tries it, a pause it asked for."""

    code: Literal["breaker_open", "probing", "rate_limited", "queued"]
    message: str
    after_s: float


@dataclass(eq=False)
class Waiter:
    """A call before the gate; `wake` tells its run that there is an `outcome`: let in, or turned away."""

    run: UUID
    tokens: int
    wake: Callable[[], None]
    since: float = field(default_factory=time.monotonic)
    outcome: Permit | Closed | None = None
    told: bool = False

    @property
    def is_long(self) -> bool:
        return not self.told and time.monotonic() - self.since > TOLD_S


class Permit:
    """One call's leave to go out. Given back once, with what became of the call."""

    def __init__(self, gate: Gate, run: UUID, tokens: int, *, probe: bool) -> None:
        self.gate = gate
        self.run = run
        self.tokens = tokens
        self.probe = probe
        self.is_open = True

    def answered(self, tokens: int | None) -> None:
        """`tokens`: what was used, if the endpoint said so."""
        self._close("answered", settle=0 if tokens is None else tokens - self.tokens)

    def failed(self, error: ModelCallError) -> None:
        if error.kind in ("cancelled", "blocked_address"):
            self.drop()
        elif error.retryable and error.retry_after_s:
            self._close("answered", retry_after_s=error.retry_after_s, sentence=error.sentence)
        elif error.retryable:
            self._close("failed", sentence=error.sentence)
        else:
            self._close("answered")  # it is there, and says no

    def drop(self) -> None:
        """The call was not made, or was stopped: nothing is known of the endpoint."""
        self._close("dropped")

    def _close(self, verdict: str, *, settle: int = 0, retry_after_s: float = 0, sentence: str = "") -> None:
        if self.is_open:
            self.is_open = False
            self.gate.returned(self, verdict, settle, retry_after_s, sentence)


@dataclass
class Report:
    """What happened since the last look."""

    started: int = 0
    answered: int = 0
    failed: int = 0
    trailing: int = 0  # failures since the last answer
    settle: int = 0  # tokens used beyond what was taken, or fewer
    retry_after: float = 0
    error: str = ""
    probe: str = ""  # what became of the probing call
