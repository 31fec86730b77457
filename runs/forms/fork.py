"""The form that forks a run: from where, how its calls behave, what is different, what it may use up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms

from agents.forms.fields import ProseField, number, tidy
from agents.topology.changes import AgentChange, Changes
from agents.topology.graph import AgentSpec, ModelRef, PinnedTeam, RunLimits
from runs.actions.fork import Wanted
from runs.engine.plan import Plan
from runs.forms.fork_answers import AnswerPart
from runs.schema_forms.form import SchemaForm

EFFECTS = [
    (
        "recorded",
        "Recorded",
        "Calls that are the same are answered as they were, free; any other asks you first",
    ),
    ("simulated", "Simulated", "A rehearsal: simulated models, no tool is called, free"),
    ("live", "Live", "Real models and tools from here on, for real money"),
]
WORDS = ("role", "goal", "backstory", "instructions")


class ForkForm(forms.Form):
    """What is left as it is changes nothing. Parts for agents and nodes are there for who may change them."""

    at = forms.IntegerField(
        label="Last event that is kept",
        min_value=1,
        widget=forms.NumberInput(attrs={"class": "num"}),
    )
    effects = forms.ChoiceField(
        choices=[(value, title) for value, title, _ in EFFECTS],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how its calls behave."},
    )
    cost = forms.DecimalField(
        label="Money, at most", required=False, min_value=Decimal(0), max_digits=19, decimal_places=10
    )
    tokens = forms.IntegerField(label="Tokens, at most", required=False, min_value=1, max_value=10**12)
    key = forms.RegexField(r"^[0-9a-f-]{36}$", widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        plan: Plan,
        given: dict[str, Any] | None,
        models: list[ModelRef],
        may_change: bool,
        answers: list[AnswerPart],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.limits = plan.team.graph.limits
        self.given = given
        self.fields["cost"].prefix_text = "$"  # type: ignore[attr-defined]
        self.fields["cost"].initial, self.fields["tokens"].initial = self.limits.cost_usd, self.limits.tokens
        schema = plan.configs[plan.entry].input_schema
        self.input = SchemaForm(data, schema=schema, edits=given) if given is not None else None
        self.answers = answers
        team = plan.team if may_change else None
        self.agents = list(_agent_parts(data, team, models)) if team else []
        self.nodes = list(_node_parts(data, team)) if team else []

    @property
    def shown_key(self) -> str:
        """The key that was sent, so that sending it again forks nothing twice."""
        return str(self["key"].value() or uuid4())

    def choices(self) -> Iterator[tuple[str, str, str, bool]]:
        """(value, title, words, chosen) of each way calls can behave."""
        for value, title, words in EFFECTS:
            yield value, title, words, self["effects"].value() == value

    @property
    def parts(self) -> list[forms.Form]:
        return [*self.answers, *self.agents, *self.nodes, *([self.input] if self.input else [])]

    @property
    def touched(self) -> list[forms.Form]:
        """The parts in which something was changed; what is left as it was need not be judged again."""
        return [part for part in self.parts if part.has_changed()]

    def is_valid(self) -> bool:
        """All parts, so that every problem is told at once."""
        parts = [part.is_valid() for part in self.touched]
        return super().is_valid() and all(parts)

    @property
    def problems(self) -> int:
        return len(self.errors) + sum(len(part.errors) for part in self.touched) if self.is_bound else 0

    def wanted(self) -> Wanted:
        """Of a valid form."""
        given = self.cleaned_data
        cost = None if given["cost"] is None else f"{given['cost']:f}"
        limits: RunLimits = self.limits.model_copy(update={"cost_usd": cost, "tokens": given["tokens"]})
        changed = self.input is not None and bool(self.input.edited)
        return Wanted(
            at=given["at"],
            effects=given["effects"],
            changes=Changes(
                agents={part.name: part.change() for part in self.agents if part.changed_data},
                nodes={part.name: part.change() for part in self.nodes if part.changed_data},
            ),
            value=self.input.value if changed and self.input else None,
            answers=[part.answer() for part in self.answers if part.has_changed()],
            limits=limits,
        )


# ── an agent ────────────────────────────────────────────────────────────────────────────────────────
class AgentPart(forms.Form):
    role = forms.CharField(max_length=200, required=False, label="Role")
    goal = ProseField(max_length=20_000, required=False, label="Goal", rows=2)
    backstory = ProseField(max_length=20_000, required=False, label="Backstory", rows=2)
    instructions = ProseField(max_length=20_000, required=False, label="Instructions", rows=6)
    model = forms.ChoiceField(label="Model")
    temperature = number(whole=False, least=0, most=2, required=False)
    max_tokens = number(whole=True, least=1, most=200_000)

    def __init__(self, data: Any, name: str, spec: AgentSpec, models: list[ModelRef]) -> None:
        initial = {word: getattr(spec, word) for word in WORDS}
        initial |= {"model": _model_key(spec.model), "max_tokens": spec.parameters.max_tokens}
        initial["temperature"] = tidy(spec.parameters.temperature)
        super().__init__(data, prefix=f"agent-{name}", initial=initial)
        self.name, self.title, self.about = name, spec.name, f"{spec.model.model} at {spec.model.endpoint}"
        self.refs = {_model_key(ref): ref for ref in [spec.model, *models]}
        field = self.fields["model"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(key, f"{ref.model} at {ref.endpoint}") for key, ref in self.refs.items()]
        self.fields["temperature"].label, self.fields["max_tokens"].label = "Temperature", "Most tokens"

    def change(self) -> AgentChange:
        changed = {name: self.cleaned_data[name] for name in self.changed_data}
        return AgentChange(
            **{word: changed[word] for word in WORDS if word in changed},
            model=self.refs[changed["model"]] if "model" in changed else None,
            parameters={name: changed[name] for name in ("temperature", "max_tokens") if name in changed},
        )


def _model_key(ref: ModelRef) -> str:
    return json.dumps([ref.endpoint, ref.model])


def _agent_parts(data: Any, team: PinnedTeam, models: list[ModelRef]) -> Iterator[AgentPart]:
    for name, agent in team.agents.items():
        yield AgentPart(data, name, agent.spec, models)


# ── a node ──────────────────────────────────────────────────────────────────────────────────────────
class NodePart(forms.Form):
    """What a node asks of its agent."""

    description = ProseField(max_length=20_000, required=False, label="Task", rows=4)
    expected_output = ProseField(max_length=20_000, required=False, label="Expected output", rows=2)

    def __init__(self, data: Any, name: str, title: str, task: dict[str, Any]) -> None:
        super().__init__(data, prefix=f"node-{name}", initial=task)
        self.name, self.title, self.about = name, title, "task"

    def change(self) -> dict[str, Any]:
        return {"task": {name: self.cleaned_data[name] for name in self.changed_data}}


def _node_parts(data: Any, team: PinnedTeam) -> Iterator[NodePart]:
    for node in team.graph.nodes:
        if node.kind == "agent":
            task = node.config.get("task")
            yield NodePart(data, node.id, node.title, dict(task) if isinstance(task, dict) else {})
