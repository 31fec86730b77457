"""How a model call fails: a kind for the engine, a sentence for people, and whether trying again may help."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

from agents.openai_errors import Refusal
from runs.engine.events import Usage
from studio.net import OutboundError

Kind = Literal[
    "rate_limited",
    "server_error",
    "connection",
    "timeout",
    "cut_stream",
    "auth",
    "not_found",
    "bad_request",
    "context_length",
    "content_filter",
    "invalid_response",
    "blocked_address",
    "too_large",
    "cancelled",
    "unknown",
]
TRANSIENT: frozenset[Kind] = frozenset(
    {"rate_limited", "server_error", "connection", "timeout", "cut_stream"}
)
LONGEST_RETRY_AFTER_S = 3600.0


class ModelCallError(Exception):
    """A model call that failed.

    `retryable`: the same call may succeed later; by default it is for what is transient. `partial_text`: what
    had arrived. `usage`: what the endpoint said it billed, if it said so.
    """

    def __init__(
        self,
        kind: Kind,
        sentence: str,
        *,
        retryable: bool | None = None,
        retry_after_s: float | None = None,
        status: int | None = None,
        partial_text: str = "",
        usage: Usage | None = None,
    ) -> None:
        super().__init__(sentence)
        self.kind: Kind = kind
        self.sentence = sentence
        self.retryable = kind in TRANSIENT if retryable is None else retryable
        self.retry_after_s = retry_after_s
        self.status = status
        self.partial_text = partial_text
        self.usage = usage


# ── failures on the way ─────────────────────────────────────────────────────────────────────────────
LASTING = frozenset({"bad_url", "tls", "redirects"})  # and everything about certificates


def from_outbound(error: OutboundError, *, arrived: bool = False) -> ModelCallError:
    """`arrived`: whether part of the answer had come already."""
    if error.kind in ("blocked", "bad_url"):
        return ModelCallError("blocked_address" if error.kind == "blocked" else "bad_request", error.sentence)
    if error.kind == "timeout":
        return ModelCallError("timeout", error.sentence)
    if arrived:
        return ModelCallError("cut_stream", error.sentence)
    lasting = error.kind in LASTING or error.kind.startswith("certificate_")
    return ModelCallError("connection", error.sentence, retryable=not lasting)


# ── answers that report a failure ───────────────────────────────────────────────────────────────────
def from_refusal(found: Refusal, headers: Mapping[str, str]) -> ModelCallError:
    wait = retry_after_s(headers) if found.kind in ("rate_limited", "server_error") else None
    told = f" It asks to wait {wait:g} s." if wait else ""
    return ModelCallError(found.kind, found.sentence + told, status=found.status, retry_after_s=wait)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after` (a number or a date), at most an hour."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            try:
                seconds = parsedate_to_datetime(value).timestamp() - time.time()
            except ValueError:
                continue
        if seconds == seconds:  # not NaN
            return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)
    return None
