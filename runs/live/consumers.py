"""The WebSockets: a run's log and text as they grow, and a workspace's badge and list changes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import PermissionDenied
from django.http import Http404
from psycopg import Error
from psycopg_pool import PoolTimeout

from runs.access import watch_run
from runs.live.guests import NO_MEMBER, NOT_FOUND, SIGNED_OUT, Guest
from runs.live.hub import hub
from runs.live.revoke import member_group, session_group
from runs.live.run_feed import RunViewer
from runs.live.viewer import Viewer
from runs.live.workspace_feed import WorkspaceViewer
from studio.workspaces.access import Member, enter

LONGEST_MESSAGE = 1_000  # characters; clients only ever say what they have
BAD_MESSAGE = 4400
TRY_AGAIN = 1013

log = logging.getLogger(__name__)


class Socket(AsyncWebsocketConsumer):
    """Lets members in and throws them out again. Refusals are sent as close codes after the handshake:
    before it, a browser cannot tell one from a server that is away."""

    guest: Guest | None = None
    viewer: Viewer | None = None
    server: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()  # type: ignore[no-untyped-call]
        if not self.scope["user"].is_authenticated:
            await self.shut(SIGNED_OUT)
            return
        try:
            member = await database_sync_to_async(self.admit)()
        except Http404:
            await self.shut(NOT_FOUND)
        except PermissionDenied:
            await self.shut(NO_MEMBER)
        else:
            await self._welcome(member)

    def admit(self) -> Member:
        """The membership that lets this user in; called in a thread. Raises Http404, PermissionDenied."""
        raise NotImplementedError

    async def watch(self, member: Member) -> Viewer:
        raise NotImplementedError

    async def leave(self) -> None:
        raise NotImplementedError

    async def _welcome(self, member: Member) -> None:
        session = str(self.scope["session"].session_key or "")
        user, workspace = member.user.pk, member.workspace.pk
        self.groups = [member_group(workspace, user), session_group(session)]
        for group in self.groups:
            await self.channel_layer.group_add(group, self.channel_name)
        self.viewer = await self.watch(member)
        self.guest = Guest(user, workspace, session, self.shut)
        hub().guests.add(self.guest)
        self.server = asyncio.create_task(self._serve(self.viewer))

    async def _serve(self, viewer: Viewer) -> None:
        """A client that went away while it was sent to is cleaned up by `disconnect`."""
        try:
            await viewer.serve()
        except (Error, PoolTimeout) as error:
            log.warning("A socket is closed, so that its client tries again: %s", error)
            await self.shut(TRY_AGAIN)
        except (OSError, RuntimeError):
            pass

    async def disconnect(self, code: int) -> None:
        if self.guest is not None:
            hub().guests.remove(self.guest)
        if self.server is not None:
            self.server.cancel()
            await asyncio.gather(self.server, return_exceptions=True)
        if self.viewer is not None:
            await self.leave()

    async def shut(self, code: int) -> None:
        with contextlib.suppress(RuntimeError, OSError):  # it may be closed already
            await self.close(code)  # type: ignore[no-untyped-call]

    async def revoked(self, event: dict[str, Any]) -> None:
        """From revoke.py: the membership or the session has ended."""
        await self.shut(event["code"])


class RunSocket(Socket):
    """`/ws/runs/<uuid>/`: the client says `{"type": "subscribe", "after": seq}`, also to resynchronise."""

    viewer: RunViewer | None = None
    run: UUID

    def admit(self) -> Member:
        member, run = watch_run(self.scope["user"], self.scope["url_route"]["kwargs"]["run_id"])
        self.run = run.pk
        return member

    async def watch(self, member: Member) -> RunViewer:
        return await hub().watch_run(self.run, self.send)

    async def leave(self) -> None:
        if self.viewer is not None:
            await hub().leave_run(self.viewer)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        after = _subscription(text_data)
        if after is None:
            await self.shut(BAD_MESSAGE)
        elif self.viewer is not None:
            self.viewer.subscribe(after)


def _subscription(text: str | None) -> int | None:
    """The seq a client has, from its message; None when it makes no sense."""
    if text is None or len(text) > LONGEST_MESSAGE:
        return None
    try:
        message = json.loads(text)
    except ValueError:
        return None
    if not isinstance(message, dict) or message.get("type") != "subscribe":
        return None
    after = message.get("after", 0)
    return after if type(after) is int and 0 <= after < 2**31 else None


class WorkspaceSocket(Socket):
    """`/ws/w/<slug>/`: badge and list changes; the client says nothing."""

    viewer: WorkspaceViewer | None = None
    workspace: UUID

    def admit(self) -> Member:
        return enter(self.scope["user"], self.scope["url_route"]["kwargs"]["slug"])

    async def watch(self, member: Member) -> WorkspaceViewer:
        self.workspace = member.workspace.pk
        return await hub().watch_workspace(self.workspace, self.send, member.user.pk, int(member.role))

    async def leave(self) -> None:
        if self.viewer is not None:
            await hub().leave_workspace(self.workspace, self.viewer)
