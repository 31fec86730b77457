from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.web import figures

NOW = datetime(2026, 11, 20, 14, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "$0.00"),
        ("18.42", "$18.42"),
        ("1284.5", "$1,284.50"),
        ("18.4249", "$18.42"),
        ("0.5", "$0.50"),
        ("0.0042", "$0.0042"),
        ("0.01423", "$0.0142"),
        ("0.163", "$0.1630"),
        ("0.00042", "$0.00042"),
        ("0.0000204", "$0.000020"),
        ("0.00000000007", "$0.000000000070"),
        ("-0.0031", "−$0.0031"),
        ("-12", "−$12.00"),
    ],
)
def test_money_has_enough_digits_to_differ(amount: str, words: str) -> None:
    assert figures.money(Decimal(amount)) == words


def test_an_unknown_price_is_unknown_not_zero() -> None:
    assert figures.money(None) == figures.money_exact(None) == "unknown"


@pytest.mark.parametrize("amount", [0.1, 3, "0.1", ""])
def test_money_that_is_no_decimal_is_refused(amount: object) -> None:
    with pytest.raises(TypeError, match="Decimal"):
        figures.money(amount)  # type: ignore[arg-type]


def test_money_in_other_currencies_names_them() -> None:
    assert figures.money(Decimal("2"), "EUR") == "€2.00"
    assert figures.money(Decimal("2"), "CHF") == "CHF 2.00"


@given(st.decimals(min_value=Decimal("1e-12"), max_value=Decimal("1e9"), allow_nan=False, places=14))
def test_something_is_never_shown_as_nothing(amount: Decimal) -> None:
    if amount:
        assert any(digit in figures.money(amount) for digit in "123456789")


@given(st.decimals(min_value=Decimal("-1e6"), max_value=Decimal("1e6"), allow_nan=False, places=12))
def test_exact_money_keeps_every_digit(amount: Decimal) -> None:
    plain = figures.money_exact(amount).replace("$", "").replace(",", "").replace("−", "-")
    assert Decimal(plain) == amount


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, "–"),
        (0, "0"),
        (819, "819"),
        (999, "999"),
        (1_000, "1.0k"),
        (40_083, "40.1k"),
        (99_960, "100k"),
        (188_412, "188k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (76_000_000, "76.0M"),
        (2_500_000_000, "2.5G"),
    ],
)
def test_token_counts_are_short(count: int | None, words: str) -> None:
    assert figures.tokens(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.038, "38ms"),
        (0.7, "0.7s"),
        (59.96, "1m 00s"),
        (388, "6m 28s"),
        (3599.6, "1h 00m"),
        (4320, "1h 12m"),
        (183_600, "2d 3h"),
        (timedelta(seconds=90), "1m 30s"),
    ],
)
def test_durations_read_well(seconds: float | timedelta | None, words: str) -> None:
    assert figures.duration(seconds) == words


AGES = [
    (timedelta(seconds=3), "just now"),
    (timedelta(seconds=50), "1 min ago"),
    (timedelta(minutes=6), "6 min ago"),
    (timedelta(minutes=50), "1 h ago"),
    (timedelta(hours=5), "5 h ago"),
    (timedelta(hours=26), "yesterday"),
    (timedelta(days=3), "3 days ago"),
    (timedelta(days=9), "11 Nov"),
    (timedelta(days=400), "16 Oct 2025"),
    (-timedelta(seconds=10), "in a moment"),
    (-timedelta(minutes=23), "in 23 min"),
    (-timedelta(days=1), "tomorrow"),
]


@pytest.mark.parametrize(("age", "words"), AGES)
def test_ages_are_relative_and_dates_when_old(age: timedelta, words: str) -> None:
    assert figures.ago(NOW - age, NOW) == words


def test_the_exact_time_is_in_utc() -> None:
    assert figures.absolute(NOW) == "20 Nov 2026, 14:06:00 UTC"
