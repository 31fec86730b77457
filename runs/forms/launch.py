"""The launch form: the team's own input, live or rehearsed, and what the run may use up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from uuid import uuid4

from django import forms

from agents.topology.graph import RunLimits
from runs.engine.plan import Plan
from runs.schema_forms.form import SchemaForm

MODES = [("live", "Live"), ("simulated", "Rehearsal")]


class LaunchForm(forms.Form):
    """`input` is a form of its own, made from the schema. `key` makes a second click no second run."""

    mode = forms.ChoiceField(choices=MODES, initial="live", widget=forms.RadioSelect)
    cost = forms.DecimalField(
        label="Money, at most",
        required=False,
        min_value=Decimal(0),
        max_digits=19,
        decimal_places=10,
        help_text="Reserved before each call; at the limit the run waits for a person.",
    )
    tokens = forms.IntegerField(label="Tokens, at most", required=False, min_value=1, max_value=10**12)
    version = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.RegexField(r"^[0-9a-f-]{36}$", widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        plan: Plan,
        number: int,
        given: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.plan, self.number = plan, number
        self.limits = plan.team.graph.limits
        self.input = SchemaForm(data, schema=plan.configs[plan.entry].input_schema, given=given)
        self.fields["cost"].prefix_text = "$"  # type: ignore[attr-defined]
        self.fields["cost"].initial = self.limits.cost_usd
        self.fields["tokens"].initial = self.limits.tokens
        self.fields["tokens"].help_text = "Input and output together. Empty: no limit."

    @property
    def shown_key(self) -> str:
        """The key that was sent, so that sending it again starts nothing twice; a new one if it was none."""
        sent = str(self["key"].value() or "")
        return sent if "key" not in self.errors and sent else str(uuid4())

    def clean_version(self) -> int:
        seen: int = self.cleaned_data["version"]
        if seen != self.number:
            raise forms.ValidationError(
                f"Version {self.number} was published while you filled this in. Check it and launch again."
            )
        return seen

    def is_valid(self) -> bool:
        """Both forms, so that every problem is told at once."""
        own, entered = super().is_valid(), self.input.is_valid()
        return own and entered

    @property
    def problems(self) -> int:
        """How many fields are to be corrected."""
        return len(self.errors) + len(self.input.errors) if self.is_bound else 0

    @property
    def chosen_mode(self) -> Literal["live", "simulated"]:
        rehearse = "rehearse" in self.data or self.cleaned_data["mode"] == "simulated"
        return "simulated" if rehearse else "live"

    @property
    def run_limits(self) -> RunLimits:
        """The team's limits with what was entered in their place."""
        cost = self.cleaned_data["cost"]
        entered = {"cost_usd": None if cost is None else f"{cost:f}", "tokens": self.cleaned_data["tokens"]}
        return self.limits.model_copy(update=entered)
