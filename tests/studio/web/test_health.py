"""Whether Troupe lives and is ready: public, short, without secrets."""

from __future__ import annotations

import pytest
import redis
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def test_a_living_process_says_so() -> None:
    answer = Client().get("/healthz/")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_readiness_asks_the_database_and_redis(redis_client: redis.Redis, settings: Settings) -> None:
    answer = Client().get("/readyz/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "redis": "ok"}}


def test_without_redis_it_is_not_ready_and_names_it(settings: Settings) -> None:
    settings.REDIS = "redis://:a-secret@127.0.0.1:1/0"
    answer = Client().get("/readyz/")
    assert answer.status_code == 503
    assert answer.json()["checks"]["redis"] == "does not answer"
    assert "a-secret" not in answer.content.decode()


def test_without_a_database_it_is_not_ready(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise OperationalError("could not connect to server at 10.0.0.7")

    monkeypatch.setattr(connection, "cursor", down)
    answer = Client().get("/readyz/")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "does not answer"
    assert "10.0.0.7" not in answer.content.decode()
