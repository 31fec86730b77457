"""Closes sockets at once when a membership or a session ends, in all processes, over the channel layer."""

from __future__ import annotations

import hashlib
import logging
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.http import HttpRequest
from redis.exceptions import RedisError

from runs.live.guests import NO_MEMBER, SIGNED_OUT

log = logging.getLogger(__name__)


def member_group(workspace_id: UUID, user_id: UUID) -> str:
    return f"member.{workspace_id.hex}.{user_id.hex}"


def session_group(session_key: str) -> str:
    """The key itself opens the session, so it is not put into Redis."""
    return f"session.{hashlib.sha256(session_key.encode()).hexdigest()}"


def close_sockets(workspace_id: UUID, user_id: UUID) -> None:
    """The hook for an ended membership (settings.MEMBERSHIP_ENDED_HOOKS)."""
    _send(member_group(workspace_id, user_id), NO_MEMBER)


def signed_out(sender: object, request: HttpRequest | None, **_: Any) -> None:
    """Django's signal, sent while the request still has its session."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    if key:
        _send(session_group(key), SIGNED_OUT)


def _send(group: str, code: int) -> None:
    """A lost message is made good by the hub's own look at its guests."""
    try:
        async_to_sync(get_channel_layer().group_send)(group, {"type": "revoked", "code": code})
    except (RedisError, OSError) as error:
        log.warning("Open sockets could not be told to close: %s", error)
