"""Parts of a scene: an endpoint is closed, another model is asked, another agent takes over."""

from __future__ import annotations

from typing import Any

from runs.engine import events as ev
from tests.runs.factory import Script


def closed(script: Script, path: str) -> Script:
    """Its endpoint is closed: once waited for, then another model is asked, which has a queue."""
    about: dict[str, Any] = {"path": path, "call": f"{path}/m1", "agent": "clerk", "model": "gpt-5-mini"}
    message = "openai keeps failing, so it is left alone for 10 s. The last failure: 503."
    held = ev.ModelCallHeld(**about, endpoint="openai", code="breaker_open", message=message, after_s=10.0)
    key = f"{path}/m1/hold1"
    script.add(held).add(ev.TimerSet(path=path, key=key, after_s=10.4, purpose="retry")).wait(10.4)
    script.add(ev.TimerFired(path=path, key=key)).add(held)
    hop = ev.FellBack(
        path=path,
        call=f"{path}/m1",
        from_model="gpt-5-mini at openai",
        to_model="qwen at gpu-box",
        because="breaker_open",
        message=message,
        choice=1,
    )
    queued = ev.ModelCallHeld(
        **about, endpoint="gpu-box", code="queued", message="Waits for its turn at gpu-box."
    )
    return script.add(hop).add(queued)


def taken_over(script: Script, path: str, call: str) -> Script:
    """Another agent begins anew, after an answer that could not be used."""
    return script.add(
        ev.FellBack(
            path=path,
            call=call,
            from_model="gpt-5-mini at openai",
            to_model="gpt-5 at openai",
            because="bad_output",
            message="The answer did not fit after 1 turns: The answer was empty.",
            choice=0,
            agent="clerk",
            agent_name="Clerk",
        )
    )
