"""Sockets are for members, as long as they are members and signed in."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import redis
from channels.db import database_sync_to_async as in_thread
from django.test import Client

from runs.live import hub as hubs
from runs.live import revoke
from studio.workspaces.actions import remove_member
from studio.workspaces.models import Membership
from tests.runs import scenes
from tests.runs.sockets import (
    Browser,
    begin,
    browser,
    session_of,
)
from tests.world import World, build

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def who(transactional_db: None, redis_client: redis.Redis, settings: Any) -> World:
    settings.NEW_WORKSPACE_HOOKS = []  # no models, tools or teams are needed here
    return build()


# ── who may listen ──────────────────────────────────────────────────────────────────────────────────
async def test_strangers_and_the_signed_out_hear_nothing(who: World) -> None:
    run = await in_thread(begin)(who, scenes.opening)
    for path in (f"/ws/runs/{run.pk}/", "/ws/w/acme/"):
        async with browser(path, None) as page:
            assert await page.hear() == {"type": "closed", "code": 4401}
        async with browser(path, who.stranger.user) as page:
            assert await page.hear() == {"type": "closed", "code": 4404}
    async with browser(f"/ws/runs/{uuid4()}/", who.stranger.user) as page:
        assert await page.hear() == {"type": "closed", "code": 4404}, "not there looks like not yours"


async def test_another_sites_page_cannot_open_a_socket(who: World) -> None:
    run = await in_thread(begin)(who, scenes.opening)
    session = await in_thread(session_of)(who.owner.user)
    assert not await Browser(f"/ws/runs/{run.pk}/", session, origin="https://evil.example").open()


async def test_removing_a_member_closes_their_sockets_and_nobody_elses(who: World) -> None:
    run = await in_thread(begin)(who, scenes.opening)

    def remove() -> None:
        membership = Membership.objects.get(workspace=who.workspace, user=who.viewer.user)
        remove_member(actor=who.owner, membership=membership)

    async with (
        browser(f"/ws/runs/{run.pk}/", who.viewer.user) as theirs,
        browser("/ws/w/acme/", who.viewer.user) as lists,
        browser(f"/ws/runs/{run.pk}/", who.operator.user) as other,
    ):
        await lists.hear()
        await in_thread(remove)()
        assert await theirs.hear() == {"type": "closed", "code": 4403}
        assert await lists.hear() == {"type": "closed", "code": 4403}
        await other.say(type="subscribe", after=0)
        assert (await other.hear())["type"] == "events"


async def test_signing_out_closes_the_sockets_of_that_session_only(who: World) -> None:
    def sign_in() -> tuple[Client, str]:
        client = Client()
        client.force_login(who.viewer.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client, client.cookies["sessionid"].value

    client, session = await in_thread(sign_in)()
    mine, other = Browser("/ws/w/acme/", session), Browser("/ws/w/acme/", (await in_thread(sign_in)())[1])
    for page in (mine, other):
        assert await page.open()
        await page.hear()
    await in_thread(client.post)("/accounts/logout/")
    assert await mine.hear() == {"type": "closed", "code": 4401}
    assert await other.hears_nothing()
    for page in (mine, other):
        await page.close()


async def test_a_lost_revocation_is_made_good_by_looking_again(who: World) -> None:
    async with (
        browser("/ws/w/acme/", who.viewer.user) as page,
        browser("/ws/w/acme/", who.owner.user) as other,
    ):
        await page.hear()
        await other.hear()
        await in_thread(Membership.objects.filter(user=who.viewer.user).delete)()
        hub = hubs.hub()
        assert hub._reads is not None
        await hub.guests.check(hub._reads)
        assert await page.hear() == {"type": "closed", "code": 4403}
        assert await other.hears_nothing()


def test_the_hook_survives_an_unreachable_redis(
    who: World, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    class Down:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            raise redis.ConnectionError("refused")

    monkeypatch.setattr(revoke, "get_channel_layer", Down)
    revoke.close_sockets(who.workspace.pk, who.viewer.user.pk)
    assert "could not be told to close" in caplog.text
