"""Chains: retries, the next model, another agent, the error edge; and endpoints that are closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agents.topology.graph import PinnedTeam
from runs.engine import events as ev
from runs.engine.decide import activity
from runs.engine.dialects.base import Prompt
from runs.engine.state import NodeStatus
from tests.engine.harness import Engine, Held, Says
from tests.engine.teams import IN, OUT, agent, team, tool

BACKUP = {"endpoint": "spare", "model": "small"}
LAST = {"endpoint": "cloud", "model": "large"}
FALLBACKS = {"fallbacks": [BACKUP, LAST]}
FORM = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def chained(*, substitute: str = "", error_edge: bool = False, **spec: Any) -> PinnedTeam:
    kind, config = agent("writer")
    nodes = {"input": IN, "a": (kind, config | {"fallback_agent": substitute}), "output": OUT}
    edges = ["input>a", "a>output"]
    if error_edge:
        nodes |= {"rescue": agent("other")}
        edges = ["input>a", "a>output", "a!rescue", "rescue>output"]
    agents = {"writer": FALLBACKS | spec, "other": {"model": LAST, "instructions": "I take over."}}
    return team(nodes, edges, agents=agents, tools={"pay": tool("writes")})


def by_endpoint(**says: Says | Callable[[Prompt, int], Says]) -> Callable[[Prompt, int], Says]:
    def model(prompt: Prompt, attempt: int) -> Says:
        said = says[prompt.model.endpoint]
        return said if isinstance(said, Says) else said(prompt, attempt)

    return model


def hops(engine: Engine) -> list[tuple[str, str]]:
    return [(event.to_model, event.because) for event in engine.log if isinstance(event, ev.FellBack)]


def asked(engine: Engine) -> list[str]:
    return [event.endpoint for event in engine.log if isinstance(event, ev.ModelCallStarted)]


BUSY = Says(fails="server_error")
GONE = Says(fails="not_found", retryable=False)


def test_after_the_retries_the_next_model_is_asked_and_the_log_says_why() -> None:
    engine = Engine(chained(), by_endpoint(local=BUSY, spare=Says("saved"))).start().go()
    assert engine.output == "saved"
    assert asked(engine) == ["local", "local", "local", "spare"]
    assert hops(engine) == [("small at spare", "server_error")]
    fell = next(event for event in engine.log if isinstance(event, ev.FellBack))
    assert (fell.from_model, fell.call, fell.choice) == ("rehearsal at local", "a/m1", 1)
    started = [event for event in engine.log if isinstance(event, ev.ModelCallStarted)]
    assert [event.attempt for event in started] == [1, 2, 3, 4], "attempts go on, so no key is used twice"


def test_what_repeating_cannot_mend_goes_to_the_next_model_at_once() -> None:
    engine = Engine(chained(), by_endpoint(local=GONE, spare=GONE, cloud=Says("at last"))).start().go()
    assert engine.output == "at last"
    assert asked(engine) == ["local", "spare", "cloud"]
    assert hops(engine) == [("small at spare", "not_found"), ("large at cloud", "not_found")]


def test_each_model_of_the_chain_gets_retries_of_its_own() -> None:
    engine = Engine(chained(), by_endpoint(local=BUSY, spare=BUSY, cloud=BUSY)).start().go()
    assert asked(engine) == ["local"] * 3 + ["spare"] * 3 + ["cloud"] * 3
    assert engine.node("a").status is NodeStatus.FAILED
    assert engine.node("a").code == "server_error"


def test_a_long_pause_is_not_waited_for_where_there_is_another_model() -> None:
    slow = Says(fails="rate_limited", retry_after_s=900)
    engine = Engine(chained(), by_endpoint(local=slow, spare=Says("now"))).start().go()
    assert asked(engine) == ["local", "spare"]
    alone = Engine(chained(fallbacks=[]), by_endpoint(local=slow)).start()
    while alone.step() and not alone.state.open_timers():
        pass
    assert [timer.purpose for timer in alone.state.open_timers()] == ["retry"]


def test_a_conversation_stays_with_the_model_it_fell_back_to() -> None:
    def spare(prompt: Prompt, attempt: int) -> Says:
        return Says("done") if prompt.replies else Says(tools=[("pay", {"amount": 1})])

    engine = Engine(
        chained(tools=["pay"]), by_endpoint(local=GONE, spare=spare), {"pay": lambda args: "paid"}
    )
    engine.start().go()
    assert asked(engine) == ["local", "spare", "spare"]
    assert engine.output == "done"


def test_another_agent_takes_over_with_a_fresh_conversation_and_knows_what_was_done() -> None:
    def local(prompt: Prompt, attempt: int) -> Says:
        return GONE if prompt.replies else Says(tools=[("pay", {"amount": 7})])

    pinned = chained(substitute="other", tools=["pay"], fallbacks=[])
    engine = Engine(pinned, by_endpoint(local=local, cloud=Says("mine")), {"pay": lambda args: "receipt 12"})
    engine.start().go()
    assert engine.output == "mine"
    assert hops(engine) == [("large at cloud", "not_found")]
    prompt = engine.prompts["a/m3"]
    assert "I take over." in prompt.system
    assert "Already done, do not repeat" in prompt.task
    assert '- pay with {\n "amount": 7\n}\n  Result: receipt 12' in prompt.task
    assert prompt.replies == ()
    started = [event for event in engine.log if isinstance(event, ev.ModelCallStarted)]
    assert (started[-1].agent, len(started[-1].append)) == ("other", 2)
    assert [name for name, _ in engine.ran] == ["pay"]


def test_the_error_edge_comes_after_the_chain_and_the_substitute() -> None:
    pinned = chained(substitute="other", error_edge=True, fallbacks=[])
    calls = iter([GONE, Says("rescued")])
    engine = Engine(pinned, by_endpoint(local=GONE, cloud=lambda prompt, attempt: next(calls))).start().go()
    assert engine.output == "rescued"
    assert engine.node("a").status is NodeStatus.FAILED


def test_a_substitute_that_fails_does_not_begin_again() -> None:
    pinned = chained(substitute="writer", fallbacks=[])
    engine = Engine(pinned, by_endpoint(local=GONE)).start().go()
    assert engine.state.ended == "failed"
    assert asked(engine) == ["local", "local"]


def test_a_bad_answer_gets_its_corrective_turns_then_the_chain() -> None:
    def local(prompt: Prompt, attempt: int) -> Says:
        return Says("no number")

    pinned = chained(output={"kind": "json", "schema": FORM})
    engine = Engine(pinned, by_endpoint(local=local, spare=Says('{"n": 4}'))).start().go()
    assert engine.output == {"n": 4}
    assert asked(engine) == ["local", "local", "local", "spare"]
    assert hops(engine) == [("small at spare", "bad_output")]
    assert "cannot be used" in engine.prompts["a/m4"].replies[0].text


def test_a_router_that_names_no_way_asks_the_next_model() -> None:
    nodes = {"input": IN, "r": ("router", {"agent": "writer"}), "b": agent(), "c": agent(), "output": OUT}
    edges = ["input>r", "r>b", "r>c", "b>output", "c>output"]
    pinned = team(nodes, edges, agents={"writer": FALLBACKS})
    engine = Engine(pinned, by_endpoint(local=Says("neither"), spare=Says('{"choice": "c"}'))).start().go()
    assert hops(engine)[0] == ("small at spare", "no_route")
    assert engine.node("b").status is NodeStatus.SKIPPED
    assert engine.node("c").status is NodeStatus.DONE


def test_a_model_without_tools_is_told_of_them_in_words() -> None:
    def local(prompt: Prompt, attempt: int) -> Says:
        return GONE if prompt.replies else Says(tools=[("pay", {"amount": 7})])

    pinned = chained(tools=["pay"])
    engine = Engine(
        pinned, by_endpoint(local=local, spare=Says('{"answer": "ok"}')), {"pay": lambda args: "done"}
    )
    engine.able = {"spare": {"tools": False, "json_schema": False}}
    engine.start().go()
    assert engine.output == "ok"
    assert [event.dialect for event in engine.log if isinstance(event, ev.ModelCallStarted)] == [
        "native",
        "native",
        "plain",
    ]


# ── endpoints that are closed ───────────────────────────────────────────────────────────────────────
def closing(*held: Held | None, endpoint: str = "local") -> Callable[[str], Held | None]:
    """Closed for the first calls that would go out."""
    queue = list(held)
    return lambda name: queue.pop(0) if name == endpoint and queue else None


def test_an_open_breaker_sends_calls_down_the_chain_at_once() -> None:
    engine = Engine(chained(), by_endpoint(local=Says("never"), spare=Says("instead")))
    engine.gate = closing(Held())
    engine.start().go()
    assert engine.output == "instead"
    assert asked(engine) == ["spare"]
    assert hops(engine) == [("small at spare", "breaker_open")]
    assert "TimerSet" not in engine.types("a")


def test_without_a_chain_an_open_breaker_is_waited_for_by_a_timer() -> None:
    engine = Engine(chained(fallbacks=[]), by_endpoint(local=Says("back")))
    engine.gate = closing(Held(after_s=30), Held("probing", 5))
    engine.start()
    began = engine.now
    engine.think()
    assert not engine.inflight
    (timer,) = engine.state.open_timers()
    assert 30 <= (timer.due_at - began) / 1e6 <= 32, "with some jitter, so that not all come at once"
    assert not engine.state.budget.reserved, "what is not sent holds no money"
    assert activity(engine.state, engine.plan) == "Waits for local"
    engine.go()
    assert engine.output == "back"
    assert activity(engine.state, engine.plan) == ""
    assert engine.types("a").count("ModelCallHeld") == 2


def test_an_endpoint_that_stays_away_fails_its_calls_in_the_end() -> None:
    engine = Engine(chained(fallbacks=[]), by_endpoint(local=Says("never")))
    engine.gate = lambda endpoint: Held(after_s=10)
    engine.start().go()
    assert engine.node("a").code == "breaker_open"
    assert engine.types("a").count("ModelCallHeld") == 3, "as many as a call has attempts"
    assert asked(engine) == []


def test_being_held_while_another_call_probes_is_no_failure() -> None:
    engine = Engine(chained(fallbacks=[]), by_endpoint(local=Says("back")))
    engine.gate = closing(*[Held("probing", 2)] * 20)
    engine.start().go()
    assert engine.output == "back"


def test_failures_and_breaks_count_together() -> None:
    engine = Engine(chained(fallbacks=[]), by_endpoint(local=BUSY))
    engine.gate = closing(None, Held(), None)
    engine.start().go()
    assert asked(engine) == ["local", "local"]
    assert engine.node("a").code == "server_error"


def test_a_call_that_waits_for_its_turn_needs_no_timer() -> None:
    engine = Engine(chained(fallbacks=[]), by_endpoint(local=Says("my turn")))
    engine.gate = closing(Held("queued", None))
    engine.start().go()
    assert engine.output == "my turn"
    assert "TimerSet" not in engine.types("a")


def test_a_crash_at_any_point_of_a_chain_changes_nothing_but_attempts() -> None:
    def fresh() -> Engine:
        engine = Engine(chained(substitute="other"), by_endpoint(local=BUSY, spare=GONE, cloud=cloud()))
        engine.gate = closing(Held(after_s=3), endpoint="nowhere")
        return engine.start()

    def cloud() -> Callable[[Prompt, int], Says]:
        return lambda prompt, attempt: Says("mine") if "I take over." in prompt.system else GONE

    steps = 0
    engine = fresh()
    while engine.step():
        steps += 1
    assert engine.output == "mine"
    for crash_at in range(steps):
        engine = fresh()
        for _ in range(crash_at):
            engine.step()
        engine.crash()
        engine.go()
        assert engine.output == "mine"
        assert [to for to, _ in hops(engine)] == ["small at spare", "large at cloud", "large at cloud"]
