"""What must be true of every run's log, whatever happened: the invariants of the engine that need no process.

Each takes a log and yields sentences about what is wrong with it. The numbers are those of the design.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from runs.engine import events as ev
from runs.engine.fold import fold, replay
from runs.engine.state import RunState

Log = Sequence[ev.Event]
Check = Callable[[Log], Iterator[str]]
STARTS = (ev.ModelCallStarted, ev.ToolCallStarted)
RESULTS = (
    ev.ModelCallCompleted,
    ev.ModelCallFailed,
    ev.ToolCallCompleted,
    ev.ToolCallFailed,
    ev.ToolCallInDoubt,
    ev.CallAbandoned,
)
FINISHED = (ev.ModelCallCompleted, ev.ToolCallCompleted)
TAKES_UP = (ev.NodeRetried, ev.OutputGiven)  # people may go on with a run that failed
ENDS = (ev.RunCompleted, ev.RunFailed, ev.RunCancelled)
SETTLES = (ev.NodeCompleted, ev.NodeFailed, ev.NodeSkipped, ev.NodeCancelled)
CHECKS: list[Check] = []


def violations(log: Log) -> list[str]:
    """Everything that is wrong with `log`; empty when all invariants hold."""
    return [f"{check.__name__}: {sentence}" for check in CHECKS for sentence in check(log)]


def invariant(check: Check) -> Check:
    CHECKS.append(check)
    return check


def key_of(event: Any) -> tuple[str, int]:
    return event.call, event.attempt


@invariant
def a_log_folds_the_same_every_time(log: Log) -> Iterator[str]:
    """19, and 1: what is stored decodes to what was appended."""
    again = replay(ev.decode(ev.encode(event)) for event in log)
    if again != replay(log):
        yield "the stored events fold to another state"


@invariant
def nothing_follows_the_end(log: Log) -> Iterator[str]:
    """3: at most one end, and it is the last fact."""
    for event, after in itertools.pairwise(log):
        taken_up = isinstance(event, ev.RunFailed) and isinstance(after, TAKES_UP)
        if isinstance(event, ENDS) and not taken_up:
            yield f"{ev.type_of(after)} follows {ev.type_of(event)}"


@invariant
def every_result_has_a_start_and_every_start_one_result(log: Log) -> Iterator[str]:
    """7."""
    started, ended = set[tuple[str, int]](), set[tuple[str, int]]()
    asks_an_agent: set[str] = set()
    for event in log:
        if isinstance(event, ev.ToolCallVetted) and event.effect in ("delegates", "hands over"):
            asks_an_agent.add(event.call)
        if isinstance(event, STARTS):
            if key_of(event) in started:
                yield f"{key_of(event)} started twice"
            started.add(key_of(event))
        elif isinstance(event, RESULTS):
            told_by_a_person = isinstance(event, ev.ToolCallCompleted) and key_of(event) in ended
            sent = event.call not in asks_an_agent and not _is_reused(event)
            if key_of(event) not in started and sent:
                yield f"{ev.type_of(event)} of {key_of(event)} without a start"
            if key_of(event) in ended and not told_by_a_person:
                yield f"{key_of(event)} has two results"
            ended.add(key_of(event))


def _is_reused(event: ev.Event) -> bool:
    """A result taken from a cache or another run's log was never asked for here."""
    return getattr(event, "reused", None) is not None


@invariant
def nothing_finished_runs_again(log: Log) -> Iterator[str]:
    """9."""
    finished, settled = set[str](), Counter[str]()
    for event in log:
        if isinstance(event, STARTS) and event.call in finished:
            yield f"{event.call} ran again after it had finished"
        if isinstance(event, FINISHED):
            finished.add(event.call)
        if isinstance(event, ev.NodeStarted) and settled[event.path]:
            yield f"{event.path} started again after it had ended"
        if isinstance(event, ev.NodeReopened):  # sent back: it goes on where it had ended
            settled[event.path] = 0
        if isinstance(event, ev.RunForked):  # what was changed begins anew, with all that it had begun
            anew = tuple(f"{path}/" for path in event.restarted)
            settled = Counter({p: n for p, n in settled.items() if not f"{p}/".startswith(anew)})
            finished = {call for call in finished if not call.startswith(anew)}
        if isinstance(event, SETTLES):
            settled[event.path] += 1
            if settled[event.path] > 1:
                yield f"{event.path} ended twice"


@invariant
def what_writes_runs_once_unless_a_person_says_retry(log: Log) -> Iterator[str]:
    """8: and every repetition of a call that is idempotent has the same key."""
    keys: dict[str, set[str]] = {}
    starts, retries = Counter[str](), Counter[str]()
    doubts: dict[tuple[str, str], str] = {}
    for event in log:
        if isinstance(event, ev.ApprovalRequested) and event.kind == "doubt":
            doubts[event.path, event.key] = event.call
        if isinstance(event, ev.ApprovalDecided) and event.decision == "retry":
            retries[doubts[event.path, event.key]] += 1
        if isinstance(event, ev.ToolCallStarted):
            keys.setdefault(event.call, set()).add(event.idempotency_key)
            starts[event.call] += 1
            if event.effect == "writes" and starts[event.call] > 1 + retries[event.call]:
                yield f"{event.call} writes and was dispatched {starts[event.call]} times"
    yield from (f"{call} changed its idempotency key" for call, found in keys.items() if len(found) > 1)


@invariant
def a_gated_call_needs_a_decision_of_its_own(log: Log) -> Iterator[str]:
    """10."""
    gated: set[str] = set()
    allowed: set[tuple[str, str]] = set()
    for event in log:
        match event:
            case ev.ToolCallVetted() if event.ask:
                gated.add(event.call)
            case ev.ApprovalDecided() if event.decision in ("approve", "edit", "retry"):
                allowed.add((event.path, event.key))
            case ev.ToolCallStarted() if event.approval:
                if (event.path, event.approval) not in allowed:
                    yield f"{event.call} was dispatched on an approval it did not have, or had used up"
                allowed.discard((event.path, event.approval))
            case ev.ToolCallStarted() if event.call in gated and event.attempt == 1:
                yield f"{event.call} was dispatched although nobody approved it"


@invariant
def one_decision_wins(log: Log) -> Iterator[str]:
    """11, 12: a question is decided or expires, once, and only after it was asked."""
    asked: dict[tuple[str, str], tuple[str, int | None]] = {}
    for event in log:
        if isinstance(event, ev.ApprovalRequested):
            late = None if event.deadline_s is None else event.at + int(event.deadline_s * 1e6)
            asked[event.path, event.key] = (event.subject, late)
        elif isinstance(event, ev.ApprovalEdited):
            asked[event.path, event.key] = (event.becomes, asked[event.path, event.key][1])
        elif isinstance(event, ev.ApprovalEscalated) and event.deadline_s is not None:
            subject = asked[event.path, event.key][0]
            asked[event.path, event.key] = (subject, event.at + int(event.deadline_s * 1e6))
        elif isinstance(event, ev.ApprovalDecided):
            subject, late = asked.pop((event.path, event.key), ("", None))
            if subject != event.subject:
                yield f"{event.path} {event.key} was decided without, or on something else"
            if late is not None and event.at > late:
                yield f"{event.path} {event.key} was decided after its deadline"
        elif isinstance(event, ev.ApprovalExpired) and asked.pop((event.path, event.key), None) is None:
            yield f"{event.path} {event.key} expired although it was decided"


@invariant
def a_timer_fires_once_and_not_early(log: Log) -> Iterator[str]:
    """13."""
    due: dict[tuple[str, str], int] = {}
    for event in log:
        if isinstance(event, ev.TimerSet):
            due[event.path, event.key] = event.at + int(event.after_s * 1e6)
        elif isinstance(event, ev.TimerFired):
            at = due.pop((event.path, event.key), None)
            if at is None:
                yield f"{event.path} {event.key} fired without being set"
            elif event.at < at:
                yield f"{event.path} {event.key} fired early"


@invariant
def the_limit_holds_and_the_bill_adds_up(log: Log) -> Iterator[str]:
    """14: what was spent and reserved stays under the limit, but for overruns that are told."""
    state, billed, overrun = RunState(), Decimal(0), False
    tokens_over = False
    for event in log:
        fold(state, event)
        if isinstance(event, ev.RunForked):  # what it inherits was billed to the run it is a fork of
            billed = Decimal(0)
        charge = getattr(event, "charge", None)
        if isinstance(charge, ev.Charge) and charge.status != "unknown":
            billed += Decimal(charge.cost or 0)
        if isinstance(event, ev.BudgetOverrun):
            overrun = tokens_over = True
        if not isinstance(event, ev.ModelCallStarted | ev.ChildRunStarted):
            continue
        budget = state.budget
        if budget.cost_limit is not None and not overrun and _held(budget) > budget.cost_limit:
            yield f"${_held(budget)} of ${budget.cost_limit} is held"
        held = budget.spent_tokens + budget.reserved_tokens
        if budget.token_limit is not None and not tokens_over and held > budget.token_limit:
            yield f"{held} of {budget.token_limit} tokens are held"
        made = budget.calls + budget.reserved_calls
        if budget.call_limit is not None and made > budget.call_limit:
            yield f"{made} of {budget.call_limit} calls were made or are held back"
    if state.budget.spent_cost < billed:
        yield f"${billed} was billed, ${state.budget.spent_cost} is booked"
    calls = [call for call, attempt in state.budget.reserved if attempt]  # 0: a sub-team that was at work
    if state.ended and calls:
        yield f"what was reserved for {calls} was never given back"


def _held(budget: Any) -> Decimal:
    return Decimal(budget.spent_cost + budget.reserved_cost)


@invariant
def nothing_is_sent_after_a_stop(log: Log) -> Iterator[str]:
    """15."""
    stopped = False
    for event in log:
        stopped = stopped or isinstance(event, ev.CancelRequested)
        if stopped and isinstance(event, STARTS):
            yield f"{key_of(event)} was dispatched after the run was stopped"


@invariant
def an_ended_run_leaves_nothing_open(log: Log) -> Iterator[str]:
    """3, 13: no call in flight, no question, no timer, no running node."""
    state = replay(log)
    if state.ended:
        yield from (f"{call.id} is still open" for call in state.open_calls())
        yield from (f"{asked.key} is still asked" for asked in state.pending_approvals())
        yield from (f"{timer.key} still runs" for timer in state.open_timers())
        running = [node.path for node in state.nodes.values() if node.status == "running"]
        yield from (f"{path} still runs" for path in running)


def readable(log: Log) -> str:
    """The log as lines, for a failed test."""
    return "\n".join(msgspec.json.encode(event).decode() for event in log)
