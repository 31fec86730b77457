"""Forms of endpoints, their keys, models and prices."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from agents.actions.endpoints import EMBEDDED, MAX_CONCURRENCY, MOST_PER_MINUTE
from agents.forms.fields import LinesField
from agents.models import Endpoint

ADDRESSES = (
    "https://api.openai.com/v1",
    "https://openrouter.ai/api/v1",
    "https://api.groq.com/openai/v1",
    "https://api.mistral.ai/v1",
    "http://localhost:11434/v1",
    "http://localhost:8000/v1",
)
KINDS = {
    Endpoint.Kind.COMPATIBLE: "OpenAI-compatible: vLLM, Ollama and most others",
    Endpoint.Kind.OPENAI: "OpenAI",
    Endpoint.Kind.LOCAL: "Local model, the tiny one of Troupe",
    Endpoint.Kind.REHEARSAL: "Rehearsal model, the simulated one of Troupe",
}


def _key(**more: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(label="Key", widget=widget, max_length=4_000, **more)


def _rate(label: str, name: str, unit: str) -> forms.IntegerField:
    field = forms.IntegerField(
        min_value=1,
        max_value=MOST_PER_MINUTE[name],
        required=False,
        label=label,
        help_text="Empty: no limit.",
    )
    field.widget.attrs["inputmode"] = "numeric"
    field.unit = unit  # type: ignore[attr-defined]
    return field


class EndpointForm(forms.Form):
    """Name, address and limits. Which fields there are depends on whether it is a new one."""

    kind = forms.ChoiceField(choices=list(KINDS.items()), label="Kind")
    name = forms.CharField(max_length=60, label="Name")
    base_url = forms.CharField(max_length=500, required=False, label="Address")
    key = _key(required=False, help_text="Encrypted, never shown again. Empty if none is needed.")
    concurrency = forms.IntegerField(
        min_value=1, max_value=MAX_CONCURRENCY, initial=16, label="At once", help_text="Over all workers."
    )
    requests_per_minute = _rate("Requests", "requests_per_minute", "a minute")
    tokens_per_minute = _rate("Tokens", "tokens_per_minute", "a minute")

    def __init__(self, *args: Any, endpoint: Endpoint | None = None, **more: Any) -> None:
        if endpoint is not None:
            more["initial"] = _values(endpoint) | more.get("initial", {})
        super().__init__(*args, **more)
        self.addresses = ADDRESSES
        self.fields["name"].help_text = "How agents and team files call it."
        self.fields["name"].widget.attrs |= {"autocomplete": "off", "placeholder": "gpu-box"}
        address = {"list": "addresses", "placeholder": "http://gpu-box:8000/v1", "inputmode": "url"}
        self.fields["base_url"].widget.attrs |= address
        self.fields["base_url"].help_text = "Empty only for the models that came with Troupe."
        self.fields["concurrency"].unit = "calls"  # type: ignore[attr-defined]
        if endpoint is not None:
            del self.fields["kind"]
            self._keep_key(endpoint)
            self.fields["capabilities"] = _capabilities(endpoint)

    def _keep_key(self, endpoint: Endpoint) -> None:
        if endpoint.key_encrypted:
            said = f"The one that ends in {endpoint.key_hint.strip(chr(8230))} is kept while this is empty."
            self.fields["key"].help_text = said

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") not in EMBEDDED and "kind" in self.fields and not cleaned.get("base_url"):
            self.add_error("base_url", "Enter an address such as https://api.openai.com/v1.")
        return cleaned


def _values(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "base_url": endpoint.base_url,
        "concurrency": endpoint.concurrency,
        "requests_per_minute": endpoint.requests_per_minute,
        "tokens_per_minute": endpoint.tokens_per_minute,
        "capabilities": [name for name, can in endpoint.capabilities.items() if can],
    }


def _capabilities(endpoint: Endpoint) -> forms.Field:
    choices = [
        ("tools", "calls tools by itself"),
        ("json_schema", "keeps to a JSON Schema"),
        ("streaming", "streams its answers"),
    ]
    return forms.MultipleChoiceField(
        choices=choices, required=False, widget=forms.CheckboxSelectMultiple, label="Can do"
    )


class KeyForm(forms.Form):
    key = _key()


class ModelsForm(forms.Form):
    """Models to add: some that the endpoint lists, and others by their ids."""

    listed = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="It lists")
    others = LinesField(label="By id")

    def __init__(self, *args: Any, unlisted: list[str], **more: Any) -> None:
        super().__init__(*args, **more)
        self.unlisted = unlisted
        listed = self.fields["listed"]
        assert isinstance(listed, forms.MultipleChoiceField)
        listed.choices = [(name, name) for name in unlisted]
        self.fields["others"].help_text = "One a line, exactly as the endpoint calls them."
        self.fields["others"].widget.attrs["placeholder"] = "qwen2.5-32b-instruct"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not self.names():
            raise forms.ValidationError("Choose a model, or enter its id.")
        return cleaned

    def names(self) -> list[str]:
        return [*self.cleaned_data.get("listed", []), *self.cleaned_data.get("others", [])]


def _price(label: str, **more: Any) -> forms.DecimalField:
    field = forms.DecimalField(
        max_digits=18, decimal_places=8, min_value=0, max_value=1_000_000, label=label, **more
    )
    field.widget.attrs |= {"inputmode": "decimal", "step": "any"}
    field.prefix_text, field.unit = "$", "a million"  # type: ignore[attr-defined]
    return field


PRICES = ("input_per_million", "cached_per_million", "output_per_million")


class PriceForm(forms.Form):
    """A dated price. It may be sent as `free`: nothing at all, which is a price and not an unknown one."""

    input_per_million = _price("Input")
    cached_per_million = _price("Cached input", required=False)
    output_per_million = _price("Output")
    valid_from = forms.DateField(
        label="Valid from", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    source = forms.CharField(max_length=200, required=False, label="Source")

    def __init__(self, data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["valid_from"].initial = timezone.now().date()
        self.fields["source"].widget.attrs["placeholder"] = "Price list, contract, GPU hours"
        self.fields["cached_per_million"].help_text = "Empty: as the input."
        self.is_free = bool(data and data.get("free"))
        if self.is_free:
            for name in PRICES:
                self.fields[name].required = False

    def price(self) -> dict[str, Any]:
        """What `set_price` takes. Today's price holds from now on, another day's from midnight, UTC."""
        values = dict(self.cleaned_data)
        if self.is_free:
            values |= dict.fromkeys(PRICES, Decimal(0))
        day = values["valid_from"]
        is_today = day == timezone.now().date()
        return values | {"valid_from": None if is_today else datetime.combine(day, time(), UTC)}
