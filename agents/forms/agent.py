"""The form of an agent, to and from its specification."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from pydantic import ValidationError

from agents.forms.chain import ChainField
from agents.forms.fields import ProseField, tidy
from agents.forms.from_schema import fields_of
from agents.forms.placing import put
from agents.model_facts import EndpointFacts, ModelFacts
from agents.tool_facts import ToolFacts
from agents.tool_facts import given as tools_given
from agents.topology.graph import AgentSpec, Limits, ModelRef, Parameters
from agents.topology.problems import Problem, from_validation_error

KEPT = "kept"  # the model it has, which is not set up here any more
LARGEST_SCHEMA = 100_000
PLAIN = ("name", "role", "goal", "backstory", "instructions", "tools")
WORDS = {
    "temperature": ("Temperature", "", "Empty: as the endpoint likes."),
    "top_p": ("Top p", "", ""),
    "max_tokens": ("Most tokens", "an answer", ""),
    "seed": ("Seed", "", ""),
    "stop": ("Stop at", "", "One a line, at most four."),
    "timeout_s": ("Time-out", "s", ""),
    "retries": ("Retries", "transient", ""),
    "max_tool_rounds": ("Tool rounds", "at most", ""),
    "corrective_turns": ("Corrections", "turns", ""),
    "latency_s": ("Latency budget", "s", "Longer is marked on the run. Nothing is stopped."),
}
PATHS = {
    **{f"parameters.{name}": name for name in Parameters.model_fields},
    **{f"limits.{name}": name for name in Limits.model_fields},
    "output.schema": "schema",
    "output": "schema",
    "tools": "tools",
    "model": "model",
    "fallbacks": "fallbacks",
}


class AgentForm(forms.Form):
    """`spec` is there once the form is valid."""

    name = forms.CharField(max_length=80, label="Name")
    role = forms.CharField(max_length=200, required=False, label="Role")
    goal = ProseField(max_length=20_000, required=False, label="Goal", rows=2)
    backstory = ProseField(max_length=20_000, required=False, label="Backstory", rows=3)
    instructions = ProseField(max_length=20_000, required=False, label="Instructions", rows=10)
    model = forms.ChoiceField(label="Model")
    tools = forms.MultipleChoiceField(required=False, label="Tools")
    output = forms.ChoiceField(choices=[("text", "Text"), ("form", "Form"), ("json", "JSON Schema")])
    schema = ProseField(required=False, label="JSON Schema", rows=8)
    based_on = forms.IntegerField(required=False)

    spec: AgentSpec

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        endpoints: Iterable[EndpointFacts],
        tools: Iterable[ToolFacts],
        spec: AgentSpec | None = None,
        based_on: int | None = None,
    ) -> None:
        super().__init__(data, initial=_values(spec) | {"based_on": based_on})
        self.kept = spec.model if spec else None
        self.fallbacks = spec.fallbacks if spec else []
        self.fields |= _generated()
        self._offer_models(endpoints)
        self._offer_tools({facts.name: facts for facts in tools}, spec)
        self.fields["schema"].widget.attrs |= {"class": "mono", "spellcheck": "false"}
        hints = {
            "name": "Billing specialist",
            "role": "answers billing questions",
            "goal": "What it is there for, in a sentence",
            "backstory": "What it knows and how it works",
            "instructions": "Step by step, with what to do when something is missing",
        }
        for name, hint in hints.items():
            self.fields[name].widget.attrs["placeholder"] = hint

    def _offer_models(self, endpoints: Iterable[EndpointFacts]) -> None:
        self.refs: dict[str, ModelRef] = {}
        self.facts: dict[str, ModelFacts] = {}
        groups = []
        for one in endpoints:
            for facts in one.models:
                ref = ModelRef(endpoint=one.endpoint.name, model=facts.model.name)
                self.refs[str(facts.model.pk)] = ref
                self.facts[str(facts.model.pk)] = facts
            offered = [(str(facts.model.pk), facts.model.name) for facts in one.models]
            groups.append((one.endpoint.name, offered))
        chosen = next((key for key, ref in self.refs.items() if ref == self.kept), "")
        choices: list[Any] = [group for group in groups if group[1]]
        if self.kept is not None and not chosen:
            self.refs[KEPT] = self.kept
            choices.insert(0, (KEPT, f"{self.kept.model} at {self.kept.endpoint} (not set up here)"))
            chosen = KEPT
        field = self.fields["model"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        self.initial["model"] = chosen
        self._offer_fallbacks()

    def _offer_fallbacks(self) -> None:
        """The same models, and those of its chain that are not set up here any more."""
        keys = {(ref.endpoint, ref.model): key for key, ref in self.refs.items()}
        choices = [(key, f"{ref.model} at {ref.endpoint}") for key, ref in self.refs.items() if key != KEPT]
        gone: list[tuple[str, str]] = []
        for number, ref in enumerate(self.fallbacks):
            if (ref.endpoint, ref.model) not in keys:
                key = keys[ref.endpoint, ref.model] = f"{KEPT}-{number}"
                self.refs[key] = ref
                gone.append((key, f"{ref.model} at {ref.endpoint} (not set up here)"))
        self.fields["fallbacks"] = ChainField([*gone, *choices])
        self.initial["fallbacks"] = [keys[ref.endpoint, ref.model] for ref in self.fallbacks]

    def choose(self, model: ModelRef) -> None:
        """The model that a new agent begins with."""
        self.initial["model"] = next((key for key, ref in self.refs.items() if ref == model), "")

    def complaints(self) -> list[str]:
        """Every error with its field's name, for where the fields are not in sight."""
        names = {name: str(field.label or name.capitalize()) for name, field in self.fields.items()}
        return [
            f"{names.get(name, 'Agent')}: {text}" for name, texts in self.errors.items() for text in texts
        ]

    def _offer_tools(self, known: dict[str, ToolFacts], spec: AgentSpec | None) -> None:
        """Those it has first, in its order; also one that is not there any more."""
        has = list(spec.tools) if spec else []
        names = [*has, *(name for name in known if name not in has)]
        field = self.fields["tools"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, name) for name in names]
        self.known_tools = known

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        schema = self._schema(cleaned)
        if self.errors:
            return cleaned
        try:
            self.spec = AgentSpec.model_validate(self._document(cleaned, schema))
        except ValidationError as error:
            self.put(from_validation_error(error))
        return cleaned

    def _document(self, cleaned: dict[str, Any], schema: Any) -> dict[str, Any]:
        is_json = cleaned["output"] != "text"
        return {
            **{name: cleaned[name] for name in PLAIN},
            "model": self.refs[cleaned["model"]],
            "fallbacks": [self.refs[key] for key in cleaned["fallbacks"]],
            "parameters": _given(cleaned, Parameters.model_fields),
            "output": {"kind": "json", "schema": schema} if is_json else {},
            "limits": _given(cleaned, Limits.model_fields),
        }

    def _schema(self, cleaned: dict[str, Any]) -> Any:
        """The JSON Schema of a typed output; says with line and column why it cannot be read."""
        text = cleaned.get("schema", "")
        if cleaned.get("output", "text") == "text":
            return None
        if len(text) > LARGEST_SCHEMA:
            return self.add_error("schema", f"A schema has at most {LARGEST_SCHEMA:,} characters.")
        if not text.strip():
            return self.add_error("schema", "Say what the answer has to look like, or choose text.")
        try:
            schema = json.loads(text)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            return self.add_error("schema", f"This is not JSON: {error.msg}, {where}.")
        except (ValueError, RecursionError):
            return self.add_error("schema", "This is not JSON that can be read.")
        if not isinstance(schema, dict):
            return self.add_error("schema", "A JSON Schema is an object.")
        return schema

    def put(self, problems: Iterable[Problem]) -> None:
        put(self, problems, PATHS)

    # ── for the template ────────────────────────────────────────────────────────────────────────────
    def tool_choices(self) -> list[tuple[ToolFacts, bool]]:
        """Each tool with whether it is given."""
        given = set(self["tools"].value() or [])
        field: Any = self.fields["tools"]
        names = [name for name, _ in field.choices]
        return [(facts, facts.name in given) for facts in tools_given(names, self.known_tools)]

    def parameters(self) -> list[forms.BoundField]:
        return [self[name] for name in Parameters.model_fields]

    def limits(self) -> list[forms.BoundField]:
        return [self[name] for name in Limits.model_fields]


def _generated() -> dict[str, forms.Field]:
    """The fields of parameters and limits, made from their models and named in words."""
    fields = fields_of(Parameters) | fields_of(Limits)
    for name, (label, unit, hint) in WORDS.items():
        fields[name].label, fields[name].help_text = label, hint
        fields[name].unit = unit  # type: ignore[attr-defined]
    return fields


def _given(cleaned: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """What was entered; what is empty keeps its default."""
    return {name: cleaned[name] for name in names if cleaned.get(name) not in (None, "", [])}


def _values(spec: AgentSpec | None) -> dict[str, Any]:
    if spec is None:
        return {"output": "text"}
    schema = spec.output.json_schema
    return {
        **{name: getattr(spec, name) for name in PLAIN},
        **{name: tidy(getattr(spec.parameters, name)) for name in Parameters.model_fields},
        **{name: tidy(getattr(spec.limits, name)) for name in Limits.model_fields},
        "output": spec.output.kind,
        "schema": json.dumps(schema, indent=2, ensure_ascii=False) if schema else "",
    }
