"""What must be the same after any crash: against the crash-free twin, and against the ledgers outside."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from runs.engine import events as ev
from runs.engine.fold import replay
from runs.engine.state import RunState
from tests.crash.case import Played
from tests.engine.invariants import violations


def wrong(played: Played, twin: Played | None = None) -> list[str]:
    """Everything that must not be, a sentence each."""
    found = [f"verify: {sentence}" for sentence in played.verified]
    for log in logs(played):
        found += violations(log)
    if not played.run.has_ended and not played.waits:
        found.append(f"lost: it is {played.run.status} and waits for nothing it could name")
    elif played.run.status != played.scenario.outcome:
        found.append(f"it ended as {played.run.status}: {played.run.error}")
    if played.run.has_ended:
        found += [f"lost: it has ended, and its run {other} has not" for other in played.unended]
    found += _model_ledger(played)
    found += _tool_ledger(played)
    found += _bill(played)
    if twin is not None:
        found += _differs(played, twin)
    return found


def logs(played: Played) -> Iterator[list[ev.AnyEvent]]:
    """That of the run and of each it belongs with."""
    yield played.log
    starts = [at for at, e in enumerate(played.others) if isinstance(e, ev.RunStarted | ev.RunForked)]
    for start, end in itertools.pairwise([*starts, len(played.others)]):
        yield played.others[start:end]


# ── the twin ────────────────────────────────────────────────────────────────────────────────────────
def _differs(played: Played, twin: Played) -> Iterator[str]:
    """Ignoring times, attempts, and the order among concurrent branches."""
    mine, other = _outcome(played), _outcome(twin)
    for name in mine.keys() | other.keys():
        if mine.get(name) != other.get(name):
            yield f"twin: {name} is {mine.get(name)!r}, without a crash {other.get(name)!r}"


def _outcome(played: Played) -> dict[str, Any]:
    state = replay(played.log)
    end: dict[str, Any] = {"status": state.ended, "code": state.code, "message": state.message}
    if played.scenario.same == "outcome":
        return end
    end["output"] = played.content.get(state.output)
    for path, node in state.nodes.items():
        end[f"node {path}"] = (str(node.status), node.chosen, played.content.get(node.output))
        for call in node.calls.values():
            if str(call.status) == "completed":
                end[f"call {call.id}"] = (call.kind, played.content.get(call.result))
        for approval in node.approvals.values():
            if (
                approval.kind != "doubt"
            ):  # a crash may leave a call in doubt; a person then says what happened
                end[f"asked {path} {approval.key}"] = approval.status
    end["effects"] = _effects(played)
    return end


def _effects(played: Played) -> dict[str, int]:
    """How many different times each tool that changes something was used."""
    keys = {(entry["tool"], entry["key"]) for entry in played.effects if entry["key"]}
    return dict(Counter(tool for tool, _ in keys))


# ── the ledgers outside ─────────────────────────────────────────────────────────────────────────────
def _model_ledger(played: Played) -> Iterator[str]:
    """Nothing reached the endpoint that the log does not know of, and nothing twice."""
    if not played.asked:
        return
    logs = [*played.log, *played.others]
    known = {e.idempotency_key for e in logs if isinstance(e, ev.ModelCallStarted)}
    answered = {
        e.idempotency_key: e.call
        for e in played.log
        if isinstance(e, ev.ModelCallStarted) and not e.simulated and _completed(played.log, e)
    }
    reached = Counter[str]()
    for entry in (entry for ledger in played.asked for entry in ledger["entries"]):
        reached.update(entry["idempotency_keys"])
    for key, times in reached.items():
        if key not in known:
            yield "endpoint: a request came that no committed start stands for"
        if times > 1:
            yield f"endpoint: one attempt was sent {times} times"
    for key, call in answered.items():
        if key not in reached:
            yield f"endpoint: {call} has a result, but no request came"


def _completed(log: list[ev.AnyEvent], started: ev.ModelCallStarted) -> bool:
    """Whether a request was answered: an answer that was used again took none."""
    return any(
        isinstance(e, ev.ModelCallCompleted)
        and (e.call, e.attempt) == (started.call, started.attempt)
        and e.reused is None
        for e in log
    )


def _tool_ledger(played: Played) -> Iterator[str]:
    """Every effect outside has a committed start; what writes happens once unless a person said retry."""
    started = [e for e in (*played.log, *played.others) if isinstance(e, ev.ToolCallStarted)]
    by_key = {e.idempotency_key: e for e in started}
    retried = {
        asked.call
        for node in replay(played.log).nodes.values()
        for asked in node.approvals.values()
        if asked.status == "retry"
    }
    for entry in played.effects:
        if not entry["key"]:
            continue
        start = by_key.get(entry["key"])
        if start is None:
            yield f"tools: {entry['tool']} happened without a committed start"
        elif start.effect == "writes" and entry["times"] > 1 and start.call not in retried:
            yield f"tools: {entry['tool']} writes and happened {entry['times']} times"
    reads = sum(entry["times"] for entry in played.effects if not entry["key"])
    if reads > sum(e.effect == "reads" for e in started):
        yield f"tools: {reads} reads came, fewer were started"
    happened = {entry["key"] for entry in played.effects}
    for event in played.log:
        if isinstance(event, ev.ToolCallCompleted) and event.reused is None:
            start = next((e for e in started if e.call == event.call), None)
            if start and start.effect != "reads" and start.idempotency_key not in happened:
                yield f"tools: {start.tool} has a result, but never happened"


def _bill(played: Played) -> Iterator[str]:
    """14: our ledger is the endpoint's, but for calls whose outcome nobody knows."""
    state: RunState = replay(played.log)
    rows = played.ledger
    settled = sum((row.cost for row in rows if row.cost is not None), Decimal(0))
    unknown = [row for row in rows if row.status == "unknown"]
    if any(row.cost is not None for row in unknown):
        yield "bill: an unknown cost has a number"
    alone = not played.others and not any(isinstance(e, ev.ChildRunEnded) for e in played.log)
    if not unknown and alone and state.budget.spent_cost != settled:
        yield f"bill: {settled} is in the ledger, {state.budget.spent_cost} was booked"
    if not played.asked or unknown or any(row.status == "estimated" for row in rows):
        return
    totals = [ledger["totals"] for ledger in played.asked]
    rows = [row for row in rows if not row.simulated]  # a rehearsal asks another endpoint
    billed = tuple(sum(t[kind] for t in totals) for kind in ("prompt_tokens", "completion_tokens"))
    ours = (sum(row.input_tokens for row in rows), sum(row.output_tokens for row in rows))
    if ours != billed:
        yield f"bill: {ours} tokens are in our ledger, the endpoint billed {billed}"


# ── figures for the report ──────────────────────────────────────────────────────────────────────────
def recovery_s(played: Played) -> float | None:
    """Seconds from the last death to the next fact; None when nothing was left to happen."""
    if not played.falls:
        return None
    at = max(fall.at for fall in played.falls)
    after = [event.at / 1e6 for event in played.log if event.at / 1e6 > at]
    return min(after) - at if after else None


def repeated_finished(played: Played) -> int:
    return sum(sentence.startswith("nothing_finished_runs_again") for sentence in violations(played.log))
