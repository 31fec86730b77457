"""Signing in: there is no open sign-up; the first owner comes by a one-time link, others by invitation."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from studio.workspaces.models import User


class NoSignup(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return "/"


def sign_in(request: HttpRequest, user: User) -> None:
    """Sign in somebody who came by a link that is worth a password; the session gets a new key."""
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
