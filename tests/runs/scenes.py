"""The support desk's runs in every state a page has to show."""

from __future__ import annotations

from django.db import transaction

from runs.actions.fork import Wanted, fork_run
from runs.engine import events as ev
from studio.workspaces.access import Member, Role
from tests.runs.closed_endpoint import closed, taken_over
from tests.runs.factory import Script, charge

TICKET = {
    "ticket": "I was charged twice for order A-10511 on 3 November, €412.60 each time. Please pay one back.",
    "customer": "customer 4417",
}
RULE = "Policy 4.2 allows a full refund of a double charge within 14 days of the payment."
FACTS = "The order A-10511 was paid twice, at 14:02 and at 14:03, with the card ending 4417."
EARLIER = "One earlier ticket, in March, about a late parcel. Solved the same day."
REPLY = (
    "You were charged twice for order A-10511 on 3 November, at 14:02 and at 14:03, €412.60 each time.\n\n"
    "The second charge was our mistake. We have asked our finance team to **return it to the card ending "
    "4417**. Once they confirm, banks usually show it within three working days.\n\n"
    "- Order: A-10511\n- Amount: €412.60\n- Reference: `R-2210`"
)
REFUND = {"order": "A-10511", "amount": 412.6, "reason": "Charged twice on 3 Nov"}


def opening(script: Script, **limits: object) -> Script:
    """The ticket is read, routed and handed to three branches."""
    script.start(TICKET, **limits).node("triage")
    script.add(ev.NodeNoted(path="triage", key="rules", text="No rule held; the model decides"))
    script.answer("triage", script.ask("triage", script.prompt("triage")), '{"choice":"refund"}', 2.2)
    script.done("triage", TICKET, chosen=("triage-clerk",), note="gpt-5-mini chose refund")
    script.skip("howto")
    return script.say("clerk", "Order A-10511, €412.60, charged twice on 3 November.", 5.1)


def policy(script: Script) -> Script:
    """Refused once with a 429, then answered."""
    script.node("policy")
    call = script.ask("policy", script.prompt("policy"))
    script.wait(0.7).add(
        ev.ModelCallFailed(
            path="policy",
            call=call,
            code="rate_limited",
            message="The endpoint refused with 429: 60 requests a minute used up.",
            retryable=True,
            retry_after_s=4.0,
        )
    )
    key = f"{call}/retry1"
    script.add(ev.TimerSet(path="policy", key=key, after_s=4.0, purpose="retry")).wait(4)
    script.add(ev.TimerFired(path="policy", key=key))
    script.ask("policy", attempt=2)
    return script.answer("policy", call, RULE, 6.3, attempt=2).done("policy", RULE)


def refund_asks(script: Script) -> Script:
    """The clerk looks the order up and wants to pay back: a rule asks a person."""
    script.node("refund")
    first = script.ask("refund", script.prompt("refund"))
    script.answer("refund", first, "I look the order up.", 2.4, tools=[("orders_get", {"order": "A-10511"})])
    found = {"order": "A-10511", "payments": [{"at": "14:02", "eur": 412.6}, {"at": "14:03", "eur": 412.6}]}
    script.tool("refund", f"{first}/t0", "orders_get", {"order": "A-10511"}, found)
    second = script.ask("refund", [{"role": "tool", "tool_call_id": "call_0", "content": str(found)}])
    script.answer("refund", second, "Paid twice; policy 4.2 applies.", 5.3, tools=[("issue_refund", REFUND)])
    return ask_refund(script, f"{second}/t0")


def ask_refund(script: Script, call: str) -> Script:
    rule = "args.amount > 100"
    script.vet("refund", call, "issue_refund", REFUND, ask=rule)
    subject = {
        "kind": "tool",
        "tool": "issue_refund",
        "effect": "writes",
        "arguments": REFUND,
        "rule": rule,
        "parameters": script.draft.ref.plan.team.tools["issue_refund"].parameters,
        "words": "Paid twice; policy 4.2 applies.",
        "agent": "Refund clerk",
    }
    title = "Refund clerk wants to call issue_refund"
    return script.request_approval(
        "refund", f"{call}/ask", "tool", title, subject, call=call, reason=rule, deadline_s=1800
    )


def running(script: Script) -> Script:
    """Two branches are at work, one of them waits for a person."""
    policy(opening(script))
    refund_asks(script)
    script.node("history")
    call = script.ask("history", script.prompt("history"))
    script.answer("history", call, "", 3.1, tools=[("notes_read", {"key": "customer 4417"})])
    script.tool("history", f"{call}/t0", "notes_read", {"key": "customer 4417"}, {"text": EARLIER})
    script.ask("history", [{"role": "tool", "tool_call_id": "call_0", "content": EARLIER}])
    return script


def branches_done(script: Script) -> Script:
    policy(opening(script))
    refund_asks(script).wait(38)
    key = "refund/m2/t0/ask"
    subject = script.state.node("refund").approvals[key].subject
    script.add(
        ev.ApprovalDecided(
            path="refund",
            key=key,
            decision="approve",
            subject=subject,
            by=str(script.user.pk),
            by_name=str(script.user),
            comment="Checked with finance.",
        )
    )
    script.run_tool("refund", "refund/m2/t0", "issue_refund", REFUND).wait(1.2)
    script.add(
        ev.ToolCallCompleted(path="refund", call="refund/m2/t0", result=script.put({"reference": "R-2210"}))
    )
    third = script.ask("refund", [{"role": "tool", "tool_call_id": "call_0", "content": "R-2210"}])
    script.answer("refund", third, FACTS, 3.3).done("refund", FACTS)
    script.say("history", EARLIER, 3.0)
    script.node("facts")
    return script.done("facts", {"policy": RULE, "refund": FACTS, "history": EARLIER}, note="3 of 3")


def at_the_gate(script: Script) -> Script:
    """Everything is written; a person has to let it go."""
    branches_done(script).say("writer", REPLY, 9.4)
    subject = {
        "kind": "gate",
        "title": "Send this reply to the customer?",
        "instructions": "Is the amount right, and the tone?",
        "value": REPLY,
        "from": ["Reply writer"],
    }
    script.node("gate")
    return script.request_approval("gate", "ask", "gate", "Send this reply to the customer?", subject)


def done(script: Script) -> Script:
    at_the_gate(script).wait(95)
    subject = script.state.node("gate").approvals["ask"].subject
    script.add(
        ev.ApprovalDecided(
            path="gate",
            key="ask",
            decision="approve",
            subject=subject,
            by=str(script.user.pk),
            by_name=str(script.user),
        )
    )
    script.done("gate", REPLY, note=f"{script.user} approved").skip("person")
    return script.node("output").done("output", REPLY).finish(REPLY)


def failed(script: Script) -> Script:
    opening(script).node("policy")
    call = script.ask("policy", script.prompt("policy"))
    message = "The key was refused (401): check the endpoint's key under Models."
    script.wait(1.1).add(ev.ModelCallFailed(path="policy", call=call, code="authentication", message=message))
    script.add(ev.NodeFailed(path="policy", code="authentication", message=message))
    for path in ("refund", "history", "facts", "writer", "gate", "person", "output"):
        script.add(ev.NodeSkipped(path=path, because="upstream failed"))
    return script.add(
        ev.RunFailed(code="authentication", message=f"Policy checker: {message}", node="policy")
    )


def cancelled(script: Script) -> Script:
    policy(opening(script)).node("refund")
    script.ask("refund", script.prompt("refund"))
    script.wait(2).add(ev.CancelRequested(by=str(script.user.pk), reason="Wrong ticket"))
    script.add(
        ev.ModelCallFailed(
            path="refund",
            call="refund/m1",
            code="cancelled",
            message="The call was stopped.",
            charge=ev.Charge(status="estimated", usage=ev.Usage(input_tokens=900), cost="0.000225"),
        )
    )
    return script.add(ev.RunCancelled())


def out_of_budget(script: Script) -> Script:
    """The limit was reached; the run waits until somebody raises it."""
    policy(opening(script, cost_limit="0.0075")).node("refund")
    return script.add(
        ev.BudgetExceeded(
            path="refund",
            limit="cost",
            message="The next call may cost $0.0040; $0.0042 of the $0.0075 limit are left.",
            call="refund/m1",
        )
    )


def in_doubt(script: Script) -> Script:
    """The worker was lost after a payment was sent."""
    policy(opening(script))
    refund_asks(script).wait(20)
    key, call = "refund/m2/t0/ask", "refund/m2/t0"
    script.add(
        ev.ApprovalDecided(
            path="refund",
            key=key,
            decision="approve",
            subject=script.state.node("refund").approvals[key].subject,
            by=str(script.user.pk),
            by_name=str(script.user),
        )
    )
    script.run_tool("refund", call, "issue_refund", REFUND).wait(15)
    script.add(ev.ToolCallInDoubt(path="refund", call=call))
    subject = {
        "kind": "doubt",
        "tool": "issue_refund",
        "arguments": REFUND,
        "agent": "Refund clerk",
        "idempotency_key": call,
    }
    title = "issue_refund may or may not have happened"
    return script.request_approval("refund", f"{call}/doubt1", "doubt", title, subject, call=call)


def unknown_price(script: Script) -> Script:
    opening(script, cost_limit=None).node("policy")
    call = script.ask("policy", script.prompt("policy"))
    billed = ev.Charge(status="settled", usage=ev.Usage(input_tokens=2_000, output_tokens=150), cost=None)
    return script.answer("policy", call, RULE, 3, charge=billed).done("policy", RULE)


def long(script: Script, events: int = 20_000) -> Script:
    """One agent that talks to its tool for ever."""
    opening(script, cost_limit="5").node("history")
    while len(script.draft.events) < events:
        call = script.ask(
            "history", script.prompt("history") if script.turns.get("history", 0) == 0 else None
        )
        billed = charge(2_000, 100, cached=1_500)
        script.answer("history", call, "", 0.4, tools=[("notes_read", {"key": call})], charge=billed)
        script.tool("history", f"{call}/t0", "notes_read", {"key": call}, {"text": EARLIER})
    return script


def forked(script: Script) -> Script:
    """A fork of a run that is done: the writer's answer is the recorded one, the gate asks."""
    parent = done(script).commit()
    at = next(event.seq for event in parent.events.order_by("seq") if event.path == "writer") - 1
    actor = Member(script.user, script.workspace, Role.OWNER)
    with transaction.atomic():
        run = fork_run(actor=actor, run=parent, wanted=Wanted(at=at, effects="recorded"))
        fork = Script.going_on(run)
    fork.node("writer")
    call = fork.ask("writer", fork.prompt("writer"))
    reused = ev.Reused(source="recorded", run=str(parent.pk), call=call, at=script.now)
    charge = ev.Charge(status="reused", cost="0")
    fork.answer("writer", call, REPLY, 0.01, charge=charge, reused=reused).done("writer", REPLY)
    fork.node("gate")
    subject = {"kind": "gate", "title": "Send this reply?", "value": REPLY, "from": ["Reply writer"]}
    return fork.request_approval("gate", "ask", "gate", "Send this reply to the customer?", subject)


SCENES = {
    "running": running,
    "gate": at_the_gate,
    "done": done,
    "failed": failed,
    "cancelled": cancelled,
    "budget": out_of_budget,
    "doubt": in_doubt,
    "unknown": unknown_price,
}


def oddities(script: Script) -> Script:
    """What seldom happens: lost workers, rejected answers, failed tools, edits, losers of a join."""
    opening(script, cost_limit="0.01", token_limit=90_000, call_limit=50, seconds_limit=3_600.0)
    script.node("policy")
    call = script.ask("policy", script.prompt("policy"))
    script.wait(15).add(ev.CallAbandoned(path="policy", call=call, charge=ev.Charge(status="unknown")))
    script.ask("policy", attempt=2)
    script.answer("policy", call, "", 1.5, attempt=2, defect="The answer is not valid JSON.")
    wrong = script.put("Your answer cannot be used.")
    script.add(ev.OutputRejected(path="policy", turn=1, errors=("The answer was empty.",), message=wrong))
    taken_over(script, "policy", call)
    script.ask("policy", [{"role": "user", "content": "Answer again."}])

    closed(script.node("history"), "history")
    asked = script.ask("history", script.prompt("history"))
    tools = [("notes_read", {"key": "a"}), ("no_such_tool", {}), ("notes_read", {"key": "b"})]
    script.answer("history", asked, "", 2, tools=tools)
    told = script.put({"error": "There is no tool 'no_such_tool' here."})
    script.add(
        ev.ToolCallRefused(
            path="history",
            call=f"{asked}/t1",
            tool="no_such_tool",
            code="unknown_tool",
            message="There is no tool 'no_such_tool' here.",
            result=told,
        )
    )
    for number, key in ((0, "a"), (2, "b")):
        script.vet("history", f"{asked}/t{number}", "notes_read", {"key": key})
        script.run_tool("history", f"{asked}/t{number}", "notes_read", {"key": key}).wait(0.4)
    failed = ev.ToolCallFailed(
        path="history", call=f"{asked}/t0", code="timeout", message="No answer in 30 s.", retryable=True
    )
    script.add(failed)
    key = f"{asked}/t0/retry1"
    script.add(ev.TimerSet(path="history", key=key, after_s=1.125, purpose="retry")).wait(1.2)
    script.add(ev.TimerFired(path="history", key=key))
    script.run_tool("history", f"{asked}/t0", "notes_read", {"key": "a"}, attempt=2)
    script.add(ev.CallAbandoned(path="history", call=f"{asked}/t2"))
    return _edits_and_ends(refund_asks(script))


def _edits_and_ends(script: Script) -> Script:
    key, changed = "refund/m2/t0/ask", script.put(REFUND | {"amount": 80})
    script.add(
        ev.ApprovalDecided(
            path="refund",
            key=key,
            decision="edit",
            subject=script.state.node("refund").approvals[key].subject,
            by=str(script.user.pk),
            by_name=str(script.user),
            edited=changed,
            comment="Half of it.",
        )
    )
    overrun = ev.BudgetOverrun(
        path="policy",
        call="policy/m2",
        reserved_cost="0.004",
        cost="0.005",
        reserved_tokens=4_000,
        tokens=5_000,
    )
    script.answer("policy", "policy/m2", RULE, 2, charge=charge(12_000, 1_000)).add(overrun)
    script.node("gate").request_approval("gate", "ask", "gate", "Send it?", {"value": 1}, deadline_s=2)
    script.add(ev.TimerSet(path="gate", key="deadline", after_s=2, purpose="deadline")).wait(2)
    script.add(ev.TimerFired(path="gate", key="deadline")).add(ev.ApprovalExpired(path="gate", key="ask"))
    script.add(ev.NodeFailed(path="gate", code="expired", message="Nobody decided in time."))
    exceeded = ev.BudgetExceeded(
        path="refund", limit="price", message="The price of the next call is unknown."
    )
    raised = ev.LimitsRaised(by="x", by_name="Olga", cost_limit="0.05", unknown_prices_allowed=True)
    script.add(exceeded).add(raised)
    losing = script.ask("policy")
    script.add(ev.NodeCancelled(path="policy", because="Facts went on without it"))
    loser = ev.ModelCallCompleted(
        path="policy",
        call=losing,
        message=script.put({"role": "assistant"}),
        charge=charge(10, 1),
        late=True,
    )
    script.add(loser).node("facts")
    script.request_approval("facts", "ask", "gate", "Still needed?", {"value": 2})
    return script.add(ev.CancelRequested(by=str(script.user.pk))).add(ev.RunCancelled())


def history_writes(script: Script) -> Script:
    """The last branch reads a note and begins to write."""
    script.node("history")
    call = script.ask("history", script.prompt("history"))
    script.answer("history", call, "", 1.1, tools=[("notes_read", {"key": "customer 4417"})])
    script.tool("history", f"{call}/t0", "notes_read", {"key": "customer 4417"}, {"text": EARLIER})
    script.ask("history", [{"role": "tool", "tool_call_id": "call_0", "content": EARLIER}])
    return script


def history_done(script: Script) -> Script:
    return script.answer("history", "history/m2", EARLIER, 1.0).done("history", EARLIER)


def hostile(script: Script) -> Script:
    """A model that answers with everything a page must not run or load."""
    opening(script)
    script.node("output").done("output", EVIL)
    return script.finish(EVIL)


EVIL = """# <img src=x onerror="window.hacked=1">
<script>window.hacked = 1</script>
![pixel](https://evil.example/pixel.png) [click](javascript:window.hacked=1)
<iframe src="https://evil.example"></iframe> <svg onload="window.hacked=1"></svg> **bold**
"""
