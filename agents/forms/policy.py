"""The form of an approval policy: who approves, how many, until when, and what then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from pydantic import ValidationError

from agents.forms.durations import DurationField, DurationsField, write
from agents.forms.fields import LinesField, RowsField
from agents.forms.placing import put
from agents.topology.policy import ROLE_WORDS, Policy
from agents.topology.problems import Problem, from_validation_error

EXPIRY = {
    "reject": "it is not done, and the agent is told so",
    "fail": "the run fails",
    "escalate": "it goes to the next of the escalation",
}


class NamesField(forms.CharField):
    """Names with commas between."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, max_length=2_000, **more)

    def clean(self, value: Any) -> Any:
        return [name for part in super().clean(value).split(",") if (name := part.strip())]


def _steps() -> RowsField:
    roles = [("", "nobody by role"), *ROLE_WORDS.items()]
    columns = {
        "after_s": DurationField(label="After"),
        "people": NamesField(label="People"),
        "groups": NamesField(label="Groups"),
        "least_role": forms.ChoiceField(choices=roles, required=False, label="Role"),
    }
    return RowsField(
        columns, most=5, label="Escalation", help_text="Without a time: when the deadline passed."
    )


class PolicyForm(forms.Form):
    """`policy()` is None when nothing was said: then any operator approves."""

    least_role = forms.ChoiceField(choices=list(ROLE_WORDS.items()), label="Who may approve")
    people = LinesField(most=50, label="Only these people", help_text="E-mail addresses, one a line.")
    groups = LinesField(most=20, label="Only these groups", help_text="Approver groups, one a line.")
    quorum = forms.IntegerField(min_value=1, max_value=20, label="How many have to approve")
    launcher_may_decide = forms.BooleanField(required=False, label="Whoever started the run may decide")
    deadline_s = DurationField(label="Deadline", help_text="Such as 4 h. Empty: it waits for ever.")
    remind_after = DurationsField(label="Remind after", help_text="Such as 1 h, 1 d.")
    remind_before = DurationsField(label="Remind before the deadline", help_text="Such as 30 min.")
    escalation = _steps()
    on_expiry = forms.ChoiceField(choices=list(EXPIRY.items()), label="If nobody decides in time")

    def __init__(self, data: Any, *, policy: Policy | None = None, prefix: str = "policy") -> None:
        super().__init__(data, prefix=prefix, initial=_initial(policy or Policy()))
        self.made: Policy | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                self.made = Policy.model_validate(_values(cleaned))
            except ValidationError as error:
                self.place(from_validation_error(error))
        return cleaned

    def policy(self) -> Policy | None:
        """Of a valid form."""
        return self.made if self.made != Policy() else None

    def place(self, problems: list[Problem]) -> None:
        put(self, problems, {"reminders": "remind_after"})


def _initial(policy: Policy) -> dict[str, Any]:
    values = policy.model_dump(mode="json")
    for counted, name in (("after_request", "remind_after"), ("before_deadline", "remind_before")):
        values[name] = [one.seconds for one in policy.reminders if one.counted == counted]
    values["escalation"] = [
        {
            "after_s": write(step.after_s) if step.after_s else "",
            "people": ", ".join(step.people),
            "groups": ", ".join(step.groups),
            "least_role": step.least_role or "",
        }
        for step in policy.escalation
    ]
    return values


def _values(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in cleaned.items() if not name.startswith("remind_")}
    values["reminders"] = [
        {"seconds": seconds, "counted": counted}
        for name, counted in (("remind_after", "after_request"), ("remind_before", "before_deadline"))
        for seconds in cleaned[name]
    ]
    values["escalation"] = [{**row, "least_role": row["least_role"] or None} for row in cleaned["escalation"]]
    return values
