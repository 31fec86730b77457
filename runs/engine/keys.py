"""Names that follow from where something stands in a run, so that a retry finds the same ones. Pure."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid5


def idempotency_key(run: UUID, call: str, attempt: int | None = None) -> str:
    """For tools: the same for every attempt of a call. For model calls: one for each attempt."""
    text = f"{run}\n{call}" if attempt is None else f"{run}\n{call}\n{attempt}"
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def child_id(run: UUID, path: str) -> UUID:
    """The id of the run that a sub-team's node at `path` starts."""
    return uuid5(run, path)
