"""Approval policies at design time: times that never come, people who are not there, quorums out of reach."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError as FormError
from django.http import QueryDict
from pydantic import ValidationError

from agents.forms.durations import read, write
from agents.forms.policy import PolicyForm
from agents.topology.policy import Policy, audience, marks_of, reminder_times
from agents.topology.policy_check import people_problems, problems_of
from tests.agents.pages import text, url
from tests.world import World, signed_in

PEOPLE = {"ann@example.org": 20, "bob@example.org": 30, "eve@example.org": 50, "vera@example.org": 10}
GROUPS = {"finance": frozenset({"ann@example.org", "bob@example.org"}), "empty": frozenset[str]()}
HOUR = 3_600


def policy(**fields: Any) -> Policy:
    return Policy.model_validate(fields)


def found(**fields: Any) -> list[tuple[str, str, str]]:
    """(code, field, severity) of each problem."""
    made = policy(**fields)
    problems = [*problems_of(made, what="Gate")]
    problems += people_problems(made, what="Gate", people=PEOPLE, groups=GROUPS)
    return [(one.code.removeprefix("policy."), one.field, one.severity) for one in problems]


# ── times ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("seconds", [0, -60, 86_400 * 91, float("nan"), float("inf")])
@pytest.mark.parametrize("field", ["deadline_s", "reminder", "step"])
def test_a_time_in_the_past_or_beyond_reason_is_no_policy(seconds: float, field: str) -> None:
    given: dict[str, dict[str, Any]] = {
        "deadline_s": {"deadline_s": seconds},
        "reminder": {"reminders": [{"seconds": seconds}]},
        "step": {"escalation": [{"after_s": seconds, "least_role": "owner"}]},
    }
    with pytest.raises(ValidationError):
        policy(**given[field])


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"reminders": [{"seconds": HOUR, "counted": "before_deadline"}]}, ("reminder", "reminders[0]")),
        ({"deadline_s": HOUR, "reminders": [{"seconds": HOUR}]}, ("reminder", "reminders[0]")),
        (
            {"deadline_s": HOUR, "reminders": [{"seconds": 2 * HOUR, "counted": "before_deadline"}]},
            ("reminder", "reminders[0]"),
        ),
        ({"escalation": [{"after_s": HOUR}]}, ("escalation", "escalation[0]")),
        ({"escalation": [{"least_role": "owner"}]}, ("escalation", "escalation[0]")),
        (
            {
                "escalation": [
                    {"after_s": 2 * HOUR, "least_role": "admin"},
                    {"after_s": HOUR, "least_role": "owner"},
                ]
            },
            ("escalation", "escalation"),
        ),
        (
            {"deadline_s": HOUR, "escalation": [{"after_s": 2 * HOUR, "least_role": "owner"}]},
            ("escalation", "escalation[0]"),
        ),
        ({"deadline_s": HOUR, "on_expiry": "escalate"}, ("escalation", "escalation")),
        (
            {
                "deadline_s": HOUR,
                "on_expiry": "escalate",
                "escalation": [{"after_s": 60, "least_role": "owner"}],
            },
            ("escalation", "escalation"),
        ),
        (
            {"on_expiry": "escalate", "escalation": [{"after_s": 60, "least_role": "owner"}]},
            ("escalation", "deadline_s"),
        ),
    ],
)
def test_what_would_never_happen_is_said_at_design_time(
    fields: dict[str, Any], wanted: tuple[str, str]
) -> None:
    assert (*wanted, "error") in found(**fields)


def test_reminders_come_in_order_each_once_and_before_the_deadline() -> None:
    reminders = [
        {"seconds": HOUR},
        {"seconds": HOUR, "counted": "before_deadline"},
        {"seconds": 60},
        {"seconds": 9 * HOUR},
    ]
    assert reminder_times(policy(deadline_s=2 * HOUR, reminders=reminders)) == [60, HOUR]


# ── people ──────────────────────────────────────────────────────────────────────────────────────────
def test_names_that_are_nobodys_here_are_warned_about_but_travel_with_the_team() -> None:
    problems = found(people=["ANN@example.org", "zoe@example.org"], groups=["Finance", "Legal"])
    assert problems == [("person", "people", "warning"), ("group", "groups", "warning")]


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({"quorum": 3, "groups": ["Finance"]}, "error"),
        ({"people": ["zoe@example.org"]}, "error"),
        ({"people": ["vera@example.org"]}, "error"),  # a viewer decides nothing
        ({"groups": ["Empty"]}, "error"),
        ({"people": ["ann@example.org"], "least_role": "admin"}, "error"),
        ({"quorum": 2, "groups": ["Finance"], "launcher_may_decide": False}, "warning"),
        (
            {"quorum": 3, "groups": ["Finance"], "escalation": [{"after_s": 60, "least_role": "owner"}]},
            "warning",
        ),
        ({"quorum": 2, "groups": ["Finance"]}, None),
        ({"quorum": 3}, None),
        ({"quorum": 2, "launcher_may_decide": False}, None),
    ],
)
def test_a_quorum_nobody_can_reach_is_caught(fields: dict[str, Any], severity: str | None) -> None:
    quorums = [how for code, _, how in found(**fields) if code == "quorum"]
    assert quorums == ([severity] if severity else [])


def test_who_may_decide_is_named_or_of_the_role() -> None:
    everybody = audience([], [], 20)
    finance = audience(["Eve@example.org"], ["Finance"], 30)
    ann = marks_of(["1", "ann@example.org"], 20, ["Finance"])
    bob = marks_of(["2", "bob@example.org"], 30, ["finance"])
    eve = marks_of(["3", "EVE@example.org"], 50, [])
    vera = marks_of(["4", "vera@example.org"], 10, ["Finance"])
    assert [bool(ann & set(marks)) for marks in (everybody, finance)] == [True, False]
    assert [bool(bob & set(marks)) for marks in (everybody, finance)] == [True, True]
    assert [bool(eve & set(marks)) for marks in (everybody, finance)] == [True, True]
    assert vera == frozenset()


# ── the form ────────────────────────────────────────────────────────────────────────────────────────
def sent(**typed: str) -> PolicyForm:
    data = QueryDict(mutable=True)
    data.update({"policy-least_role": "operator", "policy-quorum": "1", "policy-on_expiry": "reject"})
    data.update({"policy-launcher_may_decide": "on"})
    data.update({f"policy-{name}": value for name, value in typed.items()})
    return PolicyForm(data)


def test_a_form_as_it_came_is_no_policy_of_its_own() -> None:
    form = sent()
    assert form.is_valid()
    assert form.policy() is None


def test_a_whole_policy_goes_through_its_form_and_back() -> None:
    form = sent(
        people="ann@example.org\r\nbob@example.org",
        quorum="2",
        deadline_s="1 d",
        remind_after="1 h, 4 h",
        remind_before="30 min",
        on_expiry="escalate",
        **{"escalation-0-people": "eve@example.org, zoe@example.org", "escalation-0-least_role": ""},
    )
    assert form.is_valid(), form.errors
    made = form.policy()
    assert made is not None
    assert (made.quorum, made.deadline_s, made.on_expiry) == (2, 86_400, "escalate")
    assert made.escalation[0].people == ["eve@example.org", "zoe@example.org"]
    assert reminder_times(made) == [HOUR, 4 * HOUR, 86_400 - 1_800]
    shown = PolicyForm(None, policy=made)
    assert 'value="1 h, 4 h"' in str(shown["remind_after"])
    assert 'value="1 d"' in str(shown["deadline_s"])
    assert 'value="eve@example.org, zoe@example.org"' in str(shown["escalation"])


@pytest.mark.parametrize("text", ["soon", "5", "-4 h", "4 parsecs", "1 h later", "nan s"])
def test_a_time_nobody_can_read_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(FormError, match="write it as"):
        read(text)
    assert not sent(deadline_s=text).is_valid()


@pytest.mark.parametrize("seconds", [0.5, 45, 90, 3_600, 5_400, 86_400, 97_200.25])
def test_times_are_written_as_they_are_read(seconds: float) -> None:
    assert read(write(seconds)) == seconds


@pytest.mark.django_db
def test_a_tools_policy_is_kept_on_its_page(world: World) -> None:
    row, client = world.tool("record_refund"), signed_in(world.designer)
    page = url(world, "tool", row.pk)
    typed = {"name": row.name, "approval": "true", "config-prefix": "refunds/"}
    typed |= {"policy-least_role": "admin", "policy-quorum": "2", "policy-on_expiry": "reject"}
    assert client.post(page, typed | {"policy-deadline_s": "4 h"}).status_code == 302
    row.refresh_from_db()
    assert row.policy == {
        "least_role": "admin", "quorum": 2, "launcher_may_decide": False, "deadline_s": 14_400
    }  # fmt: skip
    shown = text(client.get(page))
    assert 'value="4 h"' in shown
    wrong = client.post(page, typed | {"policy-remind_before": "1 h"})
    assert wrong.status_code == 422
    assert "Set a deadline" in text(wrong)


@pytest.mark.django_db
def test_a_tool_saved_without_its_policy_form_keeps_its_policy(world: World) -> None:
    row, client = world.tool("record_refund"), signed_in(world.designer)
    row.policy = {"quorum": 2}
    row.save()
    typed = {"name": row.name, "approval": "true", "config-prefix": "refunds/"}
    assert client.post(url(world, "tool", row.pk), typed).status_code == 302
    row.refresh_from_db()
    assert row.policy == {"quorum": 2}
