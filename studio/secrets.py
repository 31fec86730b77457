"""Encrypts what must not be read from the database: API keys and the like. Fernet, with keys that rotate.

`ENCRYPTION_KEYS` lists Fernet keys, newest first. The first encrypts, all of them decrypt; to rotate, put a
new key in front, call `rotated` on what is stored, and drop the old one.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class SecretUnreadable(Exception):
    """What is stored was encrypted with a key that is not among ENCRYPTION_KEYS, or was tampered with."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret cannot be decrypted with the present ENCRYPTION_KEYS. "
            "Add the key it was stored with, or enter the secret again."
        )


def new_key() -> str:
    """A key for ENCRYPTION_KEYS."""
    return Fernet.generate_key().decode()


def encrypt(secret: str) -> str:
    return _fernet(settings.ENCRYPTION_KEYS).encrypt(secret.encode()).decode()


def decrypt(stored: str) -> str:
    """What was encrypted. Raises SecretUnreadable."""
    try:
        return _fernet(settings.ENCRYPTION_KEYS).decrypt(stored.encode()).decode()
    except (InvalidToken, UnicodeError):
        raise SecretUnreadable from None


def rotated(stored: str) -> str:
    """The same secret, encrypted anew with the newest key. Raises SecretUnreadable."""
    try:
        return _fernet(settings.ENCRYPTION_KEYS).rotate(stored.encode()).decode()
    except (InvalidToken, UnicodeError):
        raise SecretUnreadable from None


def hint(secret: str) -> str:
    """What may be shown of a secret, so that a person can tell two apart: its end, if it is long enough."""
    return f"…{secret[-4:]}" if len(secret) >= 12 else ""


@lru_cache(maxsize=4)
def _fernet(keys: str) -> MultiFernet:
    listed = [key.strip() for key in keys.split(",") if key.strip()]
    if not listed:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is not set, so secrets can be neither stored nor read.")
    try:
        return MultiFernet([Fernet(key) for key in listed])
    except ValueError:
        raise ImproperlyConfigured(
            "ENCRYPTION_KEYS holds something that is not a Fernet key (32 bytes in URL-safe base64)."
        ) from None
