"""A run with all that is no straight line: rounds, workers, variables, a sub-team, people who steer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from runs.engine import events as ev
from tests.runs.factory import Script
from tests.runs.scenes import opening

CHILD = str(UUID(int=11))


def rounds(script: Script) -> Script:
    opening(script, token_limit=90_000)
    by: dict[str, Any] = {"by": str(script.user.pk), "by_name": "Olga"}
    _loop(script)
    _worker(script)
    _sub_team(script, script.put("what it found"))
    script.add(ev.PauseRequested(**by, reason="Lunch")).wait(60).add(ev.ResumeRequested(**by))
    script.node("refund")
    script.add(ev.NodeNoted(path="refund", key="awaits", text="for a call of its webhook"))
    script.add(ev.SignalReceived(path="refund", payload=script.put({"paid": True})))
    script.add(ev.SignalReceived(path="refund", payload=script.put({"paid": False})))
    value = script.put("a refund")
    script.add(ev.VariablesWritten(path="refund", writes={"drafts": value}, order=(3,)))
    script.add(ev.NodeFailed(path="refund", code="tool", message="The shop said no."))
    script.add(ev.RunFailed(code="tool", message="Refund: The shop said no.", node="refund"))
    script.add(ev.NodeRetried(path="refund", nodes=("refund", "gate"), **by))
    script.node("refund@2").add(ev.NodeFailed(path="refund@2", code="tool", message="No again."))
    given = script.put("by hand")
    return script.add(
        ev.OutputGiven(
            path="refund@2",
            output=given,
            nodes=("gate",),
            comment="Asked by phone",
            chosen=("refund-gate",),
            writes={"drafts": given},
            order=(3,),
            **by,
        )
    )


def _loop(script: Script) -> None:
    """Two rounds of a loop within a loop, and what they write."""
    value = script.put("a draft")
    script.node("policy").done("policy", "a draft").node("facts")
    script.add(ev.VariablesWritten(path="policy", writes={"drafts": value}, order=(1, 0)))
    script.add(
        ev.LoopRepeated(path="facts", iteration=2, value=value, nodes=("policy", "facts"), note="not yet")
    )
    script.add(ev.NodeStarted(path="policy@2", sources=("facts",)))
    script.add(ev.VariablesWritten(path="policy@2", writes={"drafts": value}, order=(1, 1)))
    script.done("policy@2", "a draft").node("facts@2")
    outer = ("history", "policy", "facts", "output")
    script.add(ev.LoopRepeated(path="output", iteration=2, value=value, nodes=outer))


def _worker(script: Script) -> None:
    """A colleague asked by a call, and a tool that a node calls itself."""
    script.node("history@2")
    call = script.ask("history@2", script.prompt("history"))
    script.answer("history@2", call, "", 1.0, tools=[("delegate", {"to": "policy", "task": "Look it up"})])
    asked = f"{call}/t0"
    known = script.put({"to": "policy", "task": "Look it up"})
    script.add(
        ev.ToolCallVetted(path="history@2", call=asked, tool="delegate", arguments=known, effect="delegates")
    )
    worker = f"{asked}/policy"
    script.add(
        ev.NodeStarted(
            path=worker, parent="history@2", given=script.put("material"), task=script.put("Look it up")
        )
    )
    script.wait(2).done(worker, "Found it")
    script.add(ev.ToolCallCompleted(path="history@2", call=asked, result=script.put("Found it")))
    requested = script.put('{"key": "customer"}')
    script.add(
        ev.ToolCallRequested(path="history@2", call="history@2/t1", tool="notes_read", arguments=requested)
    )


def _sub_team(script: Script, output: str) -> None:
    script.node("gate")
    script.add(
        ev.ChildRunStarted(
            path="gate",
            team_version=str(UUID(int=12)),
            team="Market brief",
            input=script.put({"product": "tea"}),
            child=CHILD,
            cost_limit="0.5",
            token_limit=9_000,
        )
    )
    script.add(
        ev.ChildLimitsRaised(
            path="gate", child=CHILD, by="x", by_name="Olga", cost_limit="0.75", token_limit=8_000
        )
    )
    ended = ev.ChildRunEnded(
        path="gate",
        child=CHILD,
        status="done",
        output=output,
        cost="0.25",
        tokens=1_200,
        calls=4,
        unknown_costs=1,
    )
    script.wait(9).add(ended).add(ended)
