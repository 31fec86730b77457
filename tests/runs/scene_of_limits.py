"""A run that meets every sort of limit: its own and a shared one, soft and hard, and of time."""

from __future__ import annotations

from runs.engine import events as ev
from tests.runs.factory import Script
from tests.runs.scenes import opening

SCOPE = "0195f2c4-7f3c-7000-8000-00000000000b"


def limits(script: Script) -> Script:
    """Stopped by a shared budget and let go; asked about soft limits; too slow; raised; stopped again."""
    opening(script, token_limit=90_000, seconds_limit=3_600.0, soft_percent=50, latency_s=60.0)
    script.node("refund")
    words = "The workspace's budget: the limit of 500 model calls is reached."
    script.add(ev.BudgetExceeded(path="refund", limit="calls", message=words, scope=SCOPE, need_tokens=900))
    script.wait(20).add(ev.BudgetReopened(scope="another", because="changed"))
    script.add(ev.BudgetReopened(scope=SCOPE, because="asked to", by_name="Olga"))
    _ask(script, "reject", 1)
    _ask(script, "approve", 2)
    script.add(ev.LatencyBudgetExceeded(path="refund", limit_s=30.0, elapsed_s=30.0))
    script.add(ev.LatencyBudgetExceeded(limit_s=60.0, elapsed_s=61.5))
    script.add(ev.LimitsRaised(by=str(script.user.pk), by_name="Olga", token_limit=200_000, soft_percent=80))
    stopped = "The next call may need 900 tokens; 200 of 200,000 are left."
    return script.add(ev.BudgetExceeded(path="refund", limit="tokens", message=stopped))


def _ask(script: Script, decision: str, number: int) -> None:
    key = f"soft/run/tokens/{number}"
    title = "The soft limit of 45,000 tokens is reached: go on up to 90,000 tokens?"
    script.request_approval("refund", key, "budget", title, {"kind": "budget"})
    script.wait(5).add(
        ev.ApprovalDecided(
            path="refund",
            key=key,
            decision=decision,  # type: ignore[arg-type]
            subject=script.state.node("refund").approvals[key].subject,
            by=str(script.user.pk),
            by_name="Olga",
        )
    )
