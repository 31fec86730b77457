"""The form that takes a decision. What was typed is never lost: an invalid form is shown as it was sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField

from agents.topology.problems import Problem
from runs.approvals.asked import TEXT, Asked
from runs.approvals.readable import Readable, readable
from runs.models import Approval
from runs.schema_forms.form import SchemaForm
from runs.schema_forms.properties import Property
from studio.workspaces.access import Member

COMMENT_LIMIT = 5_000  # characters
PLACEHOLDERS = {
    "gate": "Comment; needed to send back or reject",
    "question": "Comment; needed if you cannot answer",
    "tool": "Comment; needed to send back or reject",
    "doubt": "What do you know of it?",
    "miss": "Comment",
    "budget": "Comment; needed to reject",
}
EDITS = ("edit", "answer")
REASONS = {
    "reject": "Say why you reject it; the reason goes back with it.",
    "send_back": "Say what should change; it goes back with that.",
}


@dataclass(frozen=True)
class Row:
    one: Property
    field: BoundField
    was: Readable | None  # None: it was left out
    wrong: bool

    @property
    def original(self) -> str:
        """What the untouched control holds, so that a script can tell whether it was changed."""
        value = self.field.field.prepare_value(self.field.initial)
        if isinstance(value, bool):
            return "on" if value else ""
        return "\n".join(value) if isinstance(value, list) else "" if value is None else str(value)


def opened(
    approval: Approval, member: Member, form: DecideForm | None = None, *, editing: bool = False
) -> Asked:
    """What is asked, with the form that decides it if this person may."""
    asked = Asked(approval, member)
    if asked.decisions:
        asked.form = form or DecideForm(asked, editing=editing and asked.may_edit)
    return asked


class DecideForm(forms.Form):
    """`decision` comes from the button that was pressed; `edit` holds the fields of an edit."""

    decision = forms.CharField(max_length=10, widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    comment = forms.CharField(
        required=False,
        max_length=COMMENT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 1}),
        error_messages={"max_length": f"At most {COMMENT_LIMIT:,} characters."},
    )

    def __init__(self, asked: Asked, data: Any = None, *, editing: bool = False) -> None:
        super().__init__(data, auto_id=f"d{asked.approval.id.hex[:8]}_%s")
        self.asked = asked
        sent = any(name.startswith("edit-") for name in self.data)
        self.fields["comment"].widget.attrs["placeholder"] = PLACEHOLDERS[asked.approval.kind]
        self.edit = SchemaForm(
            data if sent else None,
            schema=asked.schema,
            edits=None if asked.approval.kind == "question" else asked.object,
            prefix="edit",
            auto_id=f"d{asked.approval.id.hex[:8]}_%s",
        )
        # whoever has changed something goes on changing it, whatever button was pressed
        changed = sent and bool(self.edit.changed_data)
        asks = asked.approval.kind == "question"
        self.editing = asks or editing or changed or self.data.get("decision") == "edit"

    def rows(self) -> Iterator[Row]:
        """The values of an edit: how each was asked, and the field that changes it."""
        for one, field in self.edit.rows():
            was = readable(self.asked.object[one.name], one) if one.name in self.asked.object else None
            yield Row(one, field, was, field.name in self.edit.errors)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        decision, comment = given.get("decision"), given.get("comment", "").strip()
        if decision in REASONS and not comment and "comment" not in self.errors:
            self.add_error("comment", REASONS[decision])
        if decision in EDITS:
            if not self.edit.is_valid():
                self.add_error(None, "Some values cannot be used; each says why.")
            elif decision == "edit" and not self.edit.edited:
                self.add_error(None, "Nothing was changed. Change a value, or approve it as it was asked.")
        return given

    @property
    def edited(self) -> Any:
        """What is approved instead: arguments, or the value that goes on."""
        if self.cleaned_data.get("decision") not in EDITS:
            return None
        whole: dict[str, Any] = self.edit.value
        return whole if isinstance(self.asked.value, dict) else whole.get(TEXT)

    def add_problems(self, problems: list[Problem]) -> None:
        """What the action found beyond the form."""
        for problem in problems:
            self.add_error("comment" if problem.field == "comment" else None, problem.message)
