"""The product's settings, on servers started for the tests."""

from __future__ import annotations

from tests.embedded import provide

provide()

from studio.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # signing in must not cost 100 ms a test
