"""Secrets come back as they were stored, survive a rotation of keys, and never come back wrong."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from studio import secrets


def test_a_secret_comes_back_and_is_not_readable_meanwhile(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = secrets.new_key()
    stored = secrets.encrypt("sk-grüße-1234")
    assert "sk-" not in stored
    assert secrets.decrypt(stored) == "sk-grüße-1234"
    assert secrets.encrypt("sk-grüße-1234") != stored, "equal secrets must not look equal"


def test_keys_rotate(settings: Settings) -> None:
    old, new = secrets.new_key(), secrets.new_key()
    settings.ENCRYPTION_KEYS = old
    stored = secrets.encrypt("key")
    settings.ENCRYPTION_KEYS = f" {new} , {old} "
    assert secrets.decrypt(stored) == "key"
    fresh = secrets.rotated(stored)
    settings.ENCRYPTION_KEYS = new
    assert secrets.decrypt(fresh) == "key"
    for use in (secrets.decrypt, secrets.rotated):
        with pytest.raises(secrets.SecretUnreadable, match="enter the secret again"):
            use(stored)


def test_a_tampered_secret_is_unreadable(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = secrets.new_key()
    stored = secrets.encrypt("key")
    for broken in (
        "",
        "x",
        stored[:-4],
        stored[:20] + ("A" if stored[20] != "A" else "B") + stored[21:],
        "größe",
    ):
        with pytest.raises(secrets.SecretUnreadable):
            secrets.decrypt(broken)


@pytest.mark.parametrize(
    ("keys", "says"), [("", "is not set"), (" , ", "is not set"), ("short", "not a Fernet key")]
)
def test_missing_or_broken_keys_are_told(settings: Settings, keys: str, says: str) -> None:
    settings.ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match=says):
        secrets.encrypt("key")


def test_only_the_end_of_a_long_secret_is_shown() -> None:
    assert secrets.hint("sk-0123456789abcd") == "…abcd"
    assert secrets.hint("short-key") == ""
