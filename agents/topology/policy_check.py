"""What is wrong with a policy: times that never come, and questions that nobody could answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Literal

from agents.topology.policy import ROLES, Escalation, Policy
from agents.topology.problems import Problem

# (code, message, way out, field, how bad)
Found = tuple[str, str, str, str, str]


def problems_of(policy: Policy, *, what: str, node: str | None = None, prefix: str = "") -> Iterator[Problem]:
    """Times and steps that make no sense; `what` is what asks, `prefix` stands before each field."""
    for code, message, fix, field, severity in [*_times(policy), *_chain(policy)]:
        yield _problem(code, f"{what}: {message}", fix, node, prefix + field, severity)


def people_problems(
    policy: Policy,
    *,
    what: str,
    people: Mapping[str, int],
    groups: Mapping[str, frozenset[str]],
    node: str | None = None,
    field: str = "",
) -> Iterator[Problem]:
    """Names nobody here bears, and quorums nobody can reach.

    `people` is role by e-mail address in small letters; `field` stands for all
    of them where the policy is configured elsewhere.
    """
    for code, message, fix, own, severity in [
        *_unknown(policy, people, groups),
        *_reach(policy, people, groups),
    ]:
        yield _problem(code, f"{what}: {message}", fix, node, field or own, severity)


def _problem(code: str, message: str, fix: str, node: str | None, field: str, severity: str) -> Problem:
    how: Literal["error", "warning"] = "error" if severity == "error" else "warning"
    return Problem(f"policy.{code}", message, fix, node, field=field, severity=how)


# ── times ───────────────────────────────────────────────────────────────────────────────────────────
def _times(policy: Policy) -> Iterator[Found]:
    deadline = policy.deadline_s
    for at, one in enumerate(policy.reminders):
        field = f"reminders[{at}]"
        if one.counted == "before_deadline" and deadline is None:
            message = "A reminder is counted from the deadline, and there is none."
            yield "reminder", message, "Set a deadline, or count from when it was asked.", field, "error"
        elif deadline is not None and one.seconds >= deadline:
            early = one.counted == "before_deadline"
            when = "before it was even asked" if early else "after the deadline"
            yield "reminder", f"A reminder would come {when}.", "Shorten its time.", field, "error"
    times = [step.after_s for step in policy.escalation if step.after_s is not None]
    if any(later <= earlier for earlier, later in pairwise(times)):
        message = "The escalation goes back in time."
        yield "escalation", message, "Give each step a later time than the one before.", "escalation", "error"


def _chain(policy: Policy) -> Iterator[Found]:
    on_deadline = policy.deadline_s is not None and policy.on_expiry == "escalate"
    for at, step in enumerate(policy.escalation):
        field = f"escalation[{at}]"
        if step.names_nobody:
            message = "A step of the escalation names nobody."
            yield "escalation", message, "Name people, groups or a role.", field, "error"
        if step.after_s is None and not on_deadline:
            message = "A step of the escalation waits for a deadline that does not escalate."
            yield "escalation", message, "Give it a time, or let the deadline escalate.", field, "error"
        late = policy.deadline_s is not None and (step.after_s or 0) >= policy.deadline_s
        if late and policy.on_expiry != "escalate":
            message = "A step of the escalation comes after the deadline."
            yield "escalation", message, "Shorten its time.", field, "error"
    if on_deadline and not _left_at_deadline(policy):
        message = "It escalates when nobody decides in time, but no step of the escalation is left then."
        yield "escalation", message, "Add a step without a time.", "escalation", "error"
    if policy.on_expiry == "escalate" and policy.deadline_s is None:
        message = "It escalates at the deadline, and there is none."
        yield "escalation", message, "Set a deadline.", "deadline_s", "error"


def _left_at_deadline(policy: Policy) -> bool:
    deadline = policy.deadline_s or 0
    return any(step.after_s is None or step.after_s >= deadline for step in policy.escalation)


# ── people ──────────────────────────────────────────────────────────────────────────────────────────
def _unknown(
    policy: Policy, people: Mapping[str, int], groups: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    steps: list[tuple[str, Policy | Escalation]] = [("", policy)]
    steps += [(f"escalation[{at}].", step) for at, step in enumerate(policy.escalation)]
    for prefix, step in steps:
        for name in step.people:
            if name.casefold() not in people:
                message = f"{name} is nobody of this workspace."
                fix = "Invite them, or name somebody else."
                yield "person", message, fix, f"{prefix}people", "warning"
        for name in step.groups:
            if name.casefold() not in groups:
                message = f"There is no approver group called {name}."
                yield "group", message, "Make it in Settings.", f"{prefix}groups", "warning"


def eligible(
    step: Policy | Escalation, people: Mapping[str, int], groups: Mapping[str, frozenset[str]]
) -> set[str]:
    """The e-mail addresses of those whom a policy, or a step of its escalation, lets decide."""
    least = ROLES[step.least_role or "operator"]
    able = {name for name, role in people.items() if role >= least}
    if not step.people and not step.groups:
        return able
    named = {name.casefold() for name in step.people}
    for group in step.groups:
        named |= groups.get(group.casefold(), frozenset())
    return able & named


def _reach(
    policy: Policy, people: Mapping[str, int], groups: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    """Whether enough people could approve, the launcher barred; later steps can only soften it."""
    first = eligible(policy, people, groups)
    all_ = first.union(*(eligible(step, people, groups) for step in policy.escalation))
    barred = not policy.launcher_may_decide
    fix = "Name more people, or ask for fewer approvals."
    if len(all_) < policy.quorum:
        yield "quorum", _short(policy.quorum, len(all_)), fix, "quorum", "error"
    elif len(all_) - barred < policy.quorum:
        message = f"When one of them starts the run, {_short(policy.quorum, len(all_) - 1)}"
        yield "quorum", message, fix, "quorum", "warning"
    elif len(first) - barred < policy.quorum:
        message = f"{_short(policy.quorum, len(first) - barred)} It waits for its escalation."
        yield "quorum", message, fix, "quorum", "warning"


def _short(quorum: int, number: int) -> str:
    needed = "1 person has" if quorum == 1 else f"{quorum} people have"
    able = "nobody" if number == 0 else f"only {number}"
    return f"{needed} to approve, and {able} may decide."
