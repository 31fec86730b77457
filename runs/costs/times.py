"""What a bar of time is called."""

from __future__ import annotations

from datetime import datetime, timedelta

from runs.forms.cost_filter import DAY, HOUR


def named(moment: datetime, step: timedelta) -> str:
    """`Fri 14 Nov 2026`, `14 Nov, 13:00`, `Week of 10 Nov 2026`."""
    day = f"{moment.day} {moment:%b %Y}"
    if step == HOUR:
        return f"{moment.day} {moment:%b}, {moment:%H}:00"
    return f"{moment:%a} {day}" if step == DAY else f"Week of {day}"
