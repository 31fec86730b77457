"""The event a fork begins with, and where answers came from that no request was made for."""

from __future__ import annotations

from typing import Literal

import msgspec

from runs.engine.event import Event


class Reused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an answer came from that no request was made for, and when it was given there."""

    source: Literal["cache", "recorded"]
    run: str
    call: str
    at: int


class RunForked(Event, tag="RunForked", frozen=True, kw_only=True):
    """Everything up to here is the log of `parent`; from here on this run goes its own way.

    Nothing before it counts against the limits. What was open at the cut is closed, or asked and waited for
    again, by the events that follow.
    """

    parent: str
    parent_seq: int  # of the last event it shares with its parent, and
    parent_hash: str  # the hash of that event
    effects: Literal["recorded", "simulated", "live"]
    mode: Literal["live", "simulated"]
    team_version: str
    plan_digest: str
    input: str
    by: str
    by_name: str
    via: str
    changed: tuple[str, ...] = ()  # what differs from the parent, in words
    restarted: tuple[str, ...] = ()  # nodes that were under way and begin anew, as they were changed
    cost_limit: str | None = None
    token_limit: int | None = None
    call_limit: int | None = None
    seconds_limit: float | None = None
    soft_percent: int | None = None
    latency_s: float | None = None
    retry_base_s: float = 1.0
