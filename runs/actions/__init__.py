"""What people and programs can do to runs."""

from __future__ import annotations

from runs.actions.decide import decide_approval
from runs.actions.limits import raise_limits
from runs.actions.start import start_run
from runs.actions.steer import give_output, pause_run, receive_signal, resume_run, retry_node
from runs.actions.stop import cancel_run

__all__ = [
    "cancel_run",
    "decide_approval",
    "give_output",
    "pause_run",
    "raise_limits",
    "receive_signal",
    "resume_run",
    "retry_node",
    "start_run",
]
