"""What can go wrong on request: a profile such as `latency=200,rate_limit=2` in the base URL, read strictly.

Counted troubles (`rate_limit=2`, `error=500,times=1`) strike the first attempts of each request, while
`bad_schema`, `unknown_tool` and `bad_arguments` strike a conversation's first turns: correction can succeed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from hashlib import blake2b

ALWAYS = 1_000_000

DELEGATE = frozenset({"", "all", "one"})
GARBAGE = frozenset({"json", "html", "nul", "surrogate", "raw", "empty", "blank", "big", "script", "chunk"})


class BadProfile(ValueError):
    """A profile that cannot be read; its sentence says why."""


@dataclass(frozen=True)
class Trouble:
    """Every option of a profile. Names are those used in the URL; a bare name means `yes` or `always`."""

    name: str = ""  # no effect: gives a test counters and a ledger of its own
    latency: float = 0  # milliseconds from request to end
    chunks: int = 0  # parts a stream comes in (default: about one every 40 ms of latency)
    rate_limit: int = 0  # answer 429 this often, then serve
    retry_after: float = 1  # seconds named in the 429
    error: int = 0  # answer with this status
    times: int = ALWAYS  # how many attempts of a request `error`, `hang`, `cut`, `garbage` … strike
    fail_rate: float = 0  # this share of attempts answers 503, the same ones every time
    hang_rate: float = 0  # this share of attempts is never answered, the same ones every time
    hang: int = 0  # never answer
    stall: int = 0  # send the first half, then nothing
    cut: int = 0  # send the first half, then drop the connection
    end: int = 0  # send the first half, then end without a finish_reason or [DONE]
    garbage: str = ""  # one of GARBAGE instead of an answer
    bad_schema: int = 0  # break the schema in the first turns of a conversation
    unknown_tool: int = 0  # call a tool that does not exist in the first turns
    bad_arguments: int = 0  # call a tool with arguments that break its schema in the first turns
    loop_tools: int = 0  # call the first tool in every turn
    delegate: str = (
        ""  # `one`: a supervisor asks its workers one a turn; `all`, as by itself: all in one turn
    )
    key: str = ""  # the only API key accepted
    context: int = 0  # context window in tokens
    filter: int = 0  # stop with finish_reason content_filter
    no_usage: int = 0  # never report usage
    no_models: int = 0  # GET /models is not found
    no_stream: int = 0  # refuse `stream`
    reject_stream_options: int = 0
    reject_max_tokens: int = 0  # accept only max_completion_tokens
    reject_tools: int = 0
    reject_schema: int = 0

    def at(self, attempt: int) -> Trouble:
        """What is left of it for this attempt of a request, counted from 0."""
        if attempt - self.rate_limit < self.times:
            return self
        return replace(self, error=0, hang=0, stall=0, cut=0, end=0, garbage="")

    def fails_by_chance(self, seed: int, digest: str, attempt: int) -> bool:
        return _chance(f"{seed}:{digest}:{attempt}") < self.fail_rate

    def hangs_by_chance(self, seed: int, digest: str, attempt: int) -> bool:
        return _chance(f"hang:{seed}:{digest}:{attempt}") < self.hang_rate


def _chance(of: str) -> float:
    return int.from_bytes(blake2b(of.encode(), digest_size=8).digest()) / 2**64


KINDS = {field.name: str(field.type) for field in fields(Trouble)}


@lru_cache(maxsize=1024)
def parse(profile: str) -> Trouble:
    values: dict[str, object] = {}
    for part in filter(None, profile.split(",")):
        option, sign, value = part.partition("=")
        if option not in KINDS:
            raise BadProfile(f"Unknown option {option!r}. Options: {', '.join(KINDS)}.")
        values[option] = _value(option, value if sign else None)
    return Trouble(**values)  # type: ignore[arg-type]


def _value(option: str, value: str | None) -> object:
    kind = KINDS[option]
    if option == "garbage":
        value = value or "json"
        if value not in GARBAGE:
            raise BadProfile(f"garbage={value} is none of {', '.join(sorted(GARBAGE))}.")
    if option == "delegate" and value not in DELEGATE:
        raise BadProfile(f"delegate={value} is neither all nor one.")
    if kind == "str":
        return value or ""
    if value is None:
        return ALWAYS if kind == "int" else 1.0
    try:
        number = int(value) if kind == "int" else float(value)
    except ValueError:
        raise BadProfile(f"{option}={value} needs a number.") from None
    if not 0 <= number <= ALWAYS:
        raise BadProfile(f"{option}={value} is out of range.")
    return number
