"""What to record of calls that were in flight when their worker died. A table by what a call may do."""

from __future__ import annotations

from dataclasses import dataclass

from runs.engine import events as ev
from runs.engine.content import Content
from runs.engine.state import Call, RunState


@dataclass(frozen=True)
class Lost:
    """An attempt of a call whose result nobody will bring any more.

    It keeps no state: an append may be refused and told again of a log that has moved on.
    """

    path: str
    call: str
    attempt: int

    @classmethod
    def of(cls, call: Call) -> Lost:
        return cls(call.path, call.id, call.attempt)

    def events(self, state: RunState, content: Content) -> list[ev.Event]:
        call = state.node(self.path).calls[self.call]
        if not call.is_open or call.attempt != self.attempt:
            return []
        about = {"path": call.path, "call": call.id, "attempt": call.attempt}
        if call.kind == "tool" and call.effect == "writes":
            return [ev.ToolCallInDoubt(**about)]  # type: ignore[arg-type]
        charge = ev.Charge(status="unknown") if call.kind == "model" else None
        return [ev.CallAbandoned(**about, charge=charge)]  # type: ignore[arg-type]


def lost_calls(state: RunState) -> list[Lost]:
    return [Lost.of(call) for call in state.open_calls()]
