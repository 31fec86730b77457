"""Turns DATABASE_URL and REDIS_URL, or the embedded servers' places, into what the libraries want."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from studio.embedded.places import Places


def database_settings(url: str, home: Path) -> dict[str, Any]:
    """Settings for `DATABASES["default"]`.

    An empty `url` means the embedded server on its Unix socket under `home`. `host` may stand in the
    query, as libpq allows, for sockets: `postgresql://postgres@/troupe?host=/path`.
    """
    common = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
    if not url:
        return common | {
            "NAME": "troupe",
            "USER": "postgres",
            "HOST": str(Places(home).postgres_sockets),
            "OPTIONS": {},
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must begin with postgresql://; no other database is supported."
        )
    options = dict(parse_qsl(parts.query))
    return common | {
        "NAME": unquote(parts.path.lstrip("/")) or "troupe",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def redis_url(url: str, home: Path) -> str:
    """The user's Redis, or the embedded one."""
    return url or f"unix://{Places(home).valkey_socket}"


def broker_settings(redis: str) -> tuple[str, dict[str, Any] | None]:
    """Celery's `broker_url` and `broker_use_ssl` for a Redis address; it names sockets its own way."""
    parts = urlsplit(redis)
    if parts.scheme == "unix":
        number = dict(parse_qsl(parts.query)).get("db")
        return f"redis+socket://{parts.path}" + (f"?virtual_host={number}" if number else ""), None
    return redis, {"ssl_cert_reqs": ssl.CERT_REQUIRED} if parts.scheme == "rediss" else None
