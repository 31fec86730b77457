"""The part of a fork's form that answers what is asked where it begins: at once, or asked again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

from django import forms

from runs.actions.decide import DECISIONS, NEEDS_COMMENT
from runs.actions.fork import Answer
from runs.approvals.asked import TEXT, Asked
from runs.engine.approval_state import ApprovalState
from runs.models import Approval, Run
from runs.projections.base import moment
from runs.schema_forms.form import SchemaForm
from studio.workspaces.access import Member

EDITS = ("edit", "answer")
CHOICES = {
    "": ("Ask again", "The fork asks, as this run did"),
    "approve": ("Approve", "It goes on with what was asked"),
    "answer": ("Answer", "It goes on with the answer below"),
    "edit": ("Approve with changes", "It goes on with the values below"),
    "send_back": ("Send back", "It is done again, as your comment says"),
    "reject": ("Reject", "It is not done; your comment is the reason"),
    "retry": ("Try again", "The call is made once more; needs live calls"),
    "abort": ("Give up", "The call counts as failed; needs live calls"),
}


class AnswerPart(forms.Form):
    """What one question gets. `key` tells it from others, whatever the event."""

    decision = forms.ChoiceField(required=False, widget=forms.RadioSelect)
    comment = forms.CharField(
        required=False,
        max_length=5_000,
        label="Comment",
        widget=forms.Textarea(attrs={"rows": 2, "class": "input w-full"}),
    )

    def __init__(self, data: Any, asked: Asked) -> None:
        approval = asked.approval
        self.asked, self.key = asked, approval.key
        name = f"answer-{hashlib.sha256(approval.key.encode()).hexdigest()[:10]}"
        super().__init__(data, prefix=name, initial={"decision": ""})
        self.title, self.node = approval.title, asked.node
        self.why_not = _why_not(asked)
        able = () if self.why_not else DECISIONS[approval.kind]
        self.offered = ["", *(one for one in able if one in CHOICES and _fits(one, asked))]
        field = self.fields["decision"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(one, CHOICES[one][0]) for one in self.offered]
        self.values = self._form(data, name) if set(self.offered) & set(EDITS) else None

    def _form(self, data: Any, name: str) -> SchemaForm:
        asked = self.asked
        edits = None if asked.approval.kind == "question" else asked.object
        return SchemaForm(data, schema=asked.schema, edits=edits, prefix=f"{name}-value")

    def choices(self) -> Iterator[tuple[str, str, str, bool]]:
        """(value, title, words, chosen) of each."""
        for value in self.offered:
            title, words = CHOICES[value]
            yield value, title, words, (self["decision"].value() or "") == value

    def has_changed(self) -> bool:
        """Whether it is answered at all."""
        return bool(self["decision"].value())

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        decision, comment = given.get("decision", ""), given.get("comment", "").strip()
        if decision in NEEDS_COMMENT and not comment:
            self.add_error("comment", NEEDS_COMMENT[decision])
        if decision in EDITS and self.values is not None:
            if not self.values.is_valid():
                self.add_error("decision", "Some values cannot be used; each says why.")
            elif decision == "edit" and not self.values.edited:
                self.add_error(
                    "decision", "Nothing was changed. Change a value, or approve it as it was asked."
                )
        return given

    def answer(self) -> Answer:
        """Of a valid part."""
        path, key = self.key.split("\n", 1)
        decision, edited = self.cleaned_data["decision"], None
        if decision in EDITS and self.values is not None:
            whole: dict[str, Any] = self.values.value
            edited = whole if isinstance(self.asked.value, dict) else whole.get(TEXT)
        return Answer(
            node=path, key=key, decision=decision, comment=self.cleaned_data["comment"], edited=edited
        )


def answer_parts(data: Any, run: Run, member: Member, pending: Iterable[ApprovalState]) -> list[AnswerPart]:
    return [AnswerPart(data, Asked(_as_approval(run, one), member)) for one in pending]


def _as_approval(run: Run, asked: ApprovalState) -> Approval:
    """The row that the fork will have for it; it is never saved."""
    return Approval(
        id=uuid4(),
        run=run,
        key=f"{asked.path}\n{asked.key}",
        workspace_id=run.workspace_id,
        kind=asked.kind,
        path=asked.path,
        call=asked.call,
        title=asked.title,
        digest=asked.subject,
        least_role=asked.least_role,
        audience=list(asked.audience),
        policy={"people": list(asked.people), "groups": list(asked.groups)},
        quorum=asked.quorum,
        launcher_may_decide=asked.launcher_may_decide,
        may_send_back=asked.may_send_back,
        requested_at=moment(asked.requested_at),
    )


def _why_not(asked: Asked) -> str:
    """Whoever forks a run starts one."""
    if not asked.approval.launcher_may_decide:
        return "Whoever starts a run may not decide this, and you start the fork."
    return asked.why_not


def _fits(decision: str, asked: Asked) -> bool:
    if decision in EDITS:
        return asked.subject is not None
    return decision != "send_back" or asked.approval.may_send_back
