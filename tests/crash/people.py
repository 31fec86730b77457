"""What people do to runs in the crash tests: the actions that web requests and the API call."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import UUID, uuid4

from agents.models import Team
from agents.topology.graph import RunLimits
from runs.actions import (
    cancel_run,
    decide_approval,
    give_output,
    pause_run,
    receive_signal,
    resume_run,
    retry_node,
    start_run,
)
from runs.actions.budgets import change_budget, try_again
from runs.actions.errors import Refused
from runs.actions.fork import Wanted, fork_run
from runs.actions.limits import raise_limits
from runs.budgets.models import Budget
from runs.children import care
from runs.models import Approval, Run
from studio.workspaces.access import Member, Role
from studio.workspaces.models import Membership

NO_LIMITS = RunLimits(model_calls=None)
_next_id: ContextVar[UUID | None] = ContextVar("_next_id", default=None)


def _run_id() -> UUID:
    return _next_id.get() or uuid4()


_ID = Run._meta.get_field("id")
_ID.default = _run_id
_ID.__dict__.pop("_get_default", None)  # what it was before may have been looked up already


def member(membership: int) -> Member:
    found = Membership.objects.select_related("user", "workspace").get(pk=membership)
    return Member(found.user, found.workspace, Role(found.role))


def act(actor: Member, action: str, about: dict[str, Any]) -> None:
    """One request. Repeating it, as somebody does whose connection was cut, changes nothing more."""
    try:
        ACTIONS[action](actor, about)
    except Refused as refused:
        if refused.code not in DONE_ALREADY:
            raise


def start(actor: Member, about: dict[str, Any]) -> None:
    """A run with an id known beforehand, so that what shall happen at its start can be arranged."""
    _next_id.set(UUID(about["run"]))
    start_run(
        actor=actor,
        team=Team.objects.get(pk=about["team"]),
        value=about["value"],
        limits=RunLimits.model_validate(about["limits"]) if about["limits"] else None,
        idempotency_key=about["run"],
    )


def fork(actor: Member, about: dict[str, Any]) -> None:
    _next_id.set(UUID(about["run"]))
    parent = Run.objects.get(pk=about["parent"])
    wanted = Wanted(at=about["at"], **({"effects": "live"} | about["fork"]))
    fork_run(actor=actor, run=parent, wanted=wanted, idempotency_key=about["run"])


def decide(actor: Member, about: dict[str, Any]) -> None:
    decide_approval(
        actor=actor,
        approval=Approval.objects.get(run_id=about["run"], key=about["key"]),
        decision=about["decision"],
        digest=about["digest"],
        comment=about.get("comment", ""),
        edited=about.get("edited"),
    )


def lift_limits(actor: Member, about: dict[str, Any]) -> None:
    raise_limits(
        actor=actor,
        run=_run(about),
        limits=RunLimits.model_validate(about["limits"]),
        unknown_prices_allowed=True,
    )


def lift_limits_of_sub_team(actor: Member, about: dict[str, Any]) -> None:
    """Its run is there a moment after it was asked for."""
    care(UUID(about["run"]))
    child = Run.objects.get(parent=about["run"], parent_path=about["path"])
    raise_limits(actor=actor, run=child, limits=NO_LIMITS.model_copy(update={"model_calls": 250}))


def lift_budget(actor: Member, about: dict[str, Any]) -> None:
    """First only to look again, which changes nothing; then for good."""
    if about["tried"] == 0:
        return try_again(actor=actor, run=_run(about))
    for budget in Budget.objects.filter(workspace=actor.workspace):
        change_budget(actor=actor, budget=budget, call_limit=1_000)


def _run(about: dict[str, Any]) -> Run:
    return Run.objects.get(pk=about["run"])


def give(actor: Member, about: dict[str, Any]) -> None:
    give_output(actor=actor, run=_run(about), path=about["path"], value="What a person says.")


def signal(actor: Member, about: dict[str, Any]) -> None:
    receive_signal(run=_run(about), path=about["path"], payload={"sent": True})


def cancel(actor: Member, about: dict[str, Any]) -> None:
    cancel_run(actor=actor, run=_run(about))


def pause(actor: Member, about: dict[str, Any]) -> None:
    pause_run(actor=actor, run=_run(about))


def resume(actor: Member, about: dict[str, Any]) -> None:
    resume_run(actor=actor, run=_run(about))


def retry(actor: Member, about: dict[str, Any]) -> None:
    retry_node(actor=actor, run=_run(about), path=about["path"])


DONE_ALREADY = (
    "decided",
    "expired",
    "changed",
    "ended",
    "not_failed",
    "not_open",
    "has_ended",
    "not_stopped",
)
ACTIONS: dict[str, Callable[[Member, dict[str, Any]], None]] = {
    "start": start,
    "fork": fork,
    "decide": decide,
    "raise": lift_limits,
    "raise sub-team": lift_limits_of_sub_team,
    "lift": lift_budget,
    "give": give,
    "signal": signal,
    "cancel": cancel,
    "pause": pause,
    "resume": resume,
    "retry": retry,
}
