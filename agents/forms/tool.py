"""The form of a tool: its name and rule, and a configuration made from what its kind says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django import forms
from django.http import QueryDict

from agents.forms.fields import ProseField, number, tidy
from agents.forms.from_schema import SchemaForm, form_of
from agents.forms.placing import put
from agents.forms.policy import PolicyForm
from agents.models import Tool
from agents.toolbox.tool import ToolKind
from agents.topology.graph import ToolSpec
from agents.topology.problems import Problem

PREFIX = "config"


class ConfigForm(SchemaForm):
    """Secrets are taken out before the configuration is validated: they are kept apart from it."""

    kind: ToolKind

    def _checked_values(self) -> dict[str, Any]:
        return self.kind.split_secrets(self.values())[0]


class ToolForm(forms.Form):
    """`config` is the form of the kind's own configuration, `policy` of who approves."""

    name = forms.CharField(max_length=48, label="Name", help_text="What agents and models call it.")
    description = ProseField(max_length=20_000, required=False, label="Description", rows=2)
    approval = ProseField(max_length=1_000, required=False, label="Ask a person when", rows=2)

    cache_s = number(whole=False, least=1, most=30 * 86_400, required=False)

    def __init__(self, data: QueryDict | None, *, kind: ToolKind, tool: Tool | None = None) -> None:
        super().__init__(data, initial=_values(tool) if tool else {"name": kind.name})
        self.kind = kind
        made: Any = form_of(kind.Config, ConfigForm)
        self.config: ConfigForm = made(data, prefix=PREFIX, initial=_config(tool) if tool else None)
        self.config.kind = kind
        # a form sent without it, such as a rule being tried, means the policy as it is
        sent = data if data is not None and "policy-quorum" in data else None
        self.policy = PolicyForm(sent, policy=tool.parsed().policy if tool else None)
        self.kept = tool.parsed().policy if tool else None
        self.fields["name"].widget.attrs |= {"class": "mono", "spellcheck": "false", "autocomplete": "off"}
        self.fields["description"].widget.attrs["placeholder"] = kind.summary
        self.fields["description"].help_text = "What models are told. Empty: what the kind says of itself."
        rule = {"class": "mono", "spellcheck": "false", "placeholder": "args.amount > 50000"}
        self.fields["approval"].widget.attrs |= rule
        self.fields["cache_s"].label = "Use a result again for, in seconds"
        self.fields["cache_s"].help_text = (
            "An equal call is then answered from the earlier one, in any run of this workspace. Only for "
            "tools that read. Empty: every call is made."
        )

    def is_valid(self) -> bool:
        parts_are_valid = [self.config.is_valid(), not self.policy.is_bound or self.policy.is_valid()]
        return super().is_valid() and all(parts_are_valid)

    def spec(self) -> ToolSpec:
        """Of a valid form; the configuration may still hold secrets, which the action takes out."""
        return ToolSpec(
            kind=self.kind.name,
            description=self.cleaned_data["description"].strip(),
            config=self.config.values(),
            approval=self.cleaned_data["approval"],
            policy=self.policy.policy() if self.policy.is_bound else self.kept,
            cache_s=self.cleaned_data["cache_s"],
        )

    def put(self, problems: Iterable[Problem]) -> None:
        paths = {f"{PREFIX}.{name}": name for name in self.config.fields}
        for problem in problems:
            if problem.field.startswith("policy."):
                self.policy.place([replace(problem, field=problem.field.removeprefix("policy."))])
                continue
            inside = problem.field.startswith(f"{PREFIX}.")
            put(self.config if inside else self, [problem], paths)


def _values(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "approval": tool.approval,
        "cache_s": tidy(tool.cache_s),
    }


def _config(tool: Tool) -> dict[str, Any]:
    """The stored configuration; a secret that is kept says so where its value would stand."""
    values: dict[str, Any] = dict(tool.config)
    for name, rows in values.items():
        if isinstance(rows, list):
            values[name] = [_kept(tool, row) if isinstance(row, dict) else row for row in rows]
    return values


def _kept(tool: Tool, row: dict[str, Any]) -> dict[str, Any]:
    if row.get("secret") and row.get("name") in tool.secrets:
        return {**row, "placeholders": {"value": "stored; empty keeps it"}}
    return row


class NoteForm(forms.Form):
    key = forms.CharField(max_length=120, label="Key", help_text="Such as brief/acme.")
    text = ProseField(max_length=100_000, required=False, label="Text", rows=12)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["key"].widget.attrs |= {"class": "mono", "spellcheck": "false", "autocomplete": "off"}
