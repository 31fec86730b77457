"""What people and programs can do to runs."""

from __future__ import annotations

from runs.actions.decide import decide_approval
from runs.actions.limits import raise_limits
from runs.actions.start import start_run
from runs.actions.stop import cancel_run

__all__ = ["cancel_run", "decide_approval", "raise_limits", "start_run"]
