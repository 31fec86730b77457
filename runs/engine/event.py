"""What every event of a run has."""

from __future__ import annotations

import msgspec


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    at: int = 0  # stamped by the writer
    path: str = ""  # the node it is about; empty: the run


class CallEvent(Event, frozen=True, kw_only=True):
    call: str
    attempt: int = 1
