"""The one vocabulary of state: which icon and word every screen shows for a status."""

from __future__ import annotations

from typing import NamedTuple


class State(NamedTuple):
    icon: str
    word: str


STATES: dict[str, State] = {
    "queued": State("circle-dashed", "Queued"),
    "running": State("loader-circle", "Running"),
    "waiting": State("hand", "Waiting"),
    "done": State("circle-check", "Done"),
    "failed": State("circle-x", "Failed"),
    "cancelled": State("circle-slash", "Cancelled"),
    "doubt": State("circle-question-mark", "In doubt"),
}
