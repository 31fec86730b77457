"""The models that are asked one after the other when an agent's own fails: an ordered list of choices."""

from __future__ import annotations

from typing import Any

from django import forms

from agents.forms.fields import RowsField, RowsWidget

MOST = 8


class ChainWidget(RowsWidget):
    """One choice a row; static/js/rows.js adds, takes away and moves up."""

    template_name = "agents/widgets/chain.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        if value:  # an empty row to fill in is for lists that are empty
            context["widget"]["rows"].pop()
        return context


class ChainField(RowsField):
    """A list of the keys of models; `choices` are those of the agent's own model."""

    def __init__(self, choices: list[Any]) -> None:
        choice = forms.ChoiceField(choices=[("", "None"), *choices], label="Model")
        choice.widget.attrs["class"] = "mono"
        super().__init__({"model": choice}, most=MOST, label="If it fails, ask")
        self.widget = ChainWidget({"model": choice})

    def prepare_value(self, value: Any) -> Any:
        return [{"model": one} if isinstance(one, str) else one for one in value or []]

    def clean(self, value: Any) -> list[Any]:
        return [row["model"] for row in super().clean(value)]
