"""Money, tokens, durations and ages in words that fit a table; the islands write them the same way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
CENT = Decimal("0.01")
MINUTE, HOUR, DAY = 60, 3600, 86_400


def money(amount: Decimal | None, currency: str = "USD") -> str:
    """An amount with its currency and enough digits to differ: `$18.42`, `$0.0042`, `$0.00002`.

    From one up, and for whole cents, two decimals; below, four; a smaller amount keeps two significant
    digits, so that something is never shown as nothing. None is an unknown price: `unknown`.
    """
    if amount is None:
        return "unknown"
    if not isinstance(amount, Decimal):
        raise TypeError(f"Money is a Decimal or None, not {type(amount).__name__}: {amount!r}")
    size = abs(amount)
    if size >= 1 or size == size.quantize(CENT):
        decimals = 2
    elif size >= Decimal("0.001"):
        decimals = 4
    else:
        decimals = 1 - size.adjusted()
    digits = size.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return _signed(amount, currency, f"{digits:,f}")


def money_exact(amount: Decimal | None, currency: str = "USD") -> str:
    """Every digit of an amount, for ledgers and tooltips."""
    if amount is None:
        return "unknown"
    if not isinstance(amount, Decimal):
        raise TypeError(f"Money is a Decimal or None, not {type(amount).__name__}: {amount!r}")
    size = abs(amount).normalize()
    decimals = max(2, -int(size.as_tuple().exponent))
    return _signed(amount, currency, f"{size:,.{decimals}f}")


def _signed(amount: Decimal, currency: str, digits: str) -> str:
    sign = "−" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{currency} {digits}"


def tokens(count: int | None) -> str:
    """A count in at most four characters and a letter: `819`, `40.1k`, `188k`, `1.2M`. None is `–`."""
    if count is None:
        return "–"
    for limit, unit, letter in ((1_000, 1, ""), (999_500, 1_000, "k"), (999_500_000, 1_000_000, "M")):
        if abs(count) < limit:
            return f"{count}{letter}" if unit == 1 else f"{_three_digits(count / unit)}{letter}"
    return f"{_three_digits(count / 1e9)}G"


def _three_digits(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"


def duration(span: float | timedelta | None) -> str:
    """Seconds in words: `38ms`, `2.4s`, `6m 28s`, `1h 12m`, `2d 3h`. None is `–`."""
    if span is None:
        return "–"
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if seconds < 0.0995:
        return f"{max(seconds, 0) * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < HOUR:
        return f"{whole // MINUTE}m {whole % MINUTE:02d}s"
    if whole < DAY:
        return f"{whole // HOUR}h {whole % HOUR // MINUTE:02d}m"
    return f"{whole // DAY}d {whole % DAY // HOUR}h"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago or in how long, roughly: `just now`, `6 min ago`, `in 2 h`, `yesterday`, `19 Nov`."""
    now = now or datetime.now(UTC)
    seconds = (now - moment).total_seconds()
    size = abs(seconds)
    if size < 45:
        return "just now" if seconds >= 0 else "in a moment"
    if size < 45 * MINUTE:
        words = f"{max(1, round(size / MINUTE))} min"
    elif size < 22 * HOUR:
        words = f"{max(1, round(size / HOUR))} h"
    elif size < 7 * DAY:
        days = max(1, round(size / DAY))
        if days == 1:
            return "yesterday" if seconds > 0 else "tomorrow"
        words = f"{days} days"
    else:
        return f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment.day} {moment:%b %Y}"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def absolute(moment: datetime) -> str:
    """The exact time for tooltips, in UTC."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"
