"""Sockets as pages have them, and runs that move while somebody listens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async as in_thread
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from runs.live import bell
from runs.models import Run
from studio.asgi import application
from studio.workspaces.models import User
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World

PATIENCE_S = 5.0


def session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


class Browser:
    """A socket as a page has it."""

    def __init__(self, path: str, session: str = "", origin: str = "http://127.0.0.1:8000") -> None:
        headers = [(b"host", b"127.0.0.1:8000"), (b"origin", origin.encode())]
        if session:
            headers.append((b"cookie", f"sessionid={session}".encode()))
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers}
        self.socket = ApplicationCommunicator(application, scope)

    async def open(self) -> bool:
        await self.socket.send_input({"type": "websocket.connect"})
        answer = await self.socket.receive_output(PATIENCE_S)
        return bool(answer["type"] == "websocket.accept")

    async def close(self) -> None:
        await self.socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.socket.wait(PATIENCE_S)

    async def say(self, text: str = "", **message: Any) -> None:
        await self.socket.send_input({"type": "websocket.receive", "text": text or json.dumps(message)})

    async def hears_nothing(self) -> bool:
        return bool(await self.socket.receive_nothing(0.3))

    async def hear(self) -> dict[str, Any]:
        output = await self.socket.receive_output(PATIENCE_S)
        if output["type"] == "websocket.close":
            return {"type": "closed", "code": output["code"]}
        frame: dict[str, Any] = json.loads(output["text"])
        return frame

    async def hear_until(self, done: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        frames: list[dict[str, Any]] = []
        while not done(frames):
            frames.append(await self.hear())
        return frames


@asynccontextmanager
async def browser(path: str, user: User | None) -> AsyncIterator[Browser]:
    session = await in_thread(session_of)(user) if user else ""
    opened = Browser(path, session)
    assert await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


def seqs(frames: list[dict[str, Any]]) -> list[int]:
    return [event["seq"] for frame in frames if frame["type"] == "events" for event in frame["events"]]


def has_seq(last: int) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda frames: bool(seqs(frames)) and seqs(frames)[-1] >= last


def script_of(who: World) -> Script:
    return Script(who.workspace, who.owner.user)


def ring(run: Run, *, approvals: bool = False) -> None:
    bell.ring_on_commit(run.pk, run.workspace_id, run.seq, run.status, approvals=approvals)


def play(scene: Callable[[Script], Script], script: Script) -> Run:
    """The run after one more scene."""
    return scene(script).commit()


def play_and_ring(scene: Callable[[Script], Script], script: Script) -> Run:
    run = play(scene, script)
    ring(run)
    return run


def begin(who: World, scene: Callable[[Script], Script] = scenes.opening) -> Run:
    return play(scene, script_of(who))
