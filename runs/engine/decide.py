"""`decide(state, plan)`: everything that should be started next. Pure; a table of cases, top to bottom."""

from __future__ import annotations

from collections.abc import Iterator

from runs.engine import events as ev
from runs.engine import recorded
from runs.engine.budget import is_held
from runs.engine.commands import AbortCall, Command, Record, StartModelCall
from runs.engine.deadlines import deadlines
from runs.engine.kind import LONGEST_PATH, NodeView
from runs.engine.plan import Plan
from runs.engine.state import CallStatus, NodeStatus, RunState

ENDS_A_NODE = (ev.NodeCompleted, ev.NodeFailed, ev.NodeSkipped, ev.NodeCancelled)
PAUSED = "Paused by "
TOO_DEEP = "Too many nodes run one another here: its name is too long to be kept. Nest them less deeply."
AWAITS = "awaits"  # the note of a node that waits: until when, or for what


def decide(state: RunState, plan: Plan) -> list[Command]:
    """Commands for the shell; an empty list means the run waits or has ended.

    Records of facts come alone: they may change everything else, so the shell folds them and asks again.
    """
    if state.ended or state.seq == 0:
        return []
    ending = _ending(state, plan)
    if ending is not None:
        return _close(state, ending)
    if state.paused_by:
        return []
    commands = [*_orphans(state), *_starts(state, plan), *_steps(state, plan), *deadlines(state, plan)]
    if state.recorded:
        commands = list(recorded.held(state, commands))
    facts: list[Command] = [command for command in commands if isinstance(command, Record)]
    if facts:
        return list(_each_node_ends_once(facts))
    if is_held(state):
        return [command for command in commands if not isinstance(command, StartModelCall)]
    return commands


def _ending(state: RunState, plan: Plan) -> ev.Event | None:
    """The event the run ends with, once nothing is in flight; None while it goes on."""
    if state.cancel_requested:
        return ev.RunCancelled()
    exit_ = state.node(state.instance(plan.exit))
    if any(node.fatal for node in state.nodes.values()):
        return _failure(state, plan)
    if exit_.status is NodeStatus.DONE:
        return ev.RunCompleted(output=exit_.output)
    if exit_.status in (NodeStatus.FAILED, NodeStatus.SKIPPED):
        return _failure(state, plan)
    return None


def _failure(state: RunState, plan: Plan) -> ev.RunFailed:
    fatal = [node.path for node in state.nodes.values() if node.fatal]  # perhaps a worker's
    last = map(state.instance, reversed(plan.order))  # an earlier one was taken care of, or caused this one
    for path in (*fatal, *last):
        node = state.nodes.get(path)
        if node and node.status is NodeStatus.FAILED:
            return ev.RunFailed(
                code=node.code, message=f"{plan.title(path)}: {node.message}"[:500], node=path
            )
    return ev.RunFailed(code="no_output", message="No branch reached the output.", node=plan.exit)


def _close(state: RunState, ending: ev.Event) -> list[Command]:
    """Abort what can be aborted; end when nothing is open. A dispatched effect is waited for."""
    calls = state.open_calls()
    if calls:
        return [AbortCall(call.path, call.id, call.attempt) for call in calls]
    return [Record(ending)]


def _each_node_ends_once(facts: list[Command]) -> Iterator[Command]:
    """Two may see a reason at the same time, such as a join that cancels what is skipped just now."""
    ended: set[str] = set()
    for fact in facts:
        if isinstance(fact, Record) and isinstance(fact.event, ENDS_A_NODE):
            if fact.event.path in ended:
                continue
            ended.add(fact.event.path)
        yield fact


def _orphans(state: RunState) -> Iterator[Command]:
    """What goes on for a node that has ended, such as the calls and workers of a join's losers."""
    for node in state.nodes.values():
        if node.settled:
            for call in node.open_calls():
                yield AbortCall(call.path, call.id, call.attempt)
    for path in list(state.running):
        parent = state.node(path).parent
        if parent and state.node(parent).settled:
            yield Record(ev.NodeCancelled(path=path, because="nobody waits for it any more"))


def _starts(state: RunState, plan: Plan) -> Iterator[Command]:
    for node_id in plan.order:
        path = state.instance(node_id)
        node = state.nodes.get(path)
        if node is not None and node.status is not NodeStatus.PENDING:
            continue
        kind, view = plan.kinds[node_id], NodeView(plan, state, path)
        match kind.ready(view):
            case "start":
                yield Record(ev.NodeStarted(path=path, sources=tuple(view.live_sources())))
            case "skip":
                yield Record(ev.NodeSkipped(path=path, because="not taken"))
            case "fail":
                yield Record(ev.NodeSkipped(path=path, because="upstream failed"))
            case "wait":
                yield from kind.before_start(view)


def _steps(state: RunState, plan: Plan) -> Iterator[Command]:
    for path in list(state.running):
        if len(path) > LONGEST_PATH:
            yield Record(ev.NodeFailed(path=path, code="too_deep", message=TOO_DEEP))
        else:
            yield from plan.kind(path).step(NodeView(plan, state, path))


def status(state: RunState) -> str:
    """The one word for a run: queued, running, waiting, doubt, done, failed or cancelled."""
    if state.ended:
        return state.ended
    if state.seq <= 1:
        return "queued"
    pending = state.pending_approvals()
    if any(approval.kind == "doubt" for approval in pending):
        return "doubt"
    if state.open_calls() or any(timer.purpose == "retry" for timer in state.open_timers()):
        return "running"
    if pending or state.budget.blocked or state.paused_by or _only_waits(state):
        return "waiting"
    return "running"


def _only_waits(state: RunState) -> bool:
    """Whether every node at work waits for a time or a signal, or for nodes that do."""
    at_work = [state.node(path) for path in state.running]
    waits = [node for node in at_work if AWAITS in node.notes]
    return bool(waits) and all(node in waits or state.children.get(node.path) for node in at_work)


def _awaited(state: RunState, plan: Plan) -> list[str]:
    waits = [state.node(path) for path in state.running if AWAITS in state.node(path).notes]
    return [f"{plan.title(node.path)} waits {node.notes[AWAITS]}" for node in waits[:2]]


def activity(state: RunState, plan: Plan) -> str:
    """What the run does or waits for, in a line."""
    if state.ended == "failed":
        return state.message[:200]
    if state.ended:
        return ""
    pending = state.pending_approvals()
    calls = [call for call in state.open_calls() if call.status is CallStatus.STARTED]
    parts = [f"{PAUSED}{state.paused_by}"] if state.paused_by else []
    parts += [approval.title for approval in pending[:1]]
    if len(pending) > 1:
        parts.append(f"{len(pending) - 1} more to decide")
    if state.budget.blocked:
        parts.append(state.budget.blocked_message)
    parts += _awaited(state, plan)
    parts += _at_gates(state)
    if calls:
        parts.append(", ".join(dict.fromkeys(plan.title(call.path) for call in calls[:3])))
    return " · ".join(parts)[:200]


def _at_gates(state: RunState) -> list[str]:
    """The endpoints that calls wait for, because they are closed or have no room."""
    nodes = [state.node(path) for path in state.running]
    held = [hold for node in nodes for hold in node.holds.values() if hold.code]
    return [f"Waits for {endpoint}" for endpoint in dict.fromkeys(hold.endpoint for hold in held)][:2]
