"""The longest names that the engine lets nodes have fit into every row that is written of them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from runs.engine import events as ev
from runs.engine.decide import TOO_DEEP
from runs.engine.kind import LONGEST_PATH
from runs.models import CachedAnswer, Run
from runs.verify import problems
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World

pytestmark = pytest.mark.django_db
WORST = "/m9999/t199/ask"  # what calls, tools and questions add to a path


def named(length: int, node: str) -> str:
    """A path of an instance of `node`."""
    rest = length - len(node) - 1
    return f"{('clerk/m1/t1/' * 100)[: rest - 1]}x/{node}"


def opening(world: World) -> Script:
    return scenes.opening(Script(world.workspace, world.owner.user)).node("clerk")


def test_everything_that_is_kept_of_a_node_with_the_longest_name(world: World) -> None:
    script = opening(world)
    path = named(LONGEST_PATH, "refund")
    assert len(path) == LONGEST_PATH
    script.add(ev.NodeStarted(path=path, parent="clerk"))
    script.turns[path] = 9_998
    call = script.ask(path, script.prompt("refund"))
    script.answer(path, call, "", tools=[("issue_refund", {"order": "A", "amount": 500})])
    tool = f"{call}/t0"
    arguments = {"order": "A", "amount": 500}
    script.vet(path, tool, "issue_refund", arguments, ask="args.amount > 100")
    script.request_approval(path, f"{tool}/ask", "tool", "Pay it back?", {"arguments": arguments}, call=tool)
    key = f"{path}{WORST}/retry12"
    script.add(ev.TimerSet(path=path, key=key, after_s=9, purpose="retry"))
    run = script.commit()
    assert run.ledger.filter(path=path).exists()
    assert run.approvals.get().call == tool
    assert run.timers.filter(open=True).exists()
    assert run.spans.filter(path=path).count() == 3
    assert problems(run) == []


def test_a_name_that_is_too_long_is_an_event_and_the_run_fails_by_it(world: World) -> None:
    script = opening(world)
    path = named(LONGEST_PATH + 62, "refund")
    script.add(ev.NodeStarted(path=path, parent="clerk"))
    run = script.add(ev.NodeFailed(path=path, code="too_deep", message=TOO_DEEP)).commit()
    assert run.spans.get(path=path).note == TOO_DEEP
    assert problems(run) == []


def test_an_answer_to_a_call_with_the_longest_name_can_be_kept_for_later(world: World) -> None:
    run = Run.objects.get(pk=opening(world).commit().pk)
    call = named(LONGEST_PATH, "refund") + WORST
    row = {
        "workspace": world.workspace,
        "digest": "0" * 64,
        "result": "1" * 64,
        "run": run,
        "at": timezone.now(),
    }
    CachedAnswer.objects.create(call=call, **row)
    assert CachedAnswer.objects.get(run=run).call == call
