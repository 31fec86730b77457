"""Steering a run: pause and resume it, run a failed node again, say what a node gives, answer a webhook."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from agents.topology.json_text import is_too_deep, storable
from runs import children
from runs.actions.appending import Locked, append, lock
from runs.actions.errors import Refused
from runs.engine import events as ev
from runs.engine.decide import AWAITS
from runs.engine.fold_steering import SIGNAL
from runs.engine.kind import node_of
from runs.engine.state import Node, NodeStatus
from runs.engine.taken_up import begun_anew
from runs.models import Run
from studio import audit
from studio.workspaces.access import Member, Role


@transaction.atomic
def pause_run(*, actor: Member, run: Run, reason: str = "") -> bool:
    """Nothing new begins, in sub-teams neither; what is in flight ends. False: ended or paused already."""
    actor.require(Role.OPERATOR)
    locked = lock(run.pk)
    state = locked.draft.state
    if state.ended or state.cancel_requested or state.paused_by:
        return False
    said, (by, name) = storable(reason)[:500], _by(actor)
    append(locked, ev.PauseRequested(by=by, by_name=name, reason=said))
    _with_its_sub_teams(run)
    audit.record(actor, "run.paused", run, reason=said)
    return True


@transaction.atomic
def resume_run(*, actor: Member, run: Run) -> bool:
    """Go on after a pause. False: it was not paused."""
    actor.require(Role.OPERATOR)
    locked = lock(run.pk)
    if not locked.draft.state.paused_by or locked.draft.state.ended:
        return False
    by, name = _by(actor)
    append(locked, ev.ResumeRequested(by=by, by_name=name))
    _with_its_sub_teams(run)
    audit.record(actor, "run.resumed", run)
    return True


def _with_its_sub_teams(run: Run) -> None:
    """Their runs are told right away; should that be lost, the sweeper tells them."""
    transaction.on_commit(lambda: children.care(run.pk), robust=True)  # it must have a name to be logged


@transaction.atomic
def retry_node(*, actor: Member, run: Run, path: str) -> bool:
    """Run a failed node, and what comes after it, again. What had finished before it is not repeated.

    False: it was taken up already, as when the same request comes twice.
    """
    actor.require(Role.OPERATOR)
    locked = lock(run.pk)
    if _was_taken_up(locked, path):
        return False
    node = _top(locked, path)
    if node.status is not NodeStatus.FAILED:
        raise Refused("not_failed", f"{locked.plan.title(path)} did not fail, so there is nothing to repeat.")
    by, name = _by(actor)
    nodes = (node_of(path), *begun_anew(locked.draft.state, locked.plan, path))
    append(locked, ev.NodeRetried(path=path, nodes=nodes, by=by, by_name=name), approvals=True)
    audit.record(actor, "run.node_retried", run, node=path)
    return True


@transaction.atomic
def give_output(*, actor: Member, run: Run, path: str, value: Any, comment: str = "") -> bool:
    """Skip the work of a node that failed or is at it: it gives `value`. False: it has given just that."""
    actor.require(Role.OPERATOR)
    locked = lock(run.pk)
    if _was_taken_up(locked, path) or _has_given(locked, path, value):
        return False
    state, node = locked.draft.state, _top(locked, path)
    if node.status is NodeStatus.DONE or (node.status is NodeStatus.SKIPPED and not state.ended):
        raise Refused("not_open", f"{locked.plan.title(path)} has ended; what it gave is used already.")
    if state.ended and node.status is not NodeStatus.FAILED:
        raise Refused("has_ended", "The run has ended; only what failed in it can be taken up again.")
    said, (by, name) = storable(comment)[:500], _by(actor)
    event = ev.OutputGiven(
        path=path,
        nodes=begun_anew(locked.draft.state, locked.plan, path),
        comment=said,
        by=by,
        by_name=name,
        **_what_follows(locked, path, value),
    )
    append(locked, event, approvals=True)
    audit.record(actor, "run.output_given", run, node=path, comment=said)
    return True


@transaction.atomic
def receive_signal(*, run: Run, path: str, payload: Any) -> bool:
    """A call of the webhook that `path` waits for. False: it was called before, or does not wait any more."""
    locked = lock(run.pk)
    state = locked.draft.state
    node = state.nodes.get(path)
    if state.ended or node is None or node.settled or AWAITS not in node.notes or SIGNAL in node.notes:
        return False
    append(locked, ev.SignalReceived(path=path, payload=locked.content.put(payload)))
    return True


def _was_taken_up(locked: Locked, path: str) -> bool:
    """Whether `path` is an earlier try of a node that was begun anew since."""
    state = locked.draft.state
    known = "/" not in path and node_of(path) in locked.plan.view.nodes and path in state.nodes
    return known and state.nodes[path].status is NodeStatus.FAILED and state.instance(node_of(path)) != path


def _has_given(locked: Locked, path: str, value: Any) -> bool:
    node = locked.draft.state.nodes.get(path)
    done = node is not None and node.status is NodeStatus.DONE
    return done and node is not None and node.output == locked.content.put(value)


def _what_follows(locked: Locked, path: str, value: Any) -> dict[str, Any]:
    """The output, the edges taken and the writes, as if the node had given `value` itself. Raises Refused."""
    kind, title = locked.plan.kind(path), locked.plan.title(path)
    if kind.chooses and not kind.loops:
        message = f"{title} gives nothing of its own, it chooses a way on. Run it again, or fork the run."
        raise Refused("chooses", message)
    if is_too_deep(value):
        raise Refused("too_deep", "The output is nested too deeply.")
    completed = ev.NodeCompleted(path=path, output=locked.content.put(value))
    *written, last = locked.consequences(completed)
    if isinstance(last, ev.NodeFailed):
        raise Refused("variable", f"{title} cannot give this: {last.message}")
    assert isinstance(last, ev.NodeCompleted)
    found: dict[str, Any] = {"output": completed.output, "chosen": last.chosen}
    for one in written:
        assert isinstance(one, ev.VariablesWritten)
        found |= {"writes": one.writes, "order": one.order}
    return found


def _by(actor: Member) -> tuple[str, str]:
    return str(actor.user.pk), actor.user.name or actor.user.email


def _top(locked: Locked, path: str) -> Node:
    """The node at `path`, which stands in the team's graph itself. Raises Refused."""
    state, parent = locked.draft.state, locked.run.parent
    if parent is not None and state.ended:
        message = f"Run {parent.short_id} has gone on without this one. Run the node anew there."
        raise Refused("part_of_another", message)
    if state.cancel_requested or state.ended in ("done", "cancelled"):
        how = "was stopped" if state.ended != "done" else "is done"
        raise Refused("has_ended", f"The run {how}; fork it to try something else.")
    known = locked.plan.view.nodes.get(node_of(path))
    if known is None or "/" in path or state.instance(known.id) != path:
        raise Refused("no_such_node", f"There is no node {path[:80]} that could be taken up in this run.")
    return state.node(path)
