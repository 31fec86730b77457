"""What an endpoint means when it refuses: a kind for code and a sentence for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import orjson

Kind = Literal[
    "rate_limited",
    "server_error",
    "timeout",
    "auth",
    "not_found",
    "bad_request",
    "context_length",
    "content_filter",
]
LONGEST_QUOTE = 300
SHORTEST_SECRET = 8  # what is shorter is no secret, and may be part of any word
CONTEXT = re.compile(r"context.{0,20}(length|window|size)|too many (input )?tokens|prompt is too long", re.I)
QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
FILTERED = frozenset({"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"})
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)


@dataclass(frozen=True)
class Refusal:
    """`sentence` names the host and quotes what it said."""

    kind: Kind
    sentence: str
    status: int


def refusal(status: int, body: bytes, host: str, *, location: str = "", secret: str = "") -> Refusal:
    """From an HTTP status of 300 or more and what came with it (bounded); `secret` is not quoted back."""
    code, said = _reported(body)
    if len(secret) >= SHORTEST_SECRET:
        said = said.replace(secret, "…")
    return _classified(status, code, said, host, location)


def reported_refusal(report: Any, host: str) -> Refusal:
    """From an `error` object in the middle of a stream."""
    code, said = _fields(report)
    status = report.get("code") if isinstance(report, dict) else None
    return _classified(status if isinstance(status, int) else 500, code, said, host, "")


def _classified(status: int, code: str, said: str, host: str, location: str) -> Refusal:
    kind, did = _meaning(status, code, said, host, location)
    return Refusal(kind, f"{did}: {said}" if said else f"{did}.", status)


def _meaning(status: int, code: str, said: str, host: str, location: str) -> tuple[Kind, str]:
    if status < 400:
        where = f" to {location[:200]}" if location else ""
        return "bad_request", f"{host} redirects{where}; use that as its address"
    if code == "context_length_exceeded" or (status in (400, 413, 422) and CONTEXT.search(said)):
        return "context_length", "The prompt is too long for the model"
    if code in FILTERED:
        return "content_filter", f"{host} refused the content"
    if status == 402 or code in QUOTA:
        return "auth", f"The account at {host} has no credit left"
    if status == 401:
        return "auth", f"{host} does not accept the key (401)"
    if status == 403:
        return "auth", f"{host} does not allow this with the key it was given (403)"
    if status == 404:
        return "not_found", f"{host} does not have what was asked for (404)"
    if status == 429:
        return "rate_limited", f"{host} limits the rate of requests (429)"
    if status == 408:
        return "timeout", f"{host} gave up waiting (408)"
    if status in (409, 425) or (status >= 500 and status != 501):
        return "server_error", f"{host} failed ({status})"
    return "bad_request", f"{host} refused the request ({status})"


def _reported(body: bytes) -> tuple[str, str]:
    try:
        return _fields(orjson.loads(body))
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
    if title := page_title(text):
        return "", title
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


def page_title(text: str) -> str:
    """The title of a web page that came instead of an answer."""
    found = TITLE.search(text[:20_000])
    return quote(found[1]) if found else ""


def web_page(text: str, host: str) -> str:
    """A sentence for a web page where an answer should be."""
    title = page_title(text)
    return f"{host} answered with a web page{f' ({title})' if title else ''}; the address may be wrong."


def quote(text: str) -> str:
    """What an endpoint said, on one line and bounded."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text[:2000]).split())
    return plain if len(plain) <= LONGEST_QUOTE else f"{plain[:LONGEST_QUOTE]}…"
