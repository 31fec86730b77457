"""The form that raises a run's limits, so that one parked by its budget goes on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from agents.topology.graph import RunLimits
from runs.engine.budget import Caps, amount_words
from runs.queries import Limits

FIELDS = {
    "cost": "cost",
    "tokens": "tokens",
    "calls": "calls",
    "seconds": "seconds",
    "price": "unknown_prices",
}

NO_CAPS = Caps()


class RaiseLimits(forms.Form):
    """Shows the limit that stops the run; an empty field means no limit. The others stay as they are.

    `most` is what the run that this one works for has left for it.
    """

    cost = forms.DecimalField(
        label="Cost limit",
        required=False,
        min_value=Decimal("0.0000000001"),
        max_digits=19,
        decimal_places=10,
    )
    tokens = forms.IntegerField(label="Token limit", required=False, min_value=1, max_value=10**12)
    calls = forms.IntegerField(label="Model calls", required=False, min_value=1, max_value=100_000)
    seconds = forms.FloatField(label="Time limit", required=False, min_value=1, max_value=10**9)
    unknown_prices = forms.BooleanField(label="Let calls of unknown price run in this run", required=False)

    def __init__(self, *args: Any, limits: Limits, most: Caps = NO_CAPS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits, self.most, self.left = limits, most, ""
        shown = FIELDS.get(limits.blocked) or self._first_limit()
        self.fields = {name: field for name, field in self.fields.items() if name == shown}
        if shown == "cost":
            self.fields["cost"].prefix_text = "$"  # type: ignore[attr-defined]
        elif shown == "seconds":
            self.fields["seconds"].unit = "seconds"  # type: ignore[attr-defined]
        if shown != "unknown_prices":
            self.fields[shown].initial = self._suggestion(shown)
            self.left = self._left(shown)
            self.fields[shown].required = bool(self.left)
            none = "Leave empty for no limit."
            self.fields[shown].help_text = f"At most {self.left}." if self.left else none

    def _first_limit(self) -> str:
        """Which limit to raise where a person said that the run ends at its soft one."""
        return next(
            (one for one in ("cost", "tokens", "calls", "seconds") if getattr(self.limits, one)), "cost"
        )

    def _suggestion(self, name: str) -> Any:
        """Twice what it was, as far as it may be."""
        old, most = getattr(self.limits, name), getattr(self.most, name)
        twice = None if old is None else Decimal(old) * 2
        return twice if most is None else min(Decimal(str(most)), twice or Decimal(str(most)))

    def _left(self, name: str) -> str:
        """In words; empty where no run that this one works for has such a limit."""
        most = getattr(self.most, name)
        return "" if most is None else amount_words(name, most)

    def raised(self) -> tuple[RunLimits, bool]:
        """All limits as they are to be, and whether unknown prices are allowed."""
        old, new = self.limits, self.cleaned_data
        cost = new.get("cost", old.cost)
        limits = RunLimits(
            cost_usd=None if cost is None else f"{Decimal(cost):f}",
            tokens=new.get("tokens", old.tokens),
            model_calls=new.get("calls", old.calls),
            seconds=new.get("seconds", old.seconds),
            soft_percent=old.soft_percent,
            latency_s=old.latency_s,
        )
        return limits, bool(new.get("unknown_prices", old.unknown_prices_allowed))
