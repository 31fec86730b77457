"""What a model call costs: Decimal arithmetic, and where prices come from.

A price is in US dollars for a million tokens. Dated overrides of a workspace come first, then the price
list of the package `genai-prices`. A model that neither knows has no price: unknown is never zero.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Protocol

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices

LIST_SOURCE = f"genai-prices {genai_prices.__version__}"
SMALLEST = Decimal("1E-12")  # dollars; the ledger keeps twelve places, so sums of its rows are exact


class Usage(Protocol):
    """Tokens of one call as the OpenAI API counts them: cached ones are part of the input."""

    @property
    def input_tokens(self) -> int: ...
    @property
    def cached_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...


@dataclass(frozen=True)
class Price:
    """Dollars for a million tokens. `tiers` hold the prices of prompts longer than so many tokens."""

    input: Decimal
    cached: Decimal
    output: Decimal
    source: str
    tiers: tuple[tuple[int, Price], ...] = ()

    def at(self, input_tokens: int) -> Price:
        """The price of a call with a prompt of this length."""
        above = [price for start, price in self.tiers if input_tokens > start]
        return above[-1] if above else replace(self, tiers=())


def cost(price: Price, usage: Usage) -> Decimal:
    """Dollars, to twelve places. More cached than input tokens is read as all of them cached."""
    rate = price.at(usage.input_tokens)
    cached = min(max(usage.cached_tokens, 0), usage.input_tokens)
    with localcontext() as context:
        context.prec = 60
        millionths = (
            (usage.input_tokens - cached) * rate.input
            + cached * rate.cached
            + usage.output_tokens * rate.output
        )
        return millionths.scaleb(-6).quantize(SMALLEST, ROUND_HALF_UP)


def bound(price: Price, input_tokens: int, output_tokens: int) -> Decimal:
    """The most that a call with at most so many tokens can cost."""
    rates = [price, *(tier for start, tier in price.tiers if input_tokens > start)]
    with localcontext() as context:
        context.prec = 60
        most = input_tokens * max(max(rate.input, rate.cached) for rate in rates)
        most += output_tokens * max(rate.output for rate in rates)
        return most.scaleb(-6).quantize(SMALLEST, ROUND_HALF_UP)


# ── where prices come from ──────────────────────────────────────────────────────────────────────────
class Override(Protocol):
    """A dated price of a workspace, such as `agents.models.ModelPrice`."""

    input_per_million: Decimal
    cached_per_million: Decimal | None
    output_per_million: Decimal
    valid_from: datetime
    source: str


def choose(overrides: Iterable[Override], kind: str, base_url: str, model: str, at: datetime) -> Price | None:
    """The newest override that is valid at `at`, else the list price, else None."""
    valid = [row for row in overrides if row.valid_from <= at]
    if valid:
        row = max(valid, key=lambda row: row.valid_from)
        cached = row.input_per_million if row.cached_per_million is None else row.cached_per_million
        return Price(row.input_per_million, cached, row.output_per_million, row.source)
    return list_price(kind, base_url, model, at)


def list_price(kind: str, base_url: str, model: str, at: datetime) -> Price | None:
    """The price in the package's list, found by the provider's address; None when it has none.

    A model is never looked up by its name alone: the same weights cost something else elsewhere.
    """
    if kind in ("local", "rehearsal") or not base_url:
        return None
    snapshot = get_snapshot()
    try:
        _, found = snapshot.find_provider_model(model, None, None, base_url)
    except LookupError:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # units of images or sound, which are not read here
        return _from_list(found.get_prices(at))


def _from_list(prices: Any) -> Price | None:
    input_price, output_price = prices.input_mtok, prices.output_mtok
    if input_price is None or output_price is None:
        return None
    cached_price = input_price if prices.cache_read_mtok is None else prices.cache_read_mtok
    three = (input_price, cached_price, output_price)
    starts = sorted({tier.start for one in three if isinstance(one, TieredPrices) for tier in one.tiers})
    tiers = tuple((start, _at(three, start + 1)) for start in starts)
    return replace(_at(three, 0), tiers=tiers)


def _at(prices: tuple[Any, Any, Any], tokens: int) -> Price:
    input_price, cached_price, output_price = (_tier(price, tokens) for price in prices)
    return Price(input_price, cached_price, output_price, LIST_SOURCE)


def _tier(price: Decimal | TieredPrices, tokens: int) -> Decimal:
    if isinstance(price, TieredPrices):
        return next((tier.price for tier in reversed(price.tiers) if tokens > tier.start), price.base)
    return price


def context_window(base_url: str, model: str) -> int | None:
    """The context window the price list states for a model, as a suggestion."""
    if not base_url:
        return None
    try:
        _, found = get_snapshot().find_provider_model(model, None, None, base_url)
    except LookupError:
        return None
    return found.context_window
