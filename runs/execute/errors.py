"""How a model call fails: a kind for the engine, a sentence for people, and whether trying again may help."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import orjson

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
LONGEST_QUOTE = 300


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
CONTEXT = re.compile(r"context.{0,20}(length|window|size)|too many (input )?tokens|prompt is too long", re.I)
QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
FILTERED = frozenset({"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"})
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)


def from_status(status: int, body: bytes, headers: Mapping[str, str], host: str) -> ModelCallError:
    """From an HTTP status of 300 or more and what came with it (already bounded)."""
    code, said = _reported(body)
    return _classified(status, code, said, host, retry_after_s(headers), headers.get("location"))


def from_report(report: Any, host: str) -> ModelCallError:
    """From an `error` object in the middle of a stream."""
    code, said = _fields(report)
    status = report.get("code") if isinstance(report, dict) else None
    return _classified(status if isinstance(status, int) else 500, code, said, host, None, None)


def _classified(
    status: int, code: str, said: str, host: str, retry_after: float | None, location: str | None
) -> ModelCallError:
    quoted = f": {said}" if said else "."
    if status < 400:
        where = f" to {location[:200]}" if location else ""
        return ModelCallError(
            "bad_request", f"{host} redirects{where}; use that as its address.", status=status
        )
    if code == "context_length_exceeded" or (status in (400, 413, 422) and CONTEXT.search(said)):
        return ModelCallError(
            "context_length", f"The prompt is too long for the model{quoted}", status=status
        )
    if code in FILTERED:
        return ModelCallError("content_filter", f"{host} refused the content{quoted}", status=status)
    if status == 402 or code in QUOTA:
        return ModelCallError("auth", f"The account at {host} has no credit left{quoted}", status=status)
    if status in (401, 403):
        did = "does not accept the key" if status == 401 else "does not allow this with the key it was given"
        return ModelCallError("auth", f"{host} {did} ({status}){quoted}", status=status)
    if status == 404:
        return ModelCallError(
            "not_found", f"{host} does not have what was asked for (404){quoted}", status=status
        )
    if status == 429:
        wait = f" It asks to wait {retry_after:g} s." if retry_after else ""
        sentence = f"{host} limits the rate of requests (429){quoted}{wait}"
        return ModelCallError("rate_limited", sentence, status=status, retry_after_s=retry_after)
    if status == 408:
        return ModelCallError("timeout", f"{host} gave up waiting (408){quoted}", status=status)
    if status in (409, 425) or (status >= 500 and status != 501):
        sentence = f"{host} failed ({status}){quoted}"
        return ModelCallError("server_error", sentence, status=status, retry_after_s=retry_after)
    return ModelCallError("bad_request", f"{host} refused the request ({status}){quoted}", status=status)


def _reported(body: bytes) -> tuple[str, str]:
    try:
        return _fields(orjson.loads(body))
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
    if title := TITLE.search(text):
        text = title[1]
    return "", quote("" if text.lstrip().startswith("<") else text)


def _fields(report: Any) -> tuple[str, str]:
    """Code and message of an error, in the forms that endpoints use."""
    if isinstance(report, dict) and report.get("error"):
        report = report["error"]
    if not isinstance(report, dict):
        return "", quote(str(report))
    said = report.get("message") or report.get("detail") or report.get("error_description") or ""
    code = report.get("code") or report.get("type") or ""
    return str(code), quote(said if isinstance(said, str) else orjson.dumps(said, default=str).decode())


def quote(text: str) -> str:
    """What an endpoint said, on one line and bounded."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text[:2000]).split())
    return plain if len(plain) <= LONGEST_QUOTE else f"{plain[:LONGEST_QUOTE]}…"


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
