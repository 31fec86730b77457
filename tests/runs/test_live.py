"""The live feed: every client gets the exact log in order, however it joins."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
import redis
from channels.db import database_sync_to_async as in_thread

from runs.engine import events as ev
from runs.live import bell
from runs.live import hub as hubs
from runs.live.run_feed import RESYNC
from runs.live.viewer import QUEUE
from runs.queries import approvals_waiting
from studio.workspaces.roles import Role
from tests.runs import scenes
from tests.runs.sockets import (
    PATIENCE_S,
    begin,
    browser,
    has_seq,
    play,
    play_and_ring,
    ring,
    script_of,
    seqs,
)
from tests.world import World, build

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def who(transactional_db: None, redis_client: redis.Redis, settings: Any) -> World:
    settings.NEW_WORKSPACE_HOOKS = []  # no models, tools or teams are needed here
    return build()


# ── a run ───────────────────────────────────────────────────────────────────────────────────────────
async def test_a_client_gets_everything_behind_its_cursor_then_the_tail(who: World) -> None:
    script = await in_thread(script_of)(who)
    run = await in_thread(play)(scenes.opening, script)
    async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
        await page.say(type="subscribe", after=3)
        first = await page.hear_until(has_seq(run.seq))
        assert seqs(first) == list(range(4, run.seq + 1))
        assert first[-1]["head"] == run.seq
        more = await in_thread(play_and_ring)(scenes.policy, script)
        tail = await page.hear_until(has_seq(more.seq))
        assert seqs(tail) == list(range(run.seq + 1, more.seq + 1))


async def test_events_arrive_with_their_seq_and_the_stored_fields(who: World) -> None:
    script = await in_thread(script_of)(who)
    run = await in_thread(play)(scenes.opening, script)
    stored = await in_thread(list)(run.events.order_by("seq").values_list("seq", "body"))
    async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
        await page.say(type="subscribe", after=0)
        frames = await page.hear_until(has_seq(run.seq))
        heard = [event for frame in frames for event in frame["events"]]
        assert heard == [{"seq": seq, **json.loads(body)} for seq, body in stored]


async def test_a_run_moves_on_without_a_bell(who: World, settings: Any) -> None:
    settings.POLL_SECONDS = 0.05
    script = await in_thread(script_of)(who)
    run = await in_thread(play)(scenes.opening, script)
    async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
        await page.say(type="subscribe", after=run.seq)
        await page.hear()
        more = await in_thread(play)(scenes.policy, script)
        tail = await page.hear_until(has_seq(more.seq))
        assert seqs(tail) == list(range(run.seq + 1, more.seq + 1))


async def test_a_client_that_is_cut_off_again_and_again_rebuilds_the_exact_log(who: World) -> None:
    script = await in_thread(script_of)(who)
    run = await in_thread(play)(scenes.opening, script)
    heard: list[int] = []
    for scene in (scenes.policy, scenes.refund_asks):
        async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
            await page.say(type="subscribe", after=heard[-1] if heard else 0)
            heard += seqs([await page.hear()])
            await in_thread(play_and_ring)(scene, script)
    await in_thread(run.refresh_from_db)()
    async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
        await page.say(type="subscribe", after=heard[-1])
        heard += seqs(await page.hear_until(has_seq(run.seq)))
    assert heard == list(range(1, run.seq + 1))


async def test_the_end_of_a_run_is_said_to_those_who_watch_and_to_those_who_come_later(who: World) -> None:
    script = await in_thread(script_of)(who)
    run = await in_thread(play)(scenes.at_the_gate, script)
    async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
        await page.say(type="subscribe", after=run.seq)
        await page.hear()
        await in_thread(play_and_ring)(lambda open_: open_.add(ev.RunCancelled()), script)
        frames = await page.hear_until(lambda heard: bool(heard) and heard[-1]["type"] == "ended")
        assert [frame["type"] for frame in frames] == ["events", "ended"]
    async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
        await page.say(type="subscribe", after=0)
        frames = await page.hear_until(lambda heard: bool(heard) and heard[-1]["type"] == "ended")
        assert seqs(frames) == list(range(1, run.seq + 2))


async def test_text_streams_and_late_joiners_get_what_was_said_so_far(who: World) -> None:
    script = await in_thread(script_of)(who)
    run = await in_thread(play)(scenes.running, script)
    ringer = bell.Ringer()
    ringer.text(run.pk, "history/m2", 1, "One earlier ticket, ")
    ringer.text(run.pk, "policy/m1", 2, "said long ago")
    await ringer._send()
    async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
        await page.say(type="subscribe", after=run.seq)
        frames = await page.hear_until(lambda heard: any(frame["type"] == "text" for frame in heard))
        expected = {"type": "text", "call": "history/m2", "attempt": 1, "offset": 0}
        assert frames[-1] == {**expected, "text": "One earlier ticket, "}
        ringer.text(run.pk, "history/m2", 1, "in March 🙂")
        await ringer._send()
        assert await page.hear() == {**expected, "offset": 20, "text": "in March 🙂"}
    await ringer.close()


async def test_one_reader_serves_all_viewers_with_the_same_bytes(who: World) -> None:
    script = await in_thread(script_of)(who)
    run = await in_thread(play)(scenes.opening, script)
    hub = hubs.hub()
    async with (
        browser(f"/ws/runs/{run.pk}/", who.viewer.user) as one,
        browser(f"/ws/runs/{run.pk}/", who.owner.user) as two,
    ):
        for page in (one, two):
            await page.say(type="subscribe", after=run.seq)
            await page.hear()
        feed = hub._runs[run.pk]
        assert len(hub._runs) == 1
        assert len(feed.viewers) == 2
        more = await in_thread(play_and_ring)(scenes.policy, script)
        heard = [await page.hear_until(has_seq(more.seq)) for page in (one, two)]
        assert heard[0] == heard[1]
    assert hub._runs == {}
    assert hub._reads is None, "the last viewer closes the connections"


async def test_a_slow_client_is_told_to_resynchronise_and_loses_nothing(who: World) -> None:
    script = await in_thread(script_of)(who)
    run = await in_thread(play)(scenes.opening, script)
    sent: list[str] = []
    gate = asyncio.Event()

    async def send(frame: str) -> None:
        await gate.wait()
        sent.append(frame)

    viewer = await hubs.hub().watch_run(run.pk, send)
    serving = asyncio.create_task(viewer.serve())
    viewer.following = True
    for number in range(QUEUE + 2):
        viewer.push(f'{{"n":{number}}}')
    gate.set()
    await asyncio.wait_for(_until(lambda: RESYNC in sent), PATIENCE_S)
    assert sent == [RESYNC]
    viewer.subscribe(0)
    await asyncio.wait_for(_until(lambda: len(sent) > 1), PATIENCE_S)
    assert seqs([json.loads(sent[1])]) == list(range(1, run.seq + 1))
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await hubs.hub().leave_run(viewer)


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - what it waits for belongs to the code under test
        await asyncio.sleep(0.005)


async def test_a_cursor_from_the_future_is_brought_back_to_the_head(who: World) -> None:
    script = await in_thread(script_of)(who)
    run = await in_thread(play)(scenes.opening, script)
    async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
        await page.say(type="subscribe", after=10_000)
        assert await page.hear() == {"type": "events", "events": [], "head": run.seq}


@pytest.mark.parametrize(
    "message",
    ["hello", "[]", '{"type":"subscribe","after":-1}', '{"type":"subscribe","after":true}', "x" * 2_000],
)
async def test_a_client_that_talks_nonsense_is_hung_up_on(who: World, message: str) -> None:
    run = await in_thread(begin)(who, scenes.opening)
    async with browser(f"/ws/runs/{run.pk}/", who.viewer.user) as page:
        await page.say(message)
        assert await page.hear() == {"type": "closed", "code": 4400}


# ── a workspace ─────────────────────────────────────────────────────────────────────────────────────
async def test_lists_hear_of_changed_runs_and_the_badge_counts_what_one_may_decide(who: World) -> None:
    async with (
        browser("/ws/w/acme/", who.operator.user) as operator,
        browser("/ws/w/acme/", who.viewer.user) as viewer,
    ):
        assert await operator.hear() == {"type": "badge", "approvals": 0}
        assert await viewer.hear() == {"type": "badge", "approvals": 0}
        run = await in_thread(begin)(who, scenes.at_the_gate)
        await in_thread(ring)(run, approvals=True)
        told = {"type": "run", "run": str(run.pk), "status": "waiting", "seq": run.seq}
        assert [await operator.hear(), await operator.hear()] == [told, {"type": "badge", "approvals": 1}]
        assert await viewer.hear() == told
        assert await viewer.hears_nothing(), "a viewer decides nothing"


async def test_the_badge_of_the_socket_is_the_badge_of_the_page(who: World) -> None:
    def ask() -> None:
        for scene in ("gate", "running", "doubt"):
            scenes.SCENES[scene](script_of(who)).commit()
        barred = script_of(who).start(scenes.TICKET).node("gate")
        barred.request_approval(
            "gate", "ask", "gate", "Send it?", {}, least_role=int(Role.DESIGNER), launcher_may_decide=False
        ).commit()

    await in_thread(ask)()
    counts = {}
    for name, member in who.people.items():
        async with browser("/ws/w/acme/", member.user) as page:
            counts[name] = (await page.hear())["approvals"]
        assert counts[name] == await in_thread(approvals_waiting)(member), name
    assert counts == {"viewer": 0, "operator": 3, "designer": 4, "admin": 4, "owner": 3}


async def test_rings_of_other_workspaces_are_not_heard(who: World) -> None:
    async with browser("/ws/w/elsewhere/", who.stranger.user) as page:
        await page.hear()
        run = await in_thread(begin)(who, scenes.at_the_gate)
        await in_thread(ring)(run, approvals=True)
        assert await page.hears_nothing()
