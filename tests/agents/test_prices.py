"""Costs are exact Decimals, tiers and dates are respected, and an unknown price stays unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.prices import LIST_SOURCE, Price, bound, choose, context_window, cost, list_price

NOW = datetime(2026, 11, 20, tzinfo=UTC)
OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Tokens:
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


@dataclass
class Dated:
    input_per_million: Decimal
    cached_per_million: Decimal | None
    output_per_million: Decimal
    valid_from: datetime
    source: str


FLAT = Price(Decimal("0.25"), Decimal("0.025"), Decimal(2), "here")
TIERED = Price(
    Decimal(1),
    Decimal("0.1"),
    Decimal(6),
    "here",
    tiers=((200, Price(Decimal(2), Decimal("0.2"), Decimal(9), "here")),),
)


def test_cached_tokens_are_part_of_the_input_and_cost_less() -> None:
    assert cost(FLAT, Tokens(1000, 400, 100)) == Decimal("0.00036")


def test_more_cached_than_input_is_read_as_all_cached() -> None:
    assert cost(FLAT, Tokens(1000, 5000, 0)) == cost(FLAT, Tokens(1000, 1000, 0)) == Decimal("0.000025")
    assert cost(FLAT, Tokens(1000, -5, 0)) == cost(FLAT, Tokens(1000, 0, 0))


def test_a_long_prompt_has_the_price_of_its_tier() -> None:
    assert cost(TIERED, Tokens(200, 0, 10)) == Decimal("0.00026")
    assert cost(TIERED, Tokens(201, 0, 10)) == Decimal("0.000492")
    assert TIERED.at(201).input == 2
    assert TIERED.at(200).tiers == ()


prices = st.decimals(min_value=0, max_value=10_000, places=8, allow_nan=False, allow_infinity=False)
tokens = st.integers(min_value=0, max_value=10_000_000)


@given(prices, prices, prices, tokens, tokens, tokens)
def test_a_cost_is_exact_to_twelve_places_and_never_beyond_its_bound(
    input_price: Decimal, cached: Decimal, output: Decimal, prompt: int, hit: int, completion: int
) -> None:
    price = Price(input_price, cached, output, "here")
    paid = cost(price, Tokens(prompt, hit, completion))
    hit = min(hit, prompt)
    exact = ((prompt - hit) * input_price + hit * cached + completion * output) / 10**6
    assert abs(paid - exact) <= Decimal("0.5E-12")
    assert -paid.as_tuple().exponent <= 12  # type: ignore[operator]
    assert paid <= bound(price, prompt, completion)


def test_the_list_price_names_the_version_of_the_list() -> None:
    price = list_price("openai", OPENAI, "gpt-5-mini", NOW)
    assert price == Price(Decimal("0.25"), Decimal("0.025"), Decimal(2), LIST_SOURCE)
    assert genai_prices.__version__ in LIST_SOURCE


@pytest.mark.parametrize("model", ["gpt-5-mini", "gpt-4.1", "gpt-5.5"])
@pytest.mark.parametrize("prompt", [1_000, 900_000])
def test_our_arithmetic_agrees_with_the_package(model: str, prompt: int) -> None:
    price = list_price("openai", OPENAI, model, NOW)
    assert price is not None
    theirs = genai_prices.calc_price(
        genai_prices.Usage(input_tokens=prompt, cache_read_tokens=300, output_tokens=70),
        model_ref=model,
        provider_id="openai",
        genai_request_timestamp=NOW,
    )
    assert cost(price, Tokens(prompt, 300, 70)) == theirs.total_price


def test_a_compatible_endpoint_is_priced_by_its_address() -> None:
    known = list_price("compatible", "https://api.mistral.ai/v1", "mistral-small-latest", NOW)
    assert known is not None
    assert list_price("compatible", "https://llm.example.org/v1", "gpt-5-mini", NOW) is None


@pytest.mark.parametrize(
    ("kind", "url", "model"),
    [
        ("openai", OPENAI, "no-such-model"),
        ("local", "", "gpt-5-mini"),
        ("rehearsal", "", "gpt-5-mini"),
        ("openai", OPENAI, "whisper-1"),
        ("openai", OPENAI, "text-embedding-3-small"),
    ],
)
def test_what_the_list_cannot_price_is_unknown(kind: str, url: str, model: str) -> None:
    assert list_price(kind, url, model, NOW) is None
    assert choose([], kind, url, model, NOW) is None


def test_the_newest_override_that_has_begun_wins_over_the_list() -> None:
    rows = [
        Dated(Decimal(1), None, Decimal(2), NOW - timedelta(days=9), "contract"),
        Dated(Decimal(3), Decimal(0), Decimal(4), NOW - timedelta(days=1), "new contract"),
        Dated(Decimal(9), None, Decimal(9), NOW + timedelta(days=1), "next year"),
    ]
    today = choose(rows, "openai", OPENAI, "gpt-5-mini", NOW)
    assert today == Price(Decimal(3), Decimal(0), Decimal(4), "new contract")
    before = choose(rows, "openai", OPENAI, "gpt-5-mini", NOW - timedelta(days=5))
    assert before == Price(Decimal(1), Decimal(1), Decimal(2), "contract")
    listed = choose(rows, "openai", OPENAI, "gpt-5-mini", NOW - timedelta(days=30))
    assert listed is not None
    assert listed.source == LIST_SOURCE


def test_a_price_of_zero_is_a_price() -> None:
    rows = [Dated(Decimal(0), None, Decimal(0), NOW, "runs on this machine")]
    price = choose(rows, "local", "", "smollm2-135m", NOW)
    assert price is not None
    assert cost(price, Tokens(10, 0, 10)) == 0


def test_the_list_suggests_a_context_window() -> None:
    assert context_window(OPENAI, "gpt-5-mini") == 400_000
    assert context_window(OPENAI, "no-such-model") is None
