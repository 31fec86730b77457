"""What the JSON API says of money and tokens."""

from __future__ import annotations

from decimal import Decimal

from ninja import Schema

from runs.figures.totals import Reserved, Totals


def exact(amount: Decimal) -> str:
    """Every digit that counts, never in powers of ten."""
    return f"{amount.normalize():f}"


class TokensOut(Schema):
    input: int  # cached ones included
    cached: int
    output: int  # reasoning ones included
    reasoning: int


class ReservedOut(Schema):
    """What calls in flight may cost at most."""

    cost: str
    tokens: int
    unpriced_calls: int  # in flight at an unknown price, which are not in `cost`


class TotalsOut(Schema):
    """Sums over ledger rows. Money is US dollars as decimal text."""

    cost: str | None  # null when the price of some calls is unknown: there is no total then
    known_cost: str
    unknown_calls: int
    estimated_calls: int
    simulated_cost: str  # what simulated calls would have cost
    calls: int
    tokens: TokensOut
    reserved: ReservedOut  # on top of these sums, by calls that have not ended

    @staticmethod
    def of(totals: Totals, reserved: Reserved) -> TotalsOut:
        return TotalsOut(
            cost=None if totals.unknown else exact(totals.real),
            known_cost=exact(totals.real),
            unknown_calls=totals.unknown,
            estimated_calls=totals.estimated,
            simulated_cost=exact(totals.simulated_cost),
            calls=totals.calls,
            tokens=TokensOut(
                input=totals.input_tokens,
                cached=totals.cached_tokens,
                output=totals.output_tokens,
                reasoning=totals.reasoning_tokens,
            ),
            reserved=ReservedOut(
                cost=exact(reserved.cost), tokens=reserved.tokens, unpriced_calls=reserved.unpriced
            ),
        )
