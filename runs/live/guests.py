"""Who is behind the open sockets. Memberships and sessions end while sockets stay open, so they are looked at
again now and then: the message that closes them at once (revoke.py) may be lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from runs.live.reads import Reads

SIGNED_OUT, NO_MEMBER, NOT_FOUND = 4401, 4403, 4404  # close codes, as static/js/live.js knows them


@dataclass(eq=False)
class Guest:
    user: UUID
    workspace: UUID
    session: str
    close: Callable[[int], Awaitable[None]]


class Guests:
    def __init__(self) -> None:
        self._here: set[Guest] = set()

    def add(self, guest: Guest) -> None:
        self._here.add(guest)

    def remove(self, guest: Guest) -> None:
        self._here.discard(guest)

    async def check(self, reads: Reads) -> None:
        """Close the sockets of those who are no longer members or signed in."""
        here = list(self._here)
        if not here:
            return
        roles = await reads.roles((guest.user, guest.workspace) for guest in here)
        sessions = await reads.sessions({guest.session for guest in here})
        for guest in here:
            if guest.session not in sessions:
                await guest.close(SIGNED_OUT)
            elif (guest.user, guest.workspace) not in roles:
                await guest.close(NO_MEMBER)
