"""The addresses of webhooks that waiting nodes have: whoever knows one may call it, nobody can guess it."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

SALT = "runs.webhook"


def token_of(run: UUID, path: str) -> str:
    """Names the run and the node, signed; the same whenever it is asked for."""
    return signing.Signer(salt=SALT).sign_object([str(run), path])


def url_of(run: UUID, path: str) -> str:
    return settings.PUBLIC_URL.rstrip("/") + reverse("webhook", args=[token_of(run, path)])


def meant_by(token: str) -> tuple[UUID, str]:
    """The run and the node's path. Raises signing.BadSignature."""
    run, path = signing.Signer(salt=SALT).unsign_object(token)
    return UUID(run), path
