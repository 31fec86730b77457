"""Looks at one-time links and invitations without using them up, and says why one is of no use."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from studio.workspaces.models import Invitation, SignInLink, User, digest

NEW_LINK = "Starting Troupe with manage.py up prints a new one, and an admin can make you one under Settings."
ASK_AGAIN = "Ask an admin of the workspace for a new one."


@dataclass(frozen=True)
class Useless:
    """Why a link opens nothing, in a sentence with the way out; `status` is the answer's HTTP status."""

    sentence: str
    status: int


def useless_sign_in(token: str) -> Useless | None:
    """None while the link would sign somebody in."""
    link = SignInLink.objects.select_related("user").filter(digest=digest(token)).first()
    if link is None:
        return Useless(f"It is not complete, or it was never made here. {NEW_LINK}", 404)
    if link.used_at is not None:
        return Useless(f"It was used already: each link signs in once. {NEW_LINK}", 410)
    if link.expires_at <= timezone.now():
        return Useless(f"It is older than a day. {NEW_LINK}", 410)
    if not link.user.is_active:
        return Useless("The account it is for was switched off.", 410)
    return None


def invitation_of(token: str) -> tuple[Invitation | None, Useless | None]:
    """The open invitation behind `token`, or why there is none."""
    found = Invitation.objects.select_related("workspace").filter(digest=digest(token)).first()
    if found is None:
        sentence = f"It is not complete, was withdrawn, or was replaced by a newer one. {ASK_AGAIN}"
        return None, Useless(sentence, 404)
    if found.accepted_at is not None:
        return None, Useless("It was accepted already. Sign in with your password.", 410)
    if found.expires_at <= timezone.now():
        return None, Useless(f"It has expired: invitations last seven days. {ASK_AGAIN}", 410)
    return found, None


def account_of(invitation: Invitation) -> User | None:
    """Who has the invited address already."""
    return User.objects.filter(email=invitation.email).first()
